// SPDX-License-Identifier: MIT
// Threads that use names while somebody keeps the lock of names. The clock that the library asks is the test's
// (--wrap), and stands still: so a call that waits for another one's patience is told from one that does not, on any
// machine.
#include <efd/arena.hpp>

#include "os/fd.hpp"
#include "os/proc_fd.hpp"
#include "os/record_lock.hpp"
#include "share/layout.hpp"
#include "share/lives/toy_arena.hpp"
#include "share/name_layout.hpp"

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

std::atomic<std::int64_t> clock_ns{1};
std::atomic<int> threads_that_wait{0};
thread_local int looks = 0; // at the clock

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): this name is the linker's
extern "C" std::int64_t __wrap__ZN3efd2os6now_nsEv();
extern "C" std::int64_t __wrap__ZN3efd2os6now_nsEv() {
    constexpr int looks_before_a_pause = 2; // its beginning, and after a try
    if (++looks == looks_before_a_pause) threads_that_wait.fetch_add(1);
    return clock_ns.load();
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using efd::arena;
using efd::os::byte_range;
using std::chrono::steady_clock;

constexpr std::int64_t patience_ns = 1'000'000'000;
constexpr int threads = 8;

// What waits for a clock that stands still does not end, so a minute is enough to tell.
template <class Condition>
[[nodiscard]] bool comes(Condition condition) {
    const auto last = steady_clock::now() + std::chrono::minutes(1);
    while (!condition() && steady_clock::now() < last) std::this_thread::yield();
    return condition();
}

// A lock by an open file of its own, as another process has it.
class kept_lock {
  public:
    kept_lock(int fd, byte_range range) : fd_(fd) {
        EXPECT_EQ(efd::os::try_lock(fd_, range), efd::os::lock_end::taken);
    }
    ~kept_lock() { ::close(fd_); }
    kept_lock& operator=(kept_lock&&) = delete; // neither copied nor moved

  private:
    int fd_;
};

class BusyNames : public testing::Test {
  protected:
    // Threads make the call, which must say timed_out. While the clock stands still, all of them wait, and the other
    // calls end; after one patience all of them end.
    static void is_waited_for_by_threads(const std::function<bool()>& times_out, const std::function<void()>& others) {
        threads_that_wait = 0;
        std::atomic<int> ended{0};
        std::atomic<int> timed_out{0};
        std::atomic<bool> others_ended{false};
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([&] {
                if (times_out()) ++timed_out;
                ++ended;
            });
        EXPECT_TRUE(comes([] { return threads_that_wait == threads; })) << "a thread waits for another's patience";
        all.emplace_back([&] {
            others();
            others_ended = true;
        });
        EXPECT_TRUE(comes([&] { return others_ended.load(); })) << "a fork waits for those that wait";
        EXPECT_EQ(ended, 0);
        clock_ns += patience_ns;
        EXPECT_TRUE(comes([&] { return ended == threads; })) << ended << " of " << threads << " end in one patience";
        while (ended < threads || !others_ended) clock_ns += patience_ns; // what has failed ends, too
        EXPECT_EQ(timed_out, threads);
    }
    static void forks() {
        const ::pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    }
    efd::tests::runtime_directory runtime_;
};

TEST_F(BusyNames, of_objects_are_waited_for_beside_each_other) {
    const arena shared({.slots = 4});
    const kept_lock kept(efd::os::open_anew(shared.fd()), {efd::share::names_lock_byte, 1});
    is_waited_for_by_threads([&] { return shared.find("camera").error == std::errc::timed_out; },
                             [&] {
                                 forks();
                                 (void)shared.make();
                             });
}

TEST_F(BusyNames, of_arenas_are_waited_for_beside_each_other) {
    ASSERT_EQ(::mkdir(runtime_.names().c_str(), 0700), 0);
    const int file = ::open(runtime_.file("ring").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const kept_lock kept(file, {efd::share::name_lock_byte, 1});
    const auto times_out = [] {
        try {
            (void)arena::open_or_create("ring");
        } catch (const std::system_error& error) {
            return error.code() == std::errc::timed_out;
        }
        return false;
    };
    is_waited_for_by_threads(times_out, [] {
        forks();
        (void)arena({.slots = 4});
        (void)arena::create("another");
    });
}

} // namespace
