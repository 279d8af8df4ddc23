// SPDX-License-Identifier: MIT
// tests/support/waiting.hpp: how a test knows that a thread sleeps, without the clock.
//
// Owns nothing. seen_asleep asks for the kernel's state of a thread: in a futex call, and not running. Every wait here
// is bounded; after the bound the answer is false, and the test fails with a sentence instead of hanging.
#pragma once

#include "common/task.hpp"
#include "support/sanitizer.hpp"

#include <atomic>
#include <chrono>
#include <iterator>
#include <system_error>
#include <thread>

namespace efd::tests {

inline constexpr auto eagain = std::errc::resource_unavailable_try_again;

// Far more than a busy machine needs: a thread that exceeds it hangs.
inline constexpr std::chrono::seconds patience{60};

using common::this_tid;
inline bool sleeps_now(pid_t tid) { return common::is_asleep(tid); }
inline bool asleep_now(pid_t tid) { return common::is_asleep_in_futex(tid); }

// If every thread has a processor the event comes at once. If not, a thread that sleeps for a moment gives its
// processor away and is soon the next; a thread that yields waits for a whole time slice of each other thread.
template <class Condition>
bool eventually(Condition holds) {
    constexpr int quick_looks = 50;
    const auto end = std::chrono::steady_clock::now() + patience;
    for (int looks = 0; !holds(); ++looks) {
        if (std::chrono::steady_clock::now() > end) return false;
        if (looks < quick_looks) continue;
        std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: the state waited for sends no event
    }
    return true;
}

// Waits until another thread has changed the word. Looks for about as long as a running thread needs, so that both
// meet; then it sleeps between looks, because on a busy machine the other one does not run. (std::atomic's wait yields
// first.)
template <class Value>
void await_change(const std::atomic<Value>& word, Value from) {
    constexpr int quick_looks = 20'000;
    for (int looks = 0; word.load() == from; ++looks)
        if (looks >= quick_looks)
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: the other thread sends no event
}

// The rounds of a random test, from 0: `most`; on a busy machine, where each may cost several time slices, as many as
// fit into half a minute, but `least` in any case; under a sanitizer a fifth of both.
//     for (const int round : as_many_as(20'000))
class as_many_as {
  public:
    explicit as_many_as(int most) : most_(most) {}
    class iterator {
      public:
        explicit iterator(const as_many_as& of) : of_(&of) {}
        int operator*() const { return round_; }
        iterator& operator++() {
            ++round_;
            return *this;
        }
        bool operator==(std::default_sentinel_t) const {
            return round_ >= of_->most_ || (round_ >= least && std::chrono::steady_clock::now() > of_->end_);
        }

      private:
        const as_many_as* of_;
        int round_ = 0;
    };
    [[nodiscard]] iterator begin() const { return iterator(*this); }
    [[nodiscard]] static std::default_sentinel_t end() { return {}; }

  private:
    static constexpr int least = under_sanitizer ? 20 : 100;
    static constexpr std::chrono::seconds time_for_most{under_sanitizer ? 6 : 30};
    int most_;
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + time_for_most;
};

// A thread that runs one function and can be seen asleep in it, and seen done.
class observed_thread {
  public:
    template <class F>
    explicit observed_thread(F body)
        : thread_([this, body]() mutable {
              tid_.store(this_tid());
              body();
              done_.store(true);
          }) {}

    [[nodiscard]] bool seen_asleep() {
        return eventually([this] { return tid_.load() != 0 && asleep_now(tid_.load()); });
    }
    // For one of several threads that may have been released meanwhile.
    [[nodiscard]] bool seen_asleep_or_done() {
        return eventually([this] { return done_.load() || (tid_.load() != 0 && asleep_now(tid_.load())); });
    }
    [[nodiscard]] bool seen_done() {
        return eventually([this] { return done_.load(); });
    }
    [[nodiscard]] bool done() const { return done_.load(); }
    [[nodiscard]] pid_t tid() const { return tid_.load(); }
    [[nodiscard]] pthread_t native() { return thread_.native_handle(); }

  private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> done_{false};
    std::jthread thread_; // last: it is joined first
};

} // namespace efd::tests
