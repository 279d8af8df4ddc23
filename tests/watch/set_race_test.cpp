// SPDX-License-Identifier: MIT
// Races and mistakes of wait_set that were met once, each with the shortest way to meet it again; named after the race.
//
// What needs two threads at one instruction is the explorer's (verify/explorer); here is what a program can bring
// about.
#include "support/waiting.hpp"
#include "watch/set_parts.hpp"

#include <efd/wait_set.hpp>

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <poll.h>
#include <vector>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

// A waiter that leaves hands its signal on; if then nobody is interested any more, what is taken leaves the set's
// context as it is. A descriptor that is asked for later must not believe it.
TEST(set_race, set_top_what_was_left_behind_goes_when_somebody_watches) {
    wait_set set;
    eventfd a;
    eventfd b;
    set.add(a, 1);
    set.add(b, 2);
    observed_thread looker([&] {
        std::array<set_event, 1> room{};
        std::size_t number = 0;
        EXPECT_EQ(set.wait_ready(room, number), std::errc{});
    });
    ASSERT_TRUE(looker.seen_asleep());
    ASSERT_TRUE(a.signal());
    ASSERT_TRUE(looker.seen_done());
    set_event got{};
    ASSERT_EQ(set.try_any(got), std::errc{});
    EXPECT_FALSE(readable(set.fd()));
    ASSERT_TRUE(b.signal());
    EXPECT_TRUE(readable(set.fd()));
}

// RESERVE: a second reservation of a word would count the same units again, and its release take them from nothing.
TEST(set_race, reserving_an_object_that_joined_twice_is_refused) {
    wait_set set;
    eventfd a(1);
    set.add(a, 1);
    set.add(a, 2);
    std::array<set_event, 2> got{};
    EXPECT_EQ(set.try_all(got), std::errc::invalid_argument);
    EXPECT_EQ(a.count(), 1U);
    std::uint64_t value = 0;
    EXPECT_EQ(a.try_read(value), std::errc{});
    ASSERT_TRUE(a.signal());
    EXPECT_EQ(set.try_any(got[0]), std::errc{});
    EXPECT_EQ(a.count(), 0U);
}

// ALL_SLEEP: who waits for all sleeps for one member, and that one leaves; the others are ready.
TEST(set_race, all_sleep_goes_on_when_the_missing_member_leaves) {
    wait_set set;
    eventfd a(1);
    eventfd b;
    set.add(a, 1);
    const int missing = set.add(b, 2);
    std::array<set_event, 2> got{};
    std::stop_source stop;
    std::errc end{};
    observed_thread waiter([&] { end = set.wait_all(got, stop.get_token()); });
    ASSERT_TRUE(waiter.seen_asleep());
    ASSERT_EQ(set.remove(missing), std::errc{});
    EXPECT_TRUE(waiter.seen_done());
    stop.request_stop(); // a waiter that was forgotten goes on, and the test ends
    ASSERT_TRUE(waiter.seen_done());
    EXPECT_EQ(end, std::errc{});
    EXPECT_EQ(got[0].token, 1U);
    EXPECT_EQ(a.count(), 0U);
}

// SET_MARK: a place changes hands while a waiter comes to it; the new member's mark must not go with the old one's.
TEST(set_race, set_mark_a_new_member_keeps_its_mark) {
    wait_set set;
    std::atomic<bool> done{false};
    std::jthread visitor([&] {
        set_event got{};
        while (!done.load()) (void)set.try_any(got);
    });
    for (const int round : as_many_as(20'000)) {
        eventfd guest(1);
        const int place = set.add(guest, 1);
        const bool awaited = round % 4 == 0;
        ASSERT_TRUE(!awaited || eventually([&] { return guest.count() == 0; })) << round;
        ASSERT_EQ(set.remove(place), std::errc{});
    }
    done = true;
}

// SET_BITS: calls on another member, in another word or in the same, hide nothing.
TEST(set_race, set_bits_ones_own_finished_write_is_found) {
    wait_set set;
    std::vector<eventfd> all(40);
    for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
    std::atomic<bool> done{false};
    std::jthread other([&] {
        std::uint64_t value = 0;
        while (!done.load()) {
            (void)all[0].write(1);
            (void)all[0].try_read(value);
        }
    });
    int missed = 0;
    for (int round = 0; round < 100000; ++round) {
        eventfd& own = all[1 + static_cast<std::size_t>(round) % (all.size() - 1)];
        (void)own.write(1);
        set_event got{};
        if (set.try_any(got) != std::errc{}) ++missed;
        std::uint64_t value = 0;
        (void)own.try_read(value);
    }
    done = true;
    EXPECT_EQ(missed, 0);
}

} // namespace
} // namespace efd::tests
