// SPDX-License-Identifier: MIT
// adapters/io_uring.hpp on a real ring: one-shot and multishot polls, when to prepare anew, and no unit lost by a
// cancel. Skipped where the kernel refuses rings.
#include <efd/adapters/io_uring.hpp>

#include "adapters/race.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

namespace efd::tests {
namespace {

constexpr std::uint64_t of_cancel = 1;

class uring : public testing::TestWithParam<uring_poll> {
  protected:
    void SetUp() override {
        const int failed = io_uring_queue_init(8, &ring_, 0);
        if (failed != 0) GTEST_SKIP() << "no io_uring here: errno " << -failed;
        made_ = true;
    }
    void TearDown() override {
        if (made_) io_uring_queue_exit(&ring_);
    }
    io_uring_sqe* next_entry() {
        io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) std::abort(); // 8 places, and never more than 2 in use
        return entry;
    }
    void prepare(uring_reader& reader) {
        reader.prepare(next_entry());
        ASSERT_EQ(io_uring_submit(&ring_), 1);
    }
    void cancel(uring_reader& reader) {
        reader.prepare_cancel(next_entry(), of_cancel);
        ASSERT_EQ(io_uring_submit(&ring_), 1);
    }
    void handle(uring_reader& reader, io_uring_cqe* completion) {
        bool again = false;
        if (completion->user_data == of_cancel)
            cancels_ += 1;
        else
            again = reader.complete(completion, [this](std::uint64_t value) { sum_ += value, ++calls_; });
        io_uring_cqe_seen(&ring_, completion);
        if (again) prepare(reader);
    }
    // All that has come.
    void handle_all(uring_reader& reader) {
        io_uring_cqe* completion = nullptr;
        while (io_uring_peek_cqe(&ring_, &completion) == 0) handle(reader, completion);
    }
    void wait_and_handle(uring_reader& reader) {
        io_uring_cqe* completion = nullptr;
        __kernel_timespec bound{.tv_sec = 60, .tv_nsec = 0};
        ASSERT_EQ(io_uring_wait_cqe_timeout(&ring_, &completion, &bound), 0) << "a lost wake";
        handle(reader, completion);
    }
    void end(uring_reader& reader) {
        const int before = cancels_;
        cancel(reader);
        while ((cancels_ == before || reader.armed()) && !HasFatalFailure()) wait_and_handle(reader);
    }
    io_uring ring_{};
    bool made_ = false;
    std::uint64_t sum_ = 0;
    int calls_ = 0;
    int cancels_ = 0;
};

TEST_P(uring, after_a_cancel_the_error_is_ecanceled_whatever_fired_before) {
    eventfd object;
    uring_reader reader(object, GetParam());
    prepare(reader);
    EXPECT_TRUE(object.signal()); // it fires; its completion is not fetched yet
    io_uring_cqe* completion = nullptr;
    ASSERT_EQ(io_uring_wait_cqe(&ring_, &completion), 0);
    end(reader);
    EXPECT_EQ(reader.error(), ECANCELED);
    EXPECT_EQ(calls_, 0);
    EXPECT_EQ(object.count(), 1U);
    prepare(reader);
    EXPECT_EQ(reader.error(), 0);
    while (calls_ == 0 && !HasFatalFailure()) wait_and_handle(reader);
    if (reader.armed()) end(reader); // of one_shot the next poll was prepared
}

TEST_P(uring, a_cancel_of_what_is_not_armed_is_a_cancel) {
    eventfd object;
    uring_reader reader(object, GetParam());
    cancel(reader);
    while (cancels_ == 0 && !HasFatalFailure()) wait_and_handle(reader);
    EXPECT_EQ(reader.error(), ECANCELED);
    EXPECT_FALSE(reader.armed());
}

TEST_P(uring, what_a_use_that_throws_leaves_can_be_taken) {
    eventfd object(3, flags::semaphore);
    uring_reader reader(object, GetParam());
    prepare(reader);
    io_uring_cqe* completion = nullptr;
    ASSERT_EQ(io_uring_wait_cqe(&ring_, &completion), 0);
    bool again = false;
    EXPECT_THROW(again = reader.complete(completion, [](std::uint64_t) { throw 1; }), int);
    EXPECT_FALSE(again);
    io_uring_cqe_seen(&ring_, completion);
    EXPECT_EQ(object.count(), 2U);
    reader.take([this](std::uint64_t value) { sum_ += value; });
    EXPECT_EQ(sum_, 2U);
    if (reader.armed()) end(reader);
}

TEST_P(uring, the_ring_gets_all_there_is_again_and_again) {
    eventfd object(2);
    uring_reader reader(object, GetParam());
    prepare(reader);
    wait_and_handle(reader);
    EXPECT_EQ(sum_, 2U);
    for (int i = 0; i < 5; ++i) {
        std::jthread writer([&] { EXPECT_EQ(object.write(3), std::errc{}); });
        while (calls_ < i + 2 && !HasFatalFailure()) wait_and_handle(reader);
    }
    EXPECT_EQ(sum_, 17U);
    EXPECT_TRUE(reader.armed());
    end(reader);
    EXPECT_EQ(reader.error(), ECANCELED);
    EXPECT_TRUE(object.signal());
    handle_all(reader);
    EXPECT_EQ(object.count(), 1U);
    prepare(reader); // and it can be used again
    wait_and_handle(reader);
    EXPECT_EQ(sum_, 18U);
    end(reader);
}

TEST_P(uring, of_a_semaphore_it_gets_one_after_the_other_until_there_are_none) {
    eventfd object(0, flags::semaphore);
    uring_reader reader(object, GetParam());
    prepare(reader);
    EXPECT_EQ(object.write(3), std::errc{});
    while (calls_ < 3 && !HasFatalFailure()) wait_and_handle(reader);
    EXPECT_EQ(sum_, 3U);
    EXPECT_EQ(object.count(), 0U);
    end(reader);
}

TEST_P(uring, after_a_cancel_nothing_is_taken) {
    eventfd object;
    uring_reader reader(object, GetParam());
    prepare(reader);
    EXPECT_TRUE(object.signal()); // its completion is there already
    end(reader);
    EXPECT_EQ(sum_ + object.count(), 1U);
    EXPECT_FALSE(reader.armed());
}

TEST_P(uring, cancels_that_race_signals_lose_no_unit) {
    eventfd object;
    race writer([&] { (void)object.signal(); });
    uring_reader reader(object, GetParam());
    for (const int round : as_many_as(race_rounds / 2)) {
        prepare(reader);
        writer.go(round % 64);
        if (round % 2 == 0) handle_all(reader);
        end(reader);
        writer.join();
        ASSERT_EQ(sum_ + object.count(), static_cast<std::uint64_t>(round) + 1);
        ASSERT_FALSE(HasFatalFailure());
    }
}

TEST_P(uring, a_running_ring_gets_every_unit) {
    eventfd object;
    uring_reader reader(object, GetParam());
    prepare(reader);
    turns_get_every_unit(object, sum_, [&] { wait_and_handle(reader); });
    end(reader);
}

INSTANTIATE_TEST_SUITE_P(polls, uring, testing::Values(uring_poll::one_shot, uring_poll::multishot),
                         [](const auto& which) {
                             return which.param == uring_poll::one_shot ? "one_shot" : "multishot";
                         });

} // namespace
} // namespace efd::tests
