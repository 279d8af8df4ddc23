// SPDX-License-Identifier: MIT
// verify/stress/watch.hpp: how long does a thread sleep on a condition that holds?
//
// A thread of its own that samples every standing wait and its object every fifth of a millisecond, if it can. A
// stretch is one sleep (the kernel says that the thread is asleep and has not been awake in between) on a condition
// that held at every sample of it; a condition that failed between two samples is not seen, so a stretch is at most
// what it says. One that is longer than the limit is a lost wakeup: reported at once, and the program ends, since its
// threads cannot.
#pragma once

#include "stress/shared_state.hpp"

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace efd::stress {

inline constexpr std::chrono::microseconds sample_every{200};

class watch {
  public:
    using end_of_program = std::function<void(const std::string&)>;
    watch(shared_state& shared, std::chrono::nanoseconds limit, end_of_program stuck);

    // How often a thread was seen asleep on a condition that held, if only in one sample.
    [[nodiscard]] std::uint64_t suspicions() const { return suspicions_; }
    [[nodiscard]] std::chrono::nanoseconds longest() const { return std::chrono::nanoseconds(longest_.load()); }

  private:
    struct stretch {
        std::uint64_t generation = 0; // of the wait; zero if there is none
        long awakenings = 0;
        std::chrono::steady_clock::time_point since;
    };
    void look_at(const thread_slot& s, stretch& so_far);

    shared_state& shared_;
    std::chrono::nanoseconds limit_;
    end_of_program stuck_;
    std::atomic<std::int64_t> longest_{0};
    std::atomic<std::uint64_t> suspicions_{0};
    std::vector<stretch> stretches_;
    std::jthread thread_; // last: it is joined first
};

// Everything that helps to understand which thread sleeps on what.
[[nodiscard]] std::string describe(shared_state& shared);

} // namespace efd::stress
