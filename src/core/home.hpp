// SPDX-License-Identifier: MIT
// core/home.hpp: the first thread that comes to a thing in the child of a fork repairs it; the others wait for that.
//
// FORK. The child has a copy of everything at a moment in which other threads were in the midst of calls, and has none
// of those threads. What can be left half changed has a word with the number of the process that it is right in:
//
//     word           set by                           means
//     the process's  the thread that made, or mended  it is right in this process
//     moving         the thread that mends            others wait until it is done; no handler interrupts it
//     another's      the fork, as it copies           to be mended by the first thread that comes
//
// The function that mends is given the process that the thing was right in before. Along a line of forks the numbers of
// processes grow.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/word.hpp>

#include "os/futex.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"

#include <cstdint>

namespace efd::EFD_ABI::core {

template <class Mend>
[[gnu::noinline]] void move_home(base::atomic<std::uint32_t>& home, std::uint32_t word, Mend mend) noexcept {
    constexpr std::uint32_t moving_mark = 1U << 31;
    const std::uint32_t process = os::process_number();
    const std::uint32_t moving = process | moving_mark;
    const os::signals_blocked no_handlers;
    while (word != process) {
        if (word == moving) {
            (void)os::futex_wait(&home, moving, forever, os::futex_scope::one_process);
            word = home.load(base::acquire);
        } else if (home.compare_exchange_weak(word, moving, base::acq_rel, base::acquire)) {
            mend(word & ~moving_mark);
            home.store(process, base::release);
            os::futex_wake_and_count(&home, os::everybody, os::futex_scope::one_process);
            return;
        }
    }
}

// In the process that made the thing: one comparison.
template <class Mend>
[[gnu::always_inline]] inline void come_home(base::atomic<std::uint32_t>& home, Mend mend) noexcept {
    const std::uint32_t word = home.load(base::acquire);
    if (word != os::process_number()) [[unlikely]]
        move_home(home, word, mend);
}

} // namespace efd::EFD_ABI::core
