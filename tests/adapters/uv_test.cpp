// efd/uv.hpp on the real libuv: callbacks, stop, close by libuv's rules, and no unit lost by either.
#include <efd/uv.hpp>

#include "adapters/race.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using efd::eventfd;
using efd::flags;
using efd::uv_reader;
using efd::tests::race;
using efd::tests::race_rounds;

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

TEST_F(uv, a_second_reader_of_one_object_in_one_loop_is_refused) {
    eventfd object;
    start(object);
    uv_reader another;
    EXPECT_EQ(another.init(&loop_, object), UV_EEXIST);
    close();
}

TEST_F(uv, stops_and_closes_that_race_signals_lose_no_unit) {
    for (const flags how : {flags::none, flags::semaphore}) {
        eventfd object(0, how);
        tally_ = {};
        int made = 0;
        race writer([&] { (void)object.signal(); });
        for (const int round : efd::tests::as_many_as(race_rounds / 2)) {
            ++made;
            writer.go(round % 64);
            start(object);
            uv_run(&loop_, UV_RUN_NOWAIT);
            if (round % 2 == 0) reader_.stop();
            close();
            writer.join();
            ASSERT_EQ(tally_.sum + object.count(), static_cast<std::uint64_t>(round) + 1);
        }
        EXPECT_EQ(tally_.closed, made);
    }
}

TEST_F(uv, a_running_loop_gets_every_unit) {
    eventfd object;
    start(object);
    const std::uint64_t units = static_cast<std::uint64_t>(race_rounds) * 10;
    std::jthread writer([&] {
        for (std::uint64_t i = 0; i < units; ++i) {
            (void)object.signal();
            if (i % 8 == 0) std::this_thread::yield();
        }
    });
    while (tally_.sum < units) uv_run(&loop_, UV_RUN_ONCE); // a lost wake: the test's time limit
    EXPECT_EQ(tally_.sum, units);
    close();
}

} // namespace
