// SPDX-License-Identifier: MIT
// wait_set::wait_all: every member in one step or none; RESERVE, ALL_MEMBERS and ALL_SLEEP.
#include "support/waiting.hpp"

#include <efd/wait_set.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

TEST(wait_all, takes_from_all_or_from_none) {
    wait_set set;
    eventfd a(3);
    eventfd b(0, efd::flags::semaphore);
    std::array<set_event, 2> got{};
    EXPECT_EQ(set.try_all(got), std::errc::invalid_argument) << "no members";
    set.add(a, 1);
    set.add(b, 2);
    EXPECT_EQ(set.try_all(std::span(got).first(1)), std::errc::invalid_argument) << "no room";
    EXPECT_EQ(set.try_all(got), eagain);
    EXPECT_EQ(set.wait_all_for(got, 1ms), std::errc::timed_out);
    EXPECT_EQ(a.count(), 3U);
    ASSERT_EQ(b.write(2), std::errc{});
    ASSERT_EQ(set.try_all(got), std::errc{});
    EXPECT_EQ(got[0].value, 3U);
    EXPECT_EQ(got[1].value, 1U);
    EXPECT_EQ(a.count(), 0U);
    EXPECT_EQ(b.count(), 1U);
    EXPECT_EQ(set.try_all(got), eagain);
    set_event one{};
    ASSERT_EQ(set.try_any(one), std::errc{});
    EXPECT_EQ(one.token, 2U);
}

TEST(wait_all, sleeps_until_the_last_is_ready) {
    wait_set set;
    std::vector<eventfd> all(5);
    for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
    std::array<set_event, 5> got{};
    observed_thread waiter([&] { EXPECT_EQ(set.wait_all(got), std::errc{}); });
    for (eventfd& one : all) {
        ASSERT_TRUE(waiter.seen_asleep());
        ASSERT_TRUE(one.signal());
    }
    ASSERT_TRUE(waiter.seen_done());
    std::stop_source stop;
    observed_thread other([&] { EXPECT_EQ(set.wait_all(got, stop.get_token()), std::errc::operation_canceled); });
    ASSERT_TRUE(other.seen_asleep());
    stop.request_stop();
    ASSERT_TRUE(other.seen_done());
}

TEST(wait_all, huge_counts_one_at_most) {
    wait_set set;
    eventfd a(std::uint64_t{1} << 60);
    eventfd b(1);
    set.add(a, 1);
    set.add(b, 2);
    std::array<set_event, 3> got{};
    ASSERT_EQ(set.try_all(got), std::errc{});
    EXPECT_EQ(got[0].value, std::uint64_t{1} << 60);
    ASSERT_TRUE(b.signal());
    EXPECT_EQ(set.try_all(got), eagain);
    EXPECT_EQ(b.count(), 1U);
    eventfd c(std::uint64_t{1} << 60);
    set.add(c, 3);
    ASSERT_TRUE(a.signal());
    EXPECT_EQ(set.try_all(got), std::errc::operation_not_supported);
    EXPECT_EQ(b.count(), 1U);
}

TEST(wait_all, one_object_twice_is_refused) {
    for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1} << 60}) {
        wait_set set;
        const eventfd a(count);
        set.add(a, 1);
        set.add(a, 2);
        std::array<set_event, 2> got{};
        EXPECT_EQ(set.try_all(got), std::errc::invalid_argument) << count;
        EXPECT_EQ(a.count(), count);
    }
}

// RESERVE: dining philosophers. Two forks each, taken together; nobody ever sees a fork missing that was not taken with
// its pair, and no fork is lost or made.
TEST(wait_all_race, philosophers) {
    constexpr std::size_t seats = 4;
    std::vector<eventfd> forks;
    for (std::size_t i = 0; i < seats; ++i) forks.emplace_back(1U);
    std::vector<wait_set> sets(seats);
    for (std::size_t i = 0; i < seats; ++i) {
        sets[i].add(forks[i], i);
        sets[i].add(forks[(i + 1) % seats], (i + 1) % seats);
    }
    std::array<std::atomic<int>, seats> in_hand{};
    std::atomic<bool> wrong{false};
    {
        std::vector<std::jthread> all;
        for (std::size_t i = 0; i < seats; ++i)
            all.emplace_back([&, i] {
                std::array<set_event, 2> got{};
                for (int meal = 0; meal < 500; ++meal) {
                    if (sets[i].wait_all_for(got, 60s) != std::errc{}) wrong = true;
                    for (const set_event& fork : got)
                        if (fork.value != 1 || in_hand[fork.token].fetch_add(1) != 0) wrong = true;
                    for (const set_event& fork : got) in_hand[fork.token].fetch_sub(1);
                    for (const set_event& fork : got) (void)forks[fork.token].write(1);
                }
            });
    }
    EXPECT_FALSE(wrong.load());
    for (const eventfd& fork : forks) EXPECT_EQ(fork.count(), 1U);
}

// RESERVE: B is written after A, so a taker of both at one moment has at least as much of A as of B; and A's reader
// never finds A empty, for A is only ever taken together with B and always has one unit more.
TEST(wait_all_race, no_moment_between) {
    wait_set set;
    eventfd a(1, efd::flags::semaphore);
    eventfd b(0, efd::flags::semaphore);
    set.add(a, 1);
    set.add(b, 2);
    constexpr int rounds = 20000;
    std::atomic<bool> done{false};
    std::atomic<int> seen_empty{0};
    std::jthread looker([&] {
        while (!done.load())
            if (a.count() == 0) ++seen_empty;
    });
    std::jthread writer([&] {
        for (int i = 0; i < rounds; ++i) {
            (void)a.write(1);
            (void)b.write(1);
        }
    });
    std::array<set_event, 2> got{};
    for (int taken = 0; taken < rounds; ++taken) ASSERT_EQ(set.wait_all_for(got, 60s), std::errc{}) << taken;
    done = true;
    EXPECT_EQ(seen_empty.load(), 0);
    EXPECT_EQ(a.count(), 1U);
    EXPECT_EQ(b.count(), 0U);
}

// RESERVE: each write to a member that is reserved aborts the take. A take from many gets through all the same.
TEST(wait_all_race, many_beside_a_writer_and_a_poller_that_never_rest) {
    constexpr std::size_t members = 300;
    wait_set set;
    std::vector<eventfd> all(members);
    for (std::size_t i = 0; i < members; ++i) set.add(all[i], i);
    std::atomic<std::uint64_t> written{0};
    std::uint64_t taken = 0;
    {
        std::jthread writer([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                (void)all[members / 2].write(1);
                ++written;
            }
        });
        std::jthread poller([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) (void)all[members / 3].count();
        });
        std::vector<set_event> got(members);
        for (int round = 0; round < 20; ++round) {
            for (eventfd& one : all)
                if (&one != &all[members / 2]) (void)one.write(1);
            ASSERT_EQ(set.wait_all_for(got, 60s), std::errc{}) << round;
            const auto others = std::count_if(got.begin(), got.end(), [](const set_event& one) {
                return one.token != members / 2 && one.value == 1;
            });
            ASSERT_EQ(others, members - 1) << round;
            taken += got[members / 2].value;
        }
    }
    EXPECT_EQ(taken + all[members / 2].count(), written.load());
}

// RESERVE: the thread that takes does not exist in the child, which decides about its reserved objects by itself.
TEST(wait_all_race, child_of_a_fork_in_the_midst) {
    constexpr std::size_t members = 40;
    wait_set set;
    std::vector<eventfd> all;
    for (std::size_t i = 0; i < members; ++i) all.emplace_back(1U);
    for (std::size_t i = 0; i < members; ++i) set.add(all[i], i);
    std::jthread taker([&](const std::stop_token& stop) {
        std::vector<set_event> got(members);
        while (!stop.stop_requested()) {
            (void)set.try_all(got);
            for (eventfd& one : all)
                if (one.count() == 0) (void)one.write(1);
        }
    });
    for (int i = 0; i < 60; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::alarm(60); // a call that hangs is killed
            for (eventfd& one : all) {
                std::uint64_t value = 0;
                if (one.write(1) != std::errc{} || one.try_read(value) != std::errc{} || one.count() != 0) ::_exit(1);
            }
            ::_exit(0);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "round " << i << ", status " << status;
    }
}

} // namespace
} // namespace efd::tests
