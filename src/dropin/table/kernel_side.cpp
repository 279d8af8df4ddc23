// SPDX-License-Identifier: MIT
// dropin/table/kernel_side.cpp: see rules/kernel_side.hpp. The system calls bypass libc.
#include "dropin/rules/kernel_side.hpp"

#include "dropin/rules/raw_call.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace efd::dropin {

long read_now(int fd, void* to, std::size_t length) noexcept {
    const iovec place{to, length};
    const long got = raw_call(SYS_preadv2, fd, &place, 1, -1L, -1L, RWF_NOWAIT);
    if (got >= 0 || got == -EAGAIN || got == -EFAULT || got == -EBADF) return got;
    pollfd asked{fd, POLLIN, 0}; // a kernel without the flag, or a filter that forbids it
    const timespec none{};
    if (raw_call(SYS_ppoll, &asked, 1, &none, nullptr, 0) != 1) return -EAGAIN;
    return raw_call(SYS_read, fd, to, length);
}

int private_dup(int fd) noexcept {
    rlimit most{};
    if (raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &most) != 0) return -1;
    // A high number, because programs may rely on getting the lowest one; a lower one if all high ones are taken.
    for (rlim_t from = most.rlim_cur < 1024 ? most.rlim_cur : 1024; from > 16; from -= from / 4) {
        const long made = raw_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from - from / 4);
        if (!is_error(made)) return static_cast<int>(made);
        if (made != -EMFILE) return -1;
    }
    return -1;
}
void close_private_dup(int dup) noexcept { (void)raw_call(SYS_close, dup); }

bool add_units(int fd, std::uint64_t n) noexcept { return raw_call(SYS_write, fd, &n, sizeof n) != -EAGAIN; }

signals_blocked::signals_blocked() noexcept {
    const std::uint64_t all = ~std::uint64_t{0};
    (void)raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof all);
}
signals_blocked::~signals_blocked() {
    (void)raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
}

} // namespace efd::dropin
