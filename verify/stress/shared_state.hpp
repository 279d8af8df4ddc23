// SPDX-License-Identifier: MIT
// verify/stress/shared_state.hpp: what the threads of a round sit around: the shared objects, the slots, and the word
// to begin.
//
// Owned by the round and alive until its threads have ended. `burst` and `over` change under the lock; `paused` is what
// workers look at between two operations. complain() may be called from any thread and counts what went wrong.
#pragma once

#include "stress/mailbox.hpp"
#include "stress/subjects.hpp"
#include "stress/thread_slot.hpp"

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <string>

namespace efd::stress {

struct shared_state {
    shared_state(unsigned threads, std::uint64_t seed) {
        for (unsigned t = 0; t < threads; ++t) slots.emplace_back(seed * 1000 + t);
    }

    // Does the condition of this wait hold, so that its thread has no reason to sleep?
    [[nodiscard]] bool holds(const notice& wait) const {
        if (wait.where == nowhere) return wait.own->count() > 0;
        return subjects[static_cast<std::size_t>(wait.where)].holds_for(wait.writer, wait.amount);
    }

    void complain(const std::string& sentence) {
        if (failures.fetch_add(1) < 20) std::fprintf(stderr, "stress: %s\n", sentence.c_str());
    }

    std::array<subject, subjects_many> subjects{subject(kind::plain),           subject(kind::semaphore),
                                                subject(kind::limit),           subject(kind::bound),
                                                subject(kind::semaphore_bound), subject(kind::saturated)};
    std::deque<thread_slot> slots;
    mailbox letters;
    std::atomic<bool> paused{true};
    std::atomic<std::uint64_t> failures{0};

    std::mutex lock;
    std::condition_variable begun;
    std::uint64_t burst = 0;
    bool over = false;
};

} // namespace efd::stress
