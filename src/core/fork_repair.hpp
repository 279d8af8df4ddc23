// SPDX-License-Identifier: MIT
// core/fork_repair.hpp: in the child of a fork the first thread that comes to a thing repairs it; others wait for that.
//
// FORK. The child has a copy of the memory at a moment in which other threads were inside calls, but none of these
// threads. A thing that can be left half changed has a word with the number of the process in which it is right:
//
//     right_in       set by                             means
//     the process's  the thread that made, or repaired  it is right in this process
//     repairing      the thread that repairs            others wait until it is done; no handler interrupts it
//     another's      the fork, as it copies             to be repaired by the first thread that comes
//
// The function that repairs gets the number of the process in which the thing was right before. A child has a higher
// number than its parent.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/word.hpp>

#include "os/futex.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"

#include <cstdint>

namespace efd::EFD_ABI::core {

template <class Repair>
[[gnu::noinline]] void repair_slow(base::atomic<std::uint32_t>& right_in, std::uint32_t word, Repair repair) noexcept {
    constexpr std::uint32_t repairing_mark = 1U << 31;
    const std::uint32_t process = os::process_number();
    const std::uint32_t repairing = process | repairing_mark;
    const os::signals_blocked no_handlers;
    while (word != process) {
        if (word == repairing) {
            (void)os::futex_wait(&right_in, repairing, forever, os::futex_scope::one_process);
            word = right_in.load(base::acquire);
        } else if (right_in.compare_exchange_weak(word, repairing, base::acq_rel, base::acquire)) { // FORK, repairing
            repair(word & ~repairing_mark);
            right_in.store(process, base::release); // FORK, repaired
            os::futex_wake_and_count(&right_in, os::everybody, os::futex_scope::one_process);
            return;
        }
    }
}

// In the process that made the thing: one comparison.
template <class Repair>
[[gnu::always_inline]] inline void repair_in_child(base::atomic<std::uint32_t>& right_in, Repair repair) noexcept {
    const std::uint32_t word = right_in.load(base::acquire);
    if (word != os::process_number()) [[unlikely]]
        repair_slow(right_in, word, repair);
}

} // namespace efd::EFD_ABI::core
