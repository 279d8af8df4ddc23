// SPDX-License-Identifier: MIT
// Reads that take a part: what they take and what they leave, whom they wake, and how they wait.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <vector>

namespace {

using efd::eventfd;
using efd::flags;
using efd::tests::observed_thread;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint64_t ceiling = UINT64_MAX;
constexpr std::uint64_t largest = ceiling - 1;
constexpr std::array modes{flags::none, flags::semaphore};
constexpr std::errc again = std::errc::resource_unavailable_try_again;

TEST(read_some, takes_what_was_asked_for_or_what_there_is) {
    for (const flags mode : modes)
        for (const std::uint64_t count :
             {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{64}, (std::uint64_t{1} << 27) - 1,
              std::uint64_t{1} << 27, std::uint64_t{1} << 40, largest})
            for (const std::uint64_t most :
                 {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{64}, std::uint64_t{1} << 27, largest, ceiling}) {
                eventfd object(count, mode);
                std::uint64_t value = 0;
                ASSERT_EQ(object.read_some(value, most), std::errc{});
                EXPECT_EQ(value, std::min(count, most));
                EXPECT_EQ(object.count(), count - value);
            }
}

TEST(read_some, of_none_is_refused_before_anything_else) {
    for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{7}}) {
        eventfd object(count);
        std::uint64_t value = 77;
        EXPECT_EQ(object.read_some(value, 0), std::errc::invalid_argument);
        EXPECT_EQ(object.try_read_some(value, 0), std::errc::invalid_argument);
        EXPECT_EQ(object.read_some_for(value, 0, 1h), std::errc::invalid_argument);
        EXPECT_EQ(value, 77U);
        EXPECT_EQ(object.count(), count);
    }
}

TEST(read_some, finds_nothing_as_the_other_reads_do) {
    eventfd object;
    std::uint64_t value = 77;
    EXPECT_EQ(object.try_read_some(value, 2), again);
    EXPECT_EQ(object.read_some_for(value, 2, 0s), std::errc::timed_out);
    EXPECT_EQ(object.read_some_until(value, 2, steady_clock::now() - 1h), std::errc::timed_out);
    EXPECT_EQ(object.read_some_for(value, 2, 1ms), std::errc::timed_out);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(object.read_some(value, 2, stop.get_token()), std::errc::operation_canceled);
    EXPECT_EQ(object.read_some_until(value, 2, steady_clock::now() + 1h, stop.get_token()),
              std::errc::operation_canceled);
    EXPECT_EQ(value, 77U);
    ASSERT_EQ(object.write(3), std::errc{});
    EXPECT_EQ(object.read_some(value, 2, stop.get_token()), std::errc{}) << "what there is beats the stop";
    EXPECT_EQ(value, 2U);
    EXPECT_EQ(object.read_some_for(value, 2, 0s), std::errc{});
    EXPECT_EQ(value, 1U);
}

TEST(read_some, sleeps_until_there_is_something) {
    for (const flags mode : modes) {
        eventfd object(0, mode);
        std::uint64_t value = 0;
        observed_thread reader([&] { EXPECT_EQ(object.read_some(value, 2), std::errc{}); });
        ASSERT_TRUE(reader.seen_asleep());
        ASSERT_EQ(object.write(3), std::errc{});
        ASSERT_TRUE(reader.seen_done());
        EXPECT_EQ(value, 2U);
        EXPECT_EQ(object.count(), 1U);
    }
}

TEST(read_some, a_stop_ends_a_sleep) {
    eventfd object;
    std::stop_source stop;
    std::uint64_t value = 0;
    observed_thread reader(
        [&] { EXPECT_EQ(object.read_some(value, 2, stop.get_token()), std::errc::operation_canceled); });
    ASSERT_TRUE(reader.seen_asleep());
    stop.request_stop();
    ASSERT_TRUE(reader.seen_done());
}

// REST: one write wakes one reader of a plain object; each that takes a part wakes the next for the rest.
void sleepers_get_one_each(std::uint64_t seal) {
    constexpr std::uint64_t number = 5;
    eventfd object(seal);
    std::uint64_t value = 0;
    if (seal > 0) {
        ASSERT_EQ(object.read(value), std::errc{});
    }
    std::vector<std::unique_ptr<observed_thread>> readers;
    for (std::uint64_t i = 0; i < number; ++i)
        readers.push_back(std::make_unique<observed_thread>([&object] {
            std::uint64_t own = 0;
            EXPECT_EQ(object.read_some(own, 1), std::errc{});
            EXPECT_EQ(own, 1U);
        }));
    for (const auto& one : readers) ASSERT_TRUE(one->seen_asleep());
    ASSERT_EQ(object.write(number), std::errc{});
    for (const auto& one : readers) ASSERT_TRUE(one->seen_done());
    EXPECT_EQ(object.count(), 0U);
    const std::uint64_t calls = efd_system_calls();
    ASSERT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(efd_system_calls(), calls) << "the mark of the sleepers is gone with them";
}
TEST(read_some, who_leaves_a_rest_wakes_the_next) { sleepers_get_one_each(0); }
TEST(read_some, who_leaves_a_rest_wakes_the_next_where_counts_are_huge) {
    sleepers_get_one_each(std::uint64_t{1} << 27);
}

TEST(read_some, makes_room_for_writers) {
    for (const flags mode : modes) {
        eventfd object(largest, mode);
        observed_thread writer([&] { EXPECT_EQ(object.write(3), std::errc{}); });
        ASSERT_TRUE(writer.seen_asleep());
        std::uint64_t value = 0;
        ASSERT_EQ(object.read_some(value, 2), std::errc{});
        EXPECT_FALSE(writer.done());
        ASSERT_EQ(object.read_some(value, 1), std::errc{});
        ASSERT_TRUE(writer.seen_done());
        EXPECT_EQ(object.count(), largest);
    }
}

TEST(read_some, keeps_the_descriptor_true) {
    for (const flags mode : modes)
        for (const std::uint64_t count : {std::uint64_t{3}, (std::uint64_t{1} << 27) + 3}) {
            eventfd object(count, mode);
            pollfd watched{object.fd(), POLLIN, 0};
            std::uint64_t value = 0;
            ASSERT_EQ(object.read_some(value, count - 1), std::errc{});
            EXPECT_EQ(::poll(&watched, 1, 0), 1);
            ASSERT_EQ(object.read_some(value, count), std::errc{});
            EXPECT_EQ(::poll(&watched, 1, 0), 0);
        }
}

TEST(read_some, tells_the_wait_queue_of_room) {
    eventfd object(5);
    struct counting : efd::wait_queue_entry {
        int calls = 0;
    } entry;
    entry.callback = [](efd::wait_queue_entry& one, std::uint32_t key) {
        EXPECT_EQ(key, unsigned{POLLOUT});
        ++static_cast<counting&>(one).calls;
        return 0;
    };
    entry.mask = POLLOUT;
    std::uint32_t ready = 0;
    ASSERT_EQ(object.add_wait_queue(entry, ready), std::errc{});
    std::uint64_t value = 0;
    ASSERT_EQ(object.read_some(value, 2), std::errc{});
    ASSERT_EQ(object.read_some(value, 9), std::errc{});
    EXPECT_EQ(entry.calls, 2);
    ASSERT_EQ(object.remove_wait_queue(entry), std::errc{});
}

TEST(read_some, in_c_answers_as_read_does) {
    std::uint64_t value = 77;
    errno = 0;
    EXPECT_EQ(efd_read_some(nullptr, &value, 0), -1);
    EXPECT_EQ(errno, EBADF);
    efd_t* const object = efd_create(5, EFD_NONBLOCK);
    EXPECT_EQ(efd_read_some(object, nullptr, 0), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(efd_try_read_some(object, &value, 0), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(efd_read_some(object, &value, 2), 0);
    EXPECT_EQ(value, 2U);
    EXPECT_EQ(efd_try_read_some(object, &value, 1), 0);
    EXPECT_EQ(efd_read_some_for(object, &value, 1, 0), 0);
    EXPECT_EQ(value, 1U);
    efd_cancel_t* const cancel = efd_cancel_create();
    const efd_wait_options cancellable{EFD_FOREVER, cancel, EFD_BLOCKING_ALWAYS, 0, {0, 0}};
    EXPECT_EQ(efd_read_some_with(object, &value, 9, &cancellable), 0);
    EXPECT_EQ(value, 1U);
    EXPECT_EQ(efd_read_some(object, &value, 9), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(efd_read_some_until(object, &value, 9, 1), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    efd_cancel_request(cancel);
    EXPECT_EQ(efd_read_some_with(object, &value, 9, &cancellable), -1);
    EXPECT_EQ(errno, ECANCELED);
    EXPECT_EQ(efd_read_some_with(object, &value, 9, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN) << "as the object's flags say";
    efd_cancel_destroy(cancel);
    efd_put(object);
}

} // namespace
