// SPDX-License-Identifier: MIT
// tests/support/waiting.hpp: how a test knows that a thread sleeps, without asking the clock.
//
// Owns nothing. seen_asleep looks at what the kernel says of a thread: in a futex call, and not running. Every wait
// here is bounded; when the bound passes the answer is false and the test fails with a sentence instead of hanging.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace efd::tests {

// Far more than a busy machine needs: whoever misses it hangs.
inline constexpr std::chrono::seconds patience{60};

// The calls that the library sleeps in, as /proc numbers them: under qemu-user these are calls of the x86-64 kernel
// below, to which the emulator passes on a futex call of any kind.
#ifdef EFD_UNDER_EMULATOR
inline constexpr long futex_number = 202;
#else
inline constexpr long futex_number = SYS_futex;
#endif
inline constexpr long futex_waitv_number = 449; // everywhere

inline pid_t this_tid() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// Whether the thread sleeps, in whatever call.
inline bool sleeps_now(pid_t tid) {
    std::string stat;
    std::getline(std::ifstream("/proc/self/task/" + std::to_string(tid) + "/stat"), stat);
    const auto state = stat.rfind(") ");
    return state != std::string::npos && stat[state + 2] == 'S';
}

// Whether the thread sleeps in a futex wait at this moment.
inline bool asleep_now(pid_t tid) {
    const std::string task = "/proc/self/task/" + std::to_string(tid);
    if (!sleeps_now(tid)) return false;
    std::string call;
    if (!std::getline(std::ifstream(task + "/syscall"), call)) return true; // not ours to read: the state must do
    const long number = std::strtol(call.c_str(), nullptr, 10);
    return number == futex_number || number == futex_waitv_number;
}

// What is waited for comes at once where every thread has a processor. Where it has none, whoever sleeps for a moment
// gives his own away, and is soon the next; whoever yields would wait for a whole slice of each other thread.
template <class Condition>
bool eventually(Condition holds) {
    constexpr int quick_looks = 50;
    const auto end = std::chrono::steady_clock::now() + patience;
    for (int looks = 0; !holds(); ++looks) {
        if (std::chrono::steady_clock::now() > end) return false;
        if (looks < quick_looks) continue;
        std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: nothing tells of what is waited for
    }
    return true;
}

// Until another thread has changed the word. Looks for about as long as a thread that runs needs, so that both meet;
// then it sleeps between looks, since on a busy machine the other one does not run. (std::atomic's wait yields first.)
template <class Value>
void await_change(const std::atomic<Value>& word, Value from) {
    constexpr int quick_looks = 20'000;
    for (int looks = 0; word.load() == from; ++looks)
        if (looks >= quick_looks)
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // pace: whoever is waited for says nothing
}

// The rounds of a test of chance, from 0: as many as `most`, or on a busy machine, where each may cost several slices,
// as many as half a minute has room for, and `least`. for (const int round : as_many_as(20'000))
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
    static constexpr int least = 100;
    static constexpr std::chrono::seconds time_for_most{30};
    int most_;
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + time_for_most;
};

// A thread that runs one function and can be seen asleep in it and seen done.
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
    // For one of several that may have been let go meanwhile.
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
