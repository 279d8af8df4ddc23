// The wait loop: try, deadline, cancellation, signals. None of them may eat or invent a unit.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <random>
#include <vector>

namespace {

using efd::eventfd;
using efd::flags;
using efd::tests::observed_thread;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint64_t ceiling = UINT64_MAX;

TEST(waiting, try_says_at_once_what_is_missing) {
    eventfd empty;
    std::uint64_t value = 77;
    EXPECT_EQ(empty.try_read(value), std::errc::resource_unavailable_try_again);
    EXPECT_EQ(value, 77U);
    eventfd full(ceiling - 1);
    EXPECT_EQ(full.try_write(1), std::errc::resource_unavailable_try_again);
    EXPECT_EQ(full.try_write(0), std::errc{});
    EXPECT_EQ(full.try_write(ceiling), std::errc::invalid_argument);
    EXPECT_EQ(full.count(), ceiling - 1);
}

TEST(waiting, a_deadline_in_the_past_makes_one_try) {
    eventfd object(3);
    std::uint64_t value = 0;
    EXPECT_EQ(object.read_until(value, steady_clock::now() - 1h), std::errc{});
    EXPECT_EQ(value, 3U);
    EXPECT_EQ(object.read_until(value, steady_clock::now() - 1h), std::errc::timed_out);
    EXPECT_EQ(object.read_until(value, steady_clock::time_point::min()), std::errc::timed_out);
    EXPECT_EQ(object.read_for(value, -5s), std::errc::timed_out);
    eventfd full(ceiling - 1);
    const std::uint64_t calls = efd_system_calls();
    EXPECT_EQ(full.write_until(1, steady_clock::now() - 1h), std::errc::timed_out);
    EXPECT_EQ(object.read_for(value, 0s), std::errc::timed_out);
    EXPECT_EQ(efd_system_calls(), calls) << "there is nothing to sleep for";
    EXPECT_EQ(full.count(), ceiling - 1);
}

TEST(waiting, a_timeout_that_is_not_a_number_makes_one_try) {
    eventfd object(3);
    std::uint64_t value = 0;
    const std::chrono::duration<double> not_a_number(std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(object.read_for(value, not_a_number), std::errc{});
    EXPECT_EQ(object.read_for(value, not_a_number), std::errc::timed_out);
    EXPECT_EQ(object.read_for(value, std::chrono::duration<float, std::nano>(-not_a_number)), std::errc::timed_out);
    EXPECT_EQ(object.read_until(value, steady_clock::time_point(steady_clock::duration::min())), std::errc::timed_out);
}

TEST(waiting, a_deadline_ends_the_wait_not_before_its_time) {
    eventfd object;
    std::uint64_t value = 0;
    const auto deadline = steady_clock::now() + 30ms;
    EXPECT_EQ(object.read_until(value, deadline), std::errc::timed_out);
    EXPECT_GE(steady_clock::now(), deadline);
    eventfd full(ceiling - 1);
    const auto start = steady_clock::now();
    EXPECT_EQ(full.write_for(2, 30ms), std::errc::timed_out);
    EXPECT_GE(steady_clock::now() - start, 30ms);
}

TEST(waiting, far_deadlines_wait_for_ever_and_are_woken) {
    eventfd object;
    std::uint64_t value = 0;
    observed_thread reader([&] {
        EXPECT_EQ(object.read_until(value, steady_clock::time_point::max()), std::errc{});
        EXPECT_EQ(object.read_for(value, std::chrono::hours::max()), std::errc{});
    });
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(reader.seen_asleep());
        object.signal();
        ASSERT_TRUE(efd::tests::eventually([&] { return object.count() == 0; }));
    }
    EXPECT_TRUE(reader.seen_done());
}

TEST(waiting, a_named_deadline_waits_even_on_a_nonblocking_object) {
    eventfd object(0, flags::nonblock);
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value), std::errc::resource_unavailable_try_again);
    observed_thread reader([&] { EXPECT_EQ(object.read_for(value, 1h), std::errc{}); });
    ASSERT_TRUE(reader.seen_asleep());
    EXPECT_EQ(object.write(4), std::errc{});
    ASSERT_TRUE(reader.seen_done());
    EXPECT_EQ(value, 4U);
}

TEST(waiting, a_stop_ends_a_sleeping_reader_and_a_sleeping_writer) {
    eventfd empty;
    eventfd full(ceiling - 1);
    std::stop_source stop;
    std::uint64_t value = 0;
    observed_thread reader([&] { EXPECT_EQ(empty.read(value, stop.get_token()), std::errc::operation_canceled); });
    observed_thread writer([&] { EXPECT_EQ(full.write(1, stop.get_token()), std::errc::operation_canceled); });
    ASSERT_TRUE(reader.seen_asleep());
    ASSERT_TRUE(writer.seen_asleep());
    stop.request_stop();
    EXPECT_TRUE(reader.seen_done());
    EXPECT_TRUE(writer.seen_done());
    EXPECT_EQ(full.count(), ceiling - 1);
}

TEST(waiting, a_stop_before_the_wait_still_takes_what_is_there) {
    std::stop_source stop;
    stop.request_stop();
    eventfd object(5);
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value, stop.get_token()), std::errc{});
    EXPECT_EQ(value, 5U);
    EXPECT_EQ(object.read(value, stop.get_token()), std::errc::operation_canceled);
    EXPECT_EQ(object.read_until(value, steady_clock::now() + 1h, stop.get_token()), std::errc::operation_canceled);
}

TEST(waiting, a_stop_token_that_cannot_stop_is_no_token) {
    eventfd object;
    std::uint64_t value = 0;
    EXPECT_EQ(object.read_until(value, steady_clock::now(), std::stop_token{}), std::errc::timed_out);
}

TEST(waiting, a_cancelled_reader_leaves_the_others_asleep_and_served) {
    eventfd object(0, flags::semaphore);
    std::stop_source stop;
    std::uint64_t value = 0;
    observed_thread first([&] { EXPECT_EQ(object.read(value, stop.get_token()), std::errc::operation_canceled); });
    ASSERT_TRUE(first.seen_asleep());
    std::uint64_t second_value = 0;
    observed_thread second([&] { EXPECT_EQ(object.read(second_value), std::errc{}); });
    ASSERT_TRUE(second.seen_asleep());
    stop.request_stop();
    ASSERT_TRUE(first.seen_done());
    ASSERT_TRUE(second.seen_asleep());
    EXPECT_FALSE(second.done());
    EXPECT_TRUE(object.signal());
    EXPECT_TRUE(second.seen_done());
    EXPECT_EQ(object.count(), 0U);
}

TEST(waiting, who_leaves_by_deadline_takes_its_mark_away) {
    efd_t* const object = efd_create(0, 0);
    std::uint64_t value = 0;
    EXPECT_EQ(efd_read_for(object, &value, 1'000'000), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    const std::uint64_t calls = efd_system_calls();
    for (int i = 0; i < 100; ++i) ASSERT_EQ(efd_write(object, 1), 0);
    EXPECT_EQ(efd_system_calls(), calls); // E5: nobody sleeps, nobody watches
    efd_put(object);
}

TEST(waiting, c_cancel_token_ends_waits_now_and_later) {
    efd_t* const object = efd_create(0, 0);
    efd_cancel_t* const cancel = efd_cancel_create();
    efd_wait_options until = EFD_WAIT_OPTIONS_INIT;
    until.cancel = cancel;
    observed_thread reader([&] {
        std::uint64_t value = 0;
        EXPECT_EQ(efd_read_with(object, &value, &until), -1);
        EXPECT_EQ(errno, ECANCELED);
    });
    ASSERT_TRUE(reader.seen_asleep());
    EXPECT_EQ(efd_cancel_request(cancel), 0);
    ASSERT_TRUE(reader.seen_done());
    std::uint64_t value = 0;
    EXPECT_EQ(efd_read_with(object, &value, &until), -1);
    EXPECT_EQ(errno, ECANCELED);
    EXPECT_EQ(efd_write_with(object, 2, &until), 0);
    until.deadline_ns = 0;
    EXPECT_EQ(efd_read_with(object, &value, &until), 0);
    EXPECT_EQ(value, 2U);
    efd_cancel_destroy(cancel);
    efd_put(object);
}

void on_signal(int) {}

void install(int number, bool restart) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = restart ? SA_RESTART : 0;
    sigaction(number, &action, nullptr);
}

TEST(waiting, a_handler_without_restart_interrupts_and_eats_nothing) {
    install(SIGUSR1, false);
    eventfd object;
    std::uint64_t value = 0;
    std::atomic<int> interruptions{0};
    observed_thread reader([&] {
        while (object.read(value) == std::errc::interrupted) ++interruptions;
    });
    for (int i = 1; i <= 3; ++i) {
        ASSERT_TRUE(reader.seen_asleep());
        pthread_kill(reader.native(), SIGUSR1);
        ASSERT_TRUE(efd::tests::eventually([&] { return interruptions == i; }));
    }
    EXPECT_TRUE(object.signal());
    ASSERT_TRUE(reader.seen_done());
    EXPECT_EQ(value, 1U);
}

TEST(waiting, a_handler_with_restart_is_not_noticed_with_or_without_deadline) {
    install(SIGUSR2, true);
    for (const bool timed : {false, true}) {
        // Without futex_waitv a call with a deadline is interrupted (README, limits).
        if (timed && efd::tests::under_emulator) GTEST_SKIP() << "qemu-user has no futex_waitv";
        eventfd object;
        std::uint64_t value = 0;
        observed_thread reader(
            [&] { EXPECT_EQ(timed ? object.read_for(value, 1h) : object.read(value), std::errc{}); });
        for (int i = 0; i < 3; ++i) {
            ASSERT_TRUE(reader.seen_asleep());
            pthread_kill(reader.native(), SIGUSR2);
        }
        ASSERT_TRUE(reader.seen_asleep());
        EXPECT_FALSE(reader.done());
        EXPECT_EQ(object.write(6), std::errc{});
        ASSERT_TRUE(reader.seen_done());
        EXPECT_EQ(value, 6U);
    }
}

// Readers that leave early in every way, writers that never stop: the units taken and left are those written.
void conserve(flags how, unsigned seed) {
    eventfd object(0, how);
    constexpr int readers = 4;
    constexpr std::uint64_t each = efd::tests::under_emulator ? 2'000 : 20'000;
    std::atomic<std::uint64_t> taken{0};
    std::atomic<bool> over{false};
    std::vector<std::jthread> threads;
    for (unsigned r = 0; r < readers; ++r)
        threads.emplace_back([&, random = std::mt19937(seed + r)]() mutable {
            while (!over) {
                std::uint64_t value = 0;
                std::stop_source stop;
                std::errc end{};
                switch (random() % 4) {
                case 0: end = object.try_read(value); break;
                case 1: end = object.read_for(value, std::chrono::microseconds(random() % 100)); break;
                case 2: {
                    std::jthread canceller([&] { stop.request_stop(); });
                    end = object.read(value, stop.get_token());
                    break;
                }
                default: end = object.read_for(value, 50ms); break;
                }
                if (end == std::errc{}) taken += value;
            }
        });
    {
        std::vector<std::jthread> writers;
        for (int w = 0; w < 2; ++w)
            writers.emplace_back([&] {
                for (std::uint64_t i = 0; i < each; ++i) (void)object.write(1);
            });
    }
    EXPECT_TRUE(efd::tests::eventually([&] { return object.count() == 0; }));
    over = true;
    threads.clear();
    EXPECT_EQ(taken + object.count(), 2 * each);
}

TEST(waiting, leaving_in_every_way_conserves_the_units) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    conserve(flags::none, seed);
    conserve(flags::semaphore, seed);
}

} // namespace
