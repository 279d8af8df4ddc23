// SPDX-License-Identifier: MIT
// adapters/libevent.hpp on the real libevent: callbacks, removal, destruction in the callback, and no unit lost by it.
#include <efd/adapters/libevent.hpp>

#include "adapters/race.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace {

using efd::eventfd;
using efd::flags;
using efd::libevent_reader;

struct tally {
    std::uint64_t sum = 0;
    int calls = 0;
    std::unique_ptr<libevent_reader> to_destroy;
};
void add_up(std::uint64_t value, void* data) {
    auto& to = *static_cast<tally*>(data);
    to.sum += value;
    ++to.calls;
    to.to_destroy.reset();
}

class libevent : public testing::Test {
  protected:
    void TearDown() override { event_base_free(base_); }
    void turn(int how = EVLOOP_NONBLOCK | EVLOOP_ONCE) { EXPECT_GE(event_base_loop(base_, how), 0); }
    event_base* base_ = event_base_new();
    tally tally_;
};

TEST_F(libevent, the_loop_sleeps_until_there_is_something_and_gets_all_of_it) {
    eventfd object;
    libevent_reader reader(base_, object, &add_up, &tally_);
    EXPECT_EQ(reader.add(), 0);
    turn();
    EXPECT_EQ(tally_.calls, 0);
    std::jthread writer([&] { EXPECT_EQ(object.write(5), std::errc{}); });
    turn(EVLOOP_ONCE);
    EXPECT_EQ(tally_.calls, 1);
    EXPECT_EQ(tally_.sum, 5U);
    turn();
    EXPECT_EQ(tally_.calls, 1);
}

TEST_F(libevent, in_semaphore_mode_each_turn_gets_one) {
    eventfd object(3, flags::semaphore);
    libevent_reader reader(base_, object, &add_up, &tally_);
    EXPECT_EQ(reader.add(), 0);
    for (int turns = 1; turns <= 4; ++turns) {
        turn();
        EXPECT_EQ(tally_.calls, turns < 4 ? turns : 3);
    }
}

TEST_F(libevent, removed_it_takes_nothing_and_may_be_added_again) {
    eventfd object(1);
    libevent_reader reader(base_, object, &add_up, &tally_);
    EXPECT_EQ(reader.add(), 0);
    EXPECT_EQ(reader.remove(), 0);
    turn();
    EXPECT_EQ(object.count(), 1U);
    EXPECT_EQ(reader.add(), 0);
    turn();
    EXPECT_EQ(tally_.sum, 1U);
}

TEST_F(libevent, without_a_callback_it_is_not_added_and_takes_nothing) {
    eventfd object(1);
    libevent_reader reader(base_, object, nullptr, nullptr);
    EXPECT_EQ(reader.add(), -1);
    turn();
    EXPECT_EQ(object.count(), 1U);
}

TEST_F(libevent, it_may_be_destroyed_in_its_callback) {
    eventfd object(1);
    tally_.to_destroy = std::make_unique<libevent_reader>(base_, object, &add_up, &tally_);
    EXPECT_EQ(tally_.to_destroy->add(), 0);
    turn();
    EXPECT_EQ(tally_.calls, 1);
    EXPECT_EQ(tally_.to_destroy, nullptr);
    EXPECT_TRUE(object.signal());
    turn();
    EXPECT_EQ(object.count(), 1U);
}

TEST_F(libevent, two_readers_share_the_units) {
    eventfd object(0, flags::semaphore);
    libevent_reader one(base_, object, &add_up, &tally_);
    libevent_reader two(base_, object, &add_up, &tally_);
    EXPECT_EQ(one.add(), 0);
    EXPECT_EQ(two.add(), 0);
    EXPECT_EQ(object.write(3), std::errc{});
    for (int turns = 0; turns < 3; ++turns) turn();
    EXPECT_EQ(tally_.sum, 3U);
}

TEST_F(libevent, removals_that_race_signals_lose_no_unit) {
    for (const flags how : {flags::none, flags::semaphore}) {
        eventfd object(0, how);
        tally_.sum = 0;
        const auto ours = [&](int /*round*/) {
            libevent_reader reader(base_, object, &add_up, &tally_);
            EXPECT_EQ(reader.add(), 0);
            turn();
        };
        efd::tests::signals_lose_no_unit(object, ours, [&] { return tally_.sum; });
    }
}

TEST_F(libevent, a_running_loop_gets_every_unit) {
    eventfd object;
    libevent_reader reader(base_, object, &add_up, &tally_);
    EXPECT_EQ(reader.add(), 0);
    efd::tests::turns_get_every_unit(object, tally_.sum, [&] { turn(EVLOOP_ONCE); });
}

} // namespace
