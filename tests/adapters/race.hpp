// SPDX-License-Identifier: MIT
// tests/adapters/race.hpp: two things done at the same time, thousands of times, and what must be left of the units.
//
// Owns a second thread that does its part of each round; the thread that owns this does the other. The rounds are
// fewer under a sanitizer. Bounded by the number of rounds; a part that hangs is stopped by the test's time limit.
#pragma once

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <efd/eventfd.hpp>

#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <thread>
#include <utility>

namespace efd::tests {

inline constexpr int race_rounds = under_sanitizer ? 2000 : 20000;

class race {
  public:
    explicit race(std::function<void()> other) : other_(std::move(other)), thread_([this] { run(); }) {}
    ~race() {
        asked_ = -1;
        thread_.join();
    }
    race& operator=(race&&) = delete; // neither copied nor moved

    // Lets the other go; it runs beside what follows, until join. The stagger moves its start against ours.
    void go(int stagger) {
        stagger_ = stagger;
        ++asked_;
    }
    void join() { await_change(done_, asked_ - 1); }

  private:
    void run() {
        for (int next = 1;; ++next) {
            await_change(asked_, next - 1);
            if (asked_ == -1) return;
            for (int i = 0; i < stagger_; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
            other_();
            done_ = next;
        }
    }
    std::function<void()> other_;
    std::atomic<int> asked_{0};
    std::atomic<int> done_{0};
    int stagger_ = 0;
    std::thread thread_;
};

// A signal races what `ours` does in each round: `taken()` and the object have all units.
template <class Ours, class Taken>
void signals_lose_no_unit(eventfd& object, Ours ours, Taken taken) {
    race writer([&] { (void)object.signal(); });
    for (const int round : as_many_as(race_rounds / 2)) {
        writer.go(round % 64);
        ours(round);
        writer.join();
        ASSERT_EQ(taken() + object.count(), static_cast<std::uint64_t>(round) + 1);
        ASSERT_FALSE(testing::Test::HasFatalFailure());
    }
}

// Another thread signals, and turns of the loop take all of it. A lost wake: the test's time limit.
template <class Turn>
void turns_get_every_unit(eventfd& object, const std::uint64_t& taken, Turn turn) {
    const std::uint64_t units = static_cast<std::uint64_t>(race_rounds) * 10;
    const std::jthread writer([&] {
        for (std::uint64_t i = 0; i < units; ++i) {
            (void)object.signal();
            if (i % 8 == 0) std::this_thread::yield();
        }
    });
    while (taken < units && !testing::Test::HasFatalFailure()) turn();
    EXPECT_EQ(taken, units);
}

} // namespace efd::tests
