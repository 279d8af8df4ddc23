// SPDX-License-Identifier: MIT
// co_await efd::async_read: which coroutine is resumed, where, with what; and that no unit is lost or invented,
// whatever races.
#include <efd/adapters/coroutine.hpp>

#include "adapters/detached.hpp"
#include "adapters/race.hpp"
#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace efd::tests {
namespace {

// An executor whose work is run when the test says so.
class run_queue {
  public:
    void post(std::function<void()> what) {
        const std::scoped_lock lock(mutex_);
        waiting_.push_back(std::move(what));
    }
    int run_all() {
        for (int ran = 0;; ++ran) {
            std::function<void()> next;
            {
                const std::scoped_lock lock(mutex_);
                if (waiting_.empty()) return ran;
                next = std::move(waiting_.front());
                waiting_.pop_front();
            }
            next();
        }
    }

  private:
    std::mutex mutex_;
    std::deque<std::function<void()>> waiting_;
};
struct on_queue {
    run_queue* queue;
    void post(std::function<void()> what) const { queue->post(std::move(what)); }
};

struct outcome {
    read_result result;
    std::atomic<int> times{0};
};

template <class Executor = efd::inline_executor>
detached read_once(eventfd& object, outcome& out, Executor executor = {}, std::stop_token stop = {}) {
    out.result = co_await efd::async_read(object, executor, stop);
    ++out.times;
}

TEST(coroutine, what_is_there_is_taken_without_a_suspension) {
    eventfd object(7);
    run_queue queue;
    outcome out;
    read_once(object, out, on_queue{&queue});
    EXPECT_EQ(out.times, 1);
    EXPECT_EQ(out.result.error, std::errc{});
    EXPECT_EQ(out.result.value, 7U);
    EXPECT_EQ(object.count(), 0U);
}

TEST(coroutine, is_resumed_on_its_executor_with_what_was_written) {
    eventfd object;
    run_queue queue;
    outcome out;
    read_once(object, out, on_queue{&queue});
    EXPECT_EQ(object.write(5), std::errc{});
    EXPECT_EQ(out.times, 0);
    EXPECT_EQ(object.count(), 0U); // taken for it already
    EXPECT_EQ(queue.run_all(), 1);
    EXPECT_EQ(out.times, 1);
    EXPECT_EQ(out.result.value, 5U);
}

TEST(coroutine, any_callable_is_an_executor) {
    eventfd object;
    outcome out;
    int handed_over = 0;
    read_once(object, out, [&](std::function<void()> what) { ++handed_over, what(); });
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(handed_over, 1);
    EXPECT_EQ(out.times, 1);
}

TEST(coroutine, in_semaphore_mode_a_write_of_n_resumes_n_in_the_order_of_their_coming) {
    eventfd object(0, flags::semaphore);
    std::vector<int> order;
    auto reads = [&](int reader) -> detached {
        const read_result got = co_await efd::async_read(object);
        EXPECT_EQ(got.value, 1U);
        order.push_back(reader);
    };
    for (int reader = 0; reader < 5; ++reader) reads(reader);
    EXPECT_EQ(object.write(3), std::errc{});
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
    EXPECT_EQ(object.write(4), std::errc{});
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
    EXPECT_EQ(object.count(), 2U);
}

TEST(coroutine, resumed_inline_it_may_signal_and_read_again) {
    eventfd object;
    eventfd answer;
    std::uint64_t sum = 0;
    auto serves = [&]() -> detached {
        for (int i = 0; i < 3; ++i) {
            sum += (co_await efd::async_read(object)).value;
            EXPECT_TRUE(answer.signal()); // would be refused inside a callback
        }
    };
    serves();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(object.write(2), std::errc{});
    EXPECT_EQ(sum, 6U);
    EXPECT_EQ(answer.count(), 3U);
}

TEST(coroutine, a_stop_ends_the_wait_and_takes_nothing) {
    eventfd object;
    std::stop_source stop;
    outcome out;
    read_once(object, out, efd::inline_executor{}, stop.get_token());
    EXPECT_EQ(out.times, 0);
    stop.request_stop();
    EXPECT_EQ(out.times, 1);
    EXPECT_EQ(out.result.error, std::errc::operation_canceled);
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(object.count(), 1U);

    eventfd empty;
    outcome late;
    read_once(empty, late, efd::inline_executor{}, stop.get_token()); // asked to stop before it came
    EXPECT_EQ(late.result.error, std::errc::operation_canceled);
    outcome lucky;
    read_once(object, lucky, efd::inline_executor{}, stop.get_token()); // there is something at the last look
    EXPECT_EQ(lucky.result.error, std::errc{});
    EXPECT_EQ(lucky.result.value, 1U);
}

TEST(coroutine, the_object_lives_while_it_is_awaited) {
    auto object = std::make_unique<eventfd>();
    eventfd second = object->duplicate();
    outcome out;
    read_once(*object, out);
    object.reset();
    EXPECT_TRUE(second.signal());
    EXPECT_EQ(out.result.value, 1U);
}

TEST(coroutine, inside_a_callback_it_may_be_started_and_stopped) {
    eventfd object;
    eventfd other;
    std::stop_source stop;
    outcome started;
    outcome stopped;
    read_once(object, stopped, efd::inline_executor{}, stop.get_token());
    called_entry entry([&](std::uint32_t) {
        read_once(object, started);
        stop.request_stop();
        stop.request_stop();
        EXPECT_EQ(stopped.times, 0); // nothing of the user's runs in here
        return 0;
    });
    std::uint32_t ready = 0;
    ASSERT_EQ(other.add_wait_queue(entry, ready), std::errc{});
    EXPECT_TRUE(other.signal());
    EXPECT_EQ(other.remove_wait_queue(entry), std::errc{});
    EXPECT_EQ(stopped.times, 1);
    EXPECT_EQ(stopped.result.error, std::errc::operation_canceled);
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(started.times, 1);
    EXPECT_EQ(started.result.value, 1U);
}

TEST(coroutine, destroyed_while_it_waits_it_leaves_the_queue) {
    eventfd object;
    outcome out;
    read_once(object, out).handle.destroy();
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(out.times, 0);
    EXPECT_EQ(object.count(), 1U);
}

TEST(coroutine, a_stop_that_races_a_signal_loses_no_unit) {
    std::uint64_t taken = 0;
    int cancelled = 0;
    eventfd object;
    race writer([&] { (void)object.signal(); });
    for (const int round : as_many_as(race_rounds)) {
        std::stop_source stop;
        outcome out;
        const std::uint64_t before = object.count();
        read_once(object, out, efd::inline_executor{}, stop.get_token());
        writer.go(round % 64);
        for (int i = 0; i < round % 37; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
        stop.request_stop();
        ASSERT_TRUE(eventually([&] { return out.times == 1; })) << "round " << round;
        writer.join();
        if (out.result.error == std::errc{})
            taken += out.result.value;
        else
            ++cancelled;
        ASSERT_LE(before, 1U);
        ASSERT_EQ(taken + object.count(), static_cast<std::uint64_t>(round) + 1) << "cancelled " << cancelled;
    }
}

TEST(coroutine, a_stop_inside_a_callback_races_a_signal) {
    eventfd object;
    eventfd other;
    std::stop_source* current = nullptr;
    called_entry entry([&](std::uint32_t) { return current->request_stop(), 0; });
    std::uint32_t ready = 0;
    ASSERT_EQ(other.add_wait_queue(entry, ready), std::errc{});
    std::uint64_t taken = 0;
    race writer([&] { (void)object.signal(); });
    for (const int round : as_many_as(race_rounds)) {
        std::stop_source stop;
        current = &stop;
        outcome out;
        read_once(object, out, efd::inline_executor{}, stop.get_token());
        writer.go(round % 64);
        EXPECT_TRUE(other.signal());
        ASSERT_TRUE(eventually([&] { return out.times == 1; })) << "round " << round;
        writer.join();
        taken += out.result.error == std::errc{} ? out.result.value : 0;
        ASSERT_EQ(taken + object.count(), static_cast<std::uint64_t>(round) + 1);
    }
    EXPECT_EQ(other.remove_wait_queue(entry), std::errc{});
}

TEST(coroutine, a_start_that_races_a_stop_ends) {
    std::stop_source* current = nullptr;
    race stopper([&] { current->request_stop(); });
    eventfd used;
    for (const int round : as_many_as(race_rounds)) {
        eventfd fresh; // in half of the rounds its wait queue is made in the race
        std::stop_source stop;
        current = &stop;
        outcome out;
        stopper.go(round % 64);
        read_once(round % 2 == 0 ? fresh : used, out, efd::inline_executor{}, stop.get_token());
        stopper.join();
        ASSERT_EQ(out.times, 1) << "round " << round;
        ASSERT_EQ(out.result.error, std::errc::operation_canceled);
    }
}

TEST(coroutine, a_start_that_races_a_signal_is_not_forgotten) {
    eventfd object;
    race writer([&] { (void)object.signal(); });
    for (const int round : as_many_as(race_rounds)) {
        outcome out;
        writer.go(round % 64);
        read_once(object, out);
        writer.join();
        ASSERT_TRUE(eventually([&] { return out.times == 1; })) << "round " << round;
        ASSERT_EQ(out.result.value, 1U);
    }
}

// Two signalling threads, readers that read again and again; half of them are stopped all the time, or none.
void storm(flags how, bool with_stops) {
    const std::uint64_t units = static_cast<std::uint64_t>(race_rounds) * 5;
    eventfd object(0, how);
    run_queue queue;
    std::atomic<std::uint64_t> taken{0};
    std::atomic<int> alive{8};
    std::stop_source end;
    std::stop_source current;
    auto reads = [&](bool unsteady) -> detached {
        while (!end.stop_requested()) {
            const std::stop_token token = unsteady ? current.get_token() : end.get_token();
            const read_result got = co_await efd::async_read(object, on_queue{&queue}, token);
            if (got.error == std::errc{}) taken += got.value;
        }
        --alive;
    };
    auto stop_and_run = [&] {
        if (with_stops) {
            current.request_stop();
            current = std::stop_source();
        }
        queue.run_all();
    };
    for (int i = alive; i > 0; --i) reads(with_stops && i % 2 == 0);
    auto signals = [&] {
        for (std::uint64_t i = 0; i < units; ++i) {
            (void)object.signal();
            if (i % 16 == 0) std::this_thread::yield();
        }
    };
    std::jthread one(signals);
    std::jthread two(signals);
    EXPECT_TRUE(eventually([&] { return stop_and_run(), taken == 2 * units; })) << taken << " of " << 2 * units;
    end.request_stop();
    EXPECT_TRUE(eventually([&] { return stop_and_run(), alive == 0; }));
    EXPECT_EQ(taken, 2 * units);
    EXPECT_EQ(object.count(), 0U);
}

TEST(coroutine, a_storm_of_signals_loses_no_unit) { storm(flags::none, false); }
TEST(coroutine, a_storm_of_signals_loses_no_unit_of_a_semaphore) { storm(flags::semaphore, false); }
TEST(coroutine, a_storm_of_signals_and_stops_loses_no_unit) { storm(flags::none, true); }
TEST(coroutine, a_storm_of_signals_and_stops_loses_no_unit_of_a_semaphore) { storm(flags::semaphore, true); }

} // namespace
} // namespace efd::tests
