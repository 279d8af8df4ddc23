// SPDX-License-Identifier: MIT
// The io object of adapters/asio.hpp, on standalone Asio and (with EFD_USE_BOOST_ASIO) on Boost.Asio: completion
// tokens, cancellation, outstanding work, the end of object and context; and that no unit is lost, whatever races.
#include "adapters/race.hpp"
#include "adapters/which_asio.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace efd::tests {
namespace {

namespace net = under_test::net;

// Lets a context run until it has handled something; false after a bound that means a lost handler.
bool run_one(net::io_context& context) {
    context.restart();
    return context.run_one_for(patience) == 1;
}

TEST(asio, a_callback_gets_the_value_but_never_from_within_the_call) {
    net::io_context context;
    io_eventfd object(context, 7);
    outcome out;
    object.async_read(out.handler());
    EXPECT_EQ(out.times, 0);
    EXPECT_EQ(context.run(), 1U);
    EXPECT_EQ(out.times, 1);
    EXPECT_FALSE(out.error);
    EXPECT_EQ(out.value, 7U);
}

TEST(asio, run_does_not_end_while_a_read_waits) {
    net::io_context context;
    io_eventfd object(context);
    outcome out;
    object.async_read(out.handler());
    EXPECT_EQ(context.poll(), 0U);
    EXPECT_FALSE(context.stopped());
    observed_thread runs([&] { context.run(); });
    EXPECT_EQ(object.object().write(3), std::errc{});
    EXPECT_TRUE(runs.seen_done());
    EXPECT_EQ(out.value, 3U);
}

TEST(asio, in_semaphore_mode_a_write_of_n_serves_n) {
    net::io_context context;
    io_eventfd object(context, 0, flags::semaphore);
    std::vector<outcome> outs(4);
    for (outcome& out : outs) object.async_read(out.handler());
    EXPECT_EQ(object.object().write(3), std::errc{});
    context.poll();
    EXPECT_EQ(outs[0].times + outs[1].times + outs[2].times, 3);
    EXPECT_EQ(outs[3].times, 0);
    object.cancel();
    context.run();
    EXPECT_EQ(outs[3].error, net::error::operation_aborted);
}

TEST(asio, a_future_and_an_awaitable_get_the_value) {
    net::io_context context;
    io_eventfd object(context, 5);
    auto future = object.async_read(net::use_future);
    context.run();
    EXPECT_EQ(future.get(), 5U);
    auto aborted = object.async_read(net::use_future);
    object.cancel();
    context.restart();
    context.run();
    EXPECT_ANY_THROW(aborted.get());

    std::uint64_t sum = 0;
    net::co_spawn(
        context,
        [&]() -> net::awaitable<void> {
            co_await object.async_wait(io_eventfd::wait_read, net::use_awaitable);
            for (int i = 0; i < 2; ++i) sum += co_await object.async_read(net::use_awaitable);
        },
        net::detached);
    context.restart();
    context.poll();
    EXPECT_TRUE(object.object().signal());
    context.poll();
    EXPECT_EQ(sum, 1U);
    EXPECT_EQ(object.object().write(9), std::errc{});
    context.run();
    EXPECT_EQ(sum, 10U);
}

#ifdef TEST_HAS_DEFERRED
TEST(asio, a_deferred_read_starts_when_it_is_called) {
    net::io_context context;
    io_eventfd object(context, 4);
    auto later = object.async_read(net::deferred);
    EXPECT_EQ(object.object().count(), 4U);
    outcome out;
    std::move(later)(out.handler());
    context.run();
    EXPECT_EQ(out.value, 4U);
}
#endif

TEST(asio, a_wait_tells_of_readiness_and_takes_nothing) {
    net::io_context context;
    io_eventfd object(context);
    int readable = 0;
    int writable = 0;
    object.async_wait(io_eventfd::wait_read, [&](error_code e) { readable += e ? 100 : 1; });
    object.async_wait(io_eventfd::wait_read, [&](error_code e) { readable += e ? 100 : 1; });
    object.async_wait(io_eventfd::wait_write, [&](error_code e) { writable += e ? 100 : 1; });
    context.poll();
    EXPECT_EQ(writable, 1);
    EXPECT_EQ(object.object().write(UINT64_MAX - 1), std::errc{});
    object.async_wait(io_eventfd::wait_write, [&](error_code e) { writable += e ? 100 : 1; });
    context.poll();
    EXPECT_EQ(readable, 2);
    EXPECT_EQ(writable, 1);
    std::uint64_t value = 0;
    EXPECT_EQ(object.object().read(value), std::errc{});
    EXPECT_EQ(value, UINT64_MAX - 1);
    context.run();
    EXPECT_EQ(writable, 2);
}

TEST(asio, the_end_of_the_io_object_cancels) {
    net::io_context context;
    outcome out;
    std::optional<io_eventfd> object(std::in_place, context);
    efd::eventfd second = object->object().duplicate();
    object->async_read(out.handler());
    io_eventfd moved = std::move(*object);
    object.reset();
    context.poll();
    EXPECT_EQ(out.times, 0); // waits on, in the one it was moved to
    {
        const io_eventfd gone = std::move(moved);
    }
    context.run();
    EXPECT_EQ(out.error, net::error::operation_aborted);
    EXPECT_TRUE(second.signal());
    EXPECT_EQ(second.count(), 1U);
}

TEST(asio, the_end_of_the_context_drops_the_handler_and_takes_nothing) {
    efd::eventfd object;
    auto held = std::make_shared<int>(0);
    {
        net::io_context context;
        net::co_spawn(
            context,
            [keep = held, second = object.duplicate()]() mutable -> net::awaitable<void> {
                io_eventfd own(co_await net::this_coro::executor, std::move(second));
                (void)co_await own.async_read(net::use_awaitable);
            },
            net::detached);
        context.poll();
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(object.count(), 1U);
}

TEST(asio, the_end_of_the_context_gives_back_what_was_on_its_way) {
    efd::eventfd object;
    outcome out;
    {
        net::io_context context;
        io_eventfd own(context, object.duplicate());
        own.async_read(out.handler());
        EXPECT_EQ(object.write(6), std::errc{});
        EXPECT_EQ(object.count(), 0U); // taken, and posted to a context that never runs again
    }
    EXPECT_EQ(out.times, 0);
    EXPECT_EQ(object.count(), 6U);
}

#ifdef TEST_HAS_SLOTS
TEST(asio, a_cancellation_slot_ends_one_read_of_several) {
    net::io_context context;
    io_eventfd object(context);
    for (const auto type : {net::cancellation_type::total, net::cancellation_type::terminal}) {
        net::cancellation_signal signal;
        outcome kept;
        outcome ended;
        object.async_read(kept.handler());
        object.async_read(net::bind_cancellation_slot(signal.slot(), ended.handler()));
        signal.emit(type);
        context.restart();
        context.poll();
        EXPECT_EQ(ended.error, net::error::operation_aborted);
        signal.emit(type); // no reader is left
        EXPECT_TRUE(object.object().signal());
        EXPECT_TRUE(run_one(context));
        EXPECT_EQ(kept.value, 1U);
    }
}

TEST(asio, a_slot_that_races_a_signal_loses_no_unit) {
    net::io_context context;
    io_eventfd object(context);
    race writer([&] { (void)object.object().signal(); });
    std::uint64_t taken = 0;
    for (const int round : as_many_as(race_rounds)) {
        net::cancellation_signal signal;
        outcome out;
        object.async_read(net::bind_cancellation_slot(signal.slot(), out.handler()));
        writer.go(round % 64);
        for (int i = 0; i < round % 37; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
        signal.emit(net::cancellation_type::total);
        ASSERT_TRUE(run_one(context)) << "round " << round;
        writer.join();
        taken += out.error ? 0 : out.value;
        ASSERT_EQ(taken + object.object().count(), static_cast<std::uint64_t>(round) + 1);
    }
}
#endif

TEST(asio, the_end_of_an_io_object_that_races_a_signal_loses_no_unit) {
    net::io_context context;
    efd::eventfd object;
    race writer([&] { (void)object.signal(); });
    std::uint64_t taken = 0;
    for (const int round : as_many_as(race_rounds)) {
        outcome out;
        {
            io_eventfd own(context, object.duplicate());
            own.async_read(out.handler());
            writer.go(round % 64);
        }
        ASSERT_TRUE(run_one(context)) << "round " << round;
        writer.join();
        taken += out.error ? 0 : out.value;
        ASSERT_EQ(taken + object.count(), static_cast<std::uint64_t>(round) + 1);
    }
}

TEST(asio, the_end_of_a_context_that_races_a_signal_loses_no_unit) {
    efd::eventfd object;
    race writer([&] { (void)object.signal(); });
    auto reads = [&]() -> net::awaitable<void> {
        io_eventfd own(co_await net::this_coro::executor, object.duplicate());
        (void)co_await own.async_read(net::use_awaitable);
    };
    for (const int round : as_many_as(race_rounds / 10)) {
        {
            net::io_context context;
            net::co_spawn(context, reads, net::detached);
            context.poll();
            writer.go(round % 64);
        }
        writer.join();
        std::uint64_t back = 0;
        ASSERT_EQ(object.try_read(back), std::errc{}) << "round " << round;
        ASSERT_EQ(back, 1U);
    }
}

// Readers on a pool, half of which is cancelled all the time, and two signallers.
TEST(asio, a_storm_of_signals_and_cancels_loses_no_unit) {
    const std::uint64_t units = static_cast<std::uint64_t>(race_rounds);
    net::thread_pool pool(2);
    efd::eventfd object(0, flags::semaphore);
    std::atomic<std::uint64_t> taken{0};
    std::atomic<bool> end{false};
    struct reader {
        under_test::basic_eventfd<net::strand<net::thread_pool::executor_type>> from;
        std::atomic<std::uint64_t>& sum;
        std::atomic<bool>& stop;
        void again() {
            from.async_read([this](error_code e, std::uint64_t v) {
                if (!e) sum += v;
                if (!stop) again();
            });
        }
    };
    std::vector<std::unique_ptr<reader>> readers;
    for (int i = 0; i < 4; ++i) {
        readers.push_back(std::unique_ptr<reader>(
            new reader{{net::make_strand(pool.get_executor()), object.duplicate()}, taken, end}));
        net::post(readers.back()->from.get_executor(), [own = readers.back().get()] { own->again(); });
    }
    std::vector<std::jthread> writers;
    for (int w = 0; w < 2; ++w)
        writers.emplace_back([&] {
            for (std::uint64_t i = 0; i < units; ++i) (void)object.signal();
        });
    auto cancel_all = [&] {
        for (auto& each : readers) net::post(each->from.get_executor(), [own = each.get()] { own->from.cancel(); });
        std::this_thread::yield();
    };
    EXPECT_TRUE(eventually([&] { return cancel_all(), taken == 2 * units; })) << taken << " of " << 2 * units;
    end = true;
    cancel_all();
    pool.join();
    EXPECT_EQ(taken, 2 * units);
    EXPECT_EQ(object.count(), 0U);
}

} // namespace
} // namespace efd::tests
