// SPDX-License-Identifier: MIT
// adapters/uv.hpp on the real libuv: callbacks, stop, close by libuv's rules, and no unit lost by either.
#include <efd/adapters/uv.hpp>

#include "adapters/race.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <unistd.h>

namespace {

using efd::eventfd;
using efd::flags;
using efd::uv_reader;

struct tally {
    std::uint64_t sum = 0;
    int calls = 0;
    int closed = 0;
};
void add_up(uv_reader& reader, std::uint64_t value) {
    auto& to = *static_cast<tally*>(reader.data);
    to.sum += value;
    ++to.calls;
}
void note_close(uv_reader& reader) { ++static_cast<tally*>(reader.data)->closed; }

class uv : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(uv_loop_init(&loop_), 0);
        reader_.data = &tally_;
    }
    void TearDown() override { EXPECT_EQ(uv_loop_close(&loop_), 0); } // UV_EBUSY if a handle were left
    void start(eventfd& object) {
        ASSERT_EQ(reader_.init(&loop_, object), 0);
        ASSERT_EQ(reader_.start(&add_up), 0);
    }
    void close() {
        reader_.close(&note_close);
        uv_run(&loop_, UV_RUN_DEFAULT);
    }
    uv_loop_t loop_{};
    uv_reader reader_;
    tally tally_;
};

TEST_F(uv, the_loop_sleeps_until_there_is_something_and_gets_all_of_it) {
    eventfd object;
    start(object);
    EXPECT_NE(uv_run(&loop_, UV_RUN_NOWAIT), 0);
    EXPECT_EQ(tally_.calls, 0);
    std::jthread writer([&] { EXPECT_EQ(object.write(5), std::errc{}); });
    uv_run(&loop_, UV_RUN_ONCE);
    EXPECT_EQ(tally_.calls, 1);
    EXPECT_EQ(tally_.sum, 5U);
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(tally_.calls, 1);
    close();
}

TEST_F(uv, in_semaphore_mode_each_turn_gets_one) {
    eventfd object(3, flags::semaphore);
    start(object);
    for (int turn = 1; turn <= 4; ++turn) {
        uv_run(&loop_, UV_RUN_NOWAIT);
        EXPECT_EQ(tally_.calls, turn < 4 ? turn : 3);
    }
    EXPECT_EQ(tally_.sum, 3U);
    close();
}

TEST_F(uv, stopped_it_takes_nothing_and_may_be_started_again) {
    eventfd object(1);
    start(object);
    EXPECT_EQ(reader_.stop(), 0);
    EXPECT_EQ(uv_run(&loop_, UV_RUN_NOWAIT), 0); // nothing active is left
    EXPECT_EQ(object.count(), 1U);
    EXPECT_EQ(reader_.start(&add_up), 0);
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(tally_.sum, 1U);
    close();
}

TEST_F(uv, closed_in_its_callback_it_says_so_later_and_can_be_used_again) {
    eventfd object(1);
    eventfd second = object.duplicate();
    ASSERT_EQ(reader_.init(&loop_, object), 0);
    ASSERT_EQ(reader_.start([](uv_reader& reader, std::uint64_t value) {
        add_up(reader, value);
        reader.close(&note_close);
        EXPECT_EQ(static_cast<tally*>(reader.data)->closed, 0);
    }),
              0);
    object = eventfd(); // the reader keeps its own
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(tally_.calls, 1);
    EXPECT_EQ(tally_.closed, 1);
    EXPECT_TRUE(second.signal());
    EXPECT_EQ(second.count(), 1U);
    start(second);
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(tally_.sum, 2U);
    close();
}

TEST_F(uv, more_than_one_reader_of_one_object_in_one_loop_share_the_units) {
    eventfd object(0, flags::semaphore);
    uv_reader others[2];
    ASSERT_EQ(reader_.init(&loop_, object), 0);
    for (uv_reader& other : others) {
        other.data = &tally_;
        ASSERT_EQ(other.init(&loop_, object), 0); // before the first one is started, and after
        ASSERT_EQ(other.start(&add_up), 0);
        if (&other == others) {
            ASSERT_EQ(reader_.start(&add_up), 0);
        }
    }
    ASSERT_EQ(object.write(3), std::errc{});
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(tally_.sum, 3U);
    EXPECT_EQ(tally_.calls, 3);
    EXPECT_EQ(object.write(2), std::errc{});
    reader_.close(&note_close); // the others go on without the first one
    while (tally_.sum < 5) uv_run(&loop_, UV_RUN_ONCE);
    EXPECT_EQ(tally_.closed, 1);
    others[0].stop();
    EXPECT_EQ(object.write(1), std::errc{});
    while (tally_.sum < 6) uv_run(&loop_, UV_RUN_ONCE);
    for (uv_reader& other : others) other.close();
    uv_run(&loop_, UV_RUN_DEFAULT);
}

TEST_F(uv, where_the_user_polls_the_descriptor_too_both_work) {
    eventfd object;
    uv_poll_t own;
    static int calls = 0;
    calls = 0;
    ASSERT_EQ(uv_poll_init(&loop_, &own, object.fd()), 0);
    ASSERT_EQ(uv_poll_start(&own, UV_READABLE, [](uv_poll_t*, int, int) { ++calls; }), 0);
    start(object);
    EXPECT_TRUE(object.signal());
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(tally_.sum, 1U);
    EXPECT_EQ(calls, 1);
    uv_close(reinterpret_cast<uv_handle_t*>(&own), nullptr);
    close();
}

TEST_F(uv, misuse_is_said) {
    eventfd object;
    EXPECT_EQ(reader_.start(&add_up), UV_EINVAL); // before init
    EXPECT_EQ(reader_.stop(), UV_EINVAL);
    reader_.close(&note_close);
    ASSERT_EQ(reader_.init(&loop_, object), 0);
    EXPECT_EQ(reader_.init(&loop_, object), UV_EBUSY);
    EXPECT_EQ(reader_.start(nullptr), UV_EINVAL);
    reader_.close(&note_close);
    reader_.close(&note_close);
    EXPECT_EQ(reader_.start(&add_up), UV_EINVAL);
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(tally_.closed, 1);
}

TEST_F(uv, the_status_of_a_poll_that_fails_is_passed_on) {
    eventfd object;
    ASSERT_EQ(reader_.init(&loop_, object), 0);
    static int said = 0;
    said = 0;
    ASSERT_EQ(reader_.start(&add_up, [](uv_reader&, int status) { said += status; }), 0);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    const int fd = object.fd();
    ASSERT_EQ(::dup2(ends[1], fd), fd); // a pipe without a reader takes its place: POLLERR
    ::close(ends[1]);
    uv_run(&loop_, UV_RUN_NOWAIT);
    uv_run(&loop_, UV_RUN_NOWAIT);
    EXPECT_EQ(said, UV_EBADF);
    EXPECT_EQ(tally_.calls, 0);
    close();
}

TEST_F(uv, stops_and_closes_that_race_signals_lose_no_unit) {
    for (const flags how : {flags::none, flags::semaphore}) {
        eventfd object(0, how);
        tally_ = {};
        int made = 0;
        const auto ours = [&](int round) {
            ++made;
            start(object);
            uv_run(&loop_, UV_RUN_NOWAIT);
            if (round % 2 == 0) reader_.stop();
            close();
        };
        efd::tests::signals_lose_no_unit(object, ours, [&] { return tally_.sum; });
        EXPECT_EQ(tally_.closed, made);
    }
}

TEST_F(uv, a_running_loop_gets_every_unit) {
    eventfd object;
    start(object);
    efd::tests::turns_get_every_unit(object, tally_.sum, [&] { uv_run(&loop_, UV_RUN_ONCE); });
    close();
}

} // namespace
