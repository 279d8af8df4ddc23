// SPDX-License-Identifier: MIT
// verify/stress/round.hpp: one round: so many threads, fresh objects, bursts of everything, and an audit after each.
//
// After a burst the round waits until everything is quiet: each thread has parked, or sleeps on a condition that does
// not hold. That is when a lost wakeup shows: no later write can heal it. Then it lets the sleepers go, by units and
// room that it enters in a ledger of its own, and compares the books with the counts. Called by the main thread.
#pragma once

#include "stress/shared_state.hpp"
#include "stress/watch.hpp"

#include <functional>

namespace efd::stress {

struct round_result {
    std::uint64_t bursts = 0;
    std::uint64_t operations = 0;
    std::uint64_t failures = 0;
    std::uint64_t suspicions = 0; // asleep on a condition that held, at one sample
    std::chrono::nanoseconds longest{0};
};

struct round_terms {
    unsigned threads = 2;
    std::uint64_t seed = 1;
    std::chrono::nanoseconds time{0};
    std::chrono::nanoseconds limit{0};                      // of a sleep on a condition that holds
    std::function<void(const std::string&)> end_of_program; // does not return
    std::function<void(std::uint64_t)> tick;                // gets the operations of this round, after each burst
};

[[nodiscard]] round_result run_round(const round_terms& terms);

} // namespace efd::stress
