// SPDX-License-Identifier: MIT
// wait_set: the one rule of tokens, and that every wait has every form.
#include <efd/wait_set.hpp>

#include "support/waiting.hpp"

#include <array>
#include <gtest/gtest.h>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

// An event has the token by which the set that was asked knows its member, whether something was taken or not.
TEST(wait_set, a_set_among_the_members_is_told_of_by_one_token) {
    wait_set outer;
    wait_set inner;
    eventfd a(0, efd::flags::semaphore);
    eventfd b;
    inner.add(a, 7);
    outer.add(b, 1);
    outer.add(inner, 42);
    ASSERT_EQ(a.write(3), std::errc{});
    std::array<set_event, 4> room{};
    std::size_t number = 0;
    ASSERT_EQ(outer.wait_ready(room, number), std::errc{});
    ASSERT_EQ(number, 1U);
    EXPECT_EQ(room[0].token, 42U);
    EXPECT_EQ(room[0].origin, 42U) << "nothing was taken";
    EXPECT_EQ(room[0].value, 0U);
    set_event got{};
    ASSERT_EQ(outer.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 42U);
    EXPECT_EQ(got.origin, 7U);
    ASSERT_EQ(outer.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 42U);
    EXPECT_EQ(got.origin, 7U);
    ASSERT_EQ(inner.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 7U) << "the set that is asked counts";
    EXPECT_EQ(got.origin, 7U);
    ASSERT_TRUE(b.signal());
    ASSERT_EQ(outer.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 1U);
    EXPECT_EQ(got.origin, 1U);
}

TEST(wait_set, a_take_of_all_says_how_many_events_there_are) {
    wait_set set;
    const eventfd a(3);
    const eventfd b;
    set.add(a, 1);
    const int second = set.add(b, 2);
    std::array<set_event, 4> room{};
    std::size_t number = 9;
    EXPECT_EQ(set.try_all(room, number), eagain);
    EXPECT_EQ(number, 0U);
    number = 9;
    EXPECT_EQ(set.wait_all(room, number, {.deadline = std::chrono::steady_clock::now()}), std::errc::timed_out);
    EXPECT_EQ(number, 0U);
    ASSERT_TRUE(b.signal());
    ASSERT_EQ(set.wait_all(room, number), std::errc{});
    EXPECT_EQ(number, 2U);
    ASSERT_EQ(set.remove(second), std::errc{});
    ASSERT_TRUE(a.signal());
    ASSERT_EQ(set.try_all(room, number), std::errc{});
    EXPECT_EQ(number, 1U);
    EXPECT_EQ(room[0].token, 1U);
}

TEST(wait_set, every_wait_takes_a_deadline_a_stop_and_options) {
    wait_set set;
    eventfd object;
    set.add(object, 1);
    std::stop_source stopped;
    stopped.request_stop();
    const std::stop_token stop = stopped.get_token();
    const auto past = std::chrono::steady_clock::now();
    const auto late = past + 1h;
    std::array<set_event, 1> room{};
    std::size_t number = 0;
    const auto ends_as = [&](std::errc wanted, auto... how) {
        EXPECT_EQ(set.wait_any(room[0], how...), wanted);
        EXPECT_EQ(set.wait_ready(room, number, how...), wanted);
        EXPECT_EQ(set.wait_all(room, how...), wanted);
    };
    ends_as(std::errc::operation_canceled, stop);
    ends_as(std::errc::operation_canceled, efd::wait_options{.deadline = late, .stop = stop});
    ends_as(std::errc::timed_out, efd::wait_options{.deadline = past});
    ends_as(eagain, efd::wait_options{.blocking = efd::blocking::never});
    for (const bool is_stopped : {true, false}) {
        const std::errc wanted = is_stopped ? std::errc::operation_canceled : std::errc::timed_out;
        const std::stop_token token = is_stopped ? stop : std::stop_token{};
        EXPECT_EQ(set.wait_any_until(room[0], is_stopped ? late : past, token), wanted);
        EXPECT_EQ(set.wait_ready_until(room, number, is_stopped ? late : past, token), wanted);
        EXPECT_EQ(set.wait_all_until(room, is_stopped ? late : past, token), wanted);
        const std::chrono::nanoseconds time = is_stopped ? std::chrono::nanoseconds(1h) : 1us;
        EXPECT_EQ(set.wait_any_for(room[0], time, token), wanted);
        EXPECT_EQ(set.wait_ready_for(room, number, time, token), wanted);
        EXPECT_EQ(set.wait_all_for(room, time, token), wanted);
    }
    ASSERT_TRUE(object.signal());
    EXPECT_EQ(set.wait_all(room, efd::wait_options{.deadline = past, .stop = stop}), std::errc{});
    EXPECT_EQ(room[0].token, 1U);
    EXPECT_EQ(room[0].origin, 1U);
    EXPECT_EQ(set.set_linger(1ms), std::errc{});
    EXPECT_EQ(set.set_linger(2s), std::errc::invalid_argument);
    EXPECT_TRUE(set);
    const wait_set other = std::move(set);
    EXPECT_TRUE(other);
    EXPECT_FALSE(set); // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved)
}

} // namespace
} // namespace efd::tests
