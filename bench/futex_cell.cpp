// SPDX-License-Identifier: MIT
// bench/futex_cell.cpp: see futex_cell.hpp.
#include "bench/futex_cell.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64 // riscv32 and its like have no other
#endif

namespace efd::bench {

void futex_cell::signal() {
    word_.exchange(1, base::acq_rel);
    (void)::syscall(SYS_futex, &word_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
}

std::uint64_t futex_cell::take() {
    while (word_.exchange(0, base::acq_rel) == 0)
        (void)::syscall(SYS_futex, &word_, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, nullptr, nullptr, 0);
    return 1;
}

} // namespace efd::bench
