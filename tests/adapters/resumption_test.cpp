// SPDX-License-Identifier: MIT
// co_await efd::async_read: what inline resumption promises, and what becomes of a unit whose coroutine is never
// resumed.
#include <efd/adapters/coroutine.hpp>

#include "adapters/detached.hpp"
#include "adapters/race.hpp"
#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace efd::tests {
namespace {

// Keeps what it is given until the test takes it, drops it, or throws instead.
struct kept_functions {
    std::vector<std::function<void()>> list;
    bool fails = false;
};
struct keeping_executor {
    kept_functions* to;
    void execute(std::function<void()> what) const {
        if (to->fails) throw std::runtime_error("no thread");
        to->list.push_back(std::move(what));
    }
};

template <class Executor>
detached read_into(eventfd& object, std::uint64_t& sum, Executor executor) {
    const efd::read_result got = co_await efd::async_read(object, executor);
    sum += got.value;
}

TEST(resumption, what_an_inline_coroutine_signals_is_delivered_while_it_runs) {
    eventfd go;
    eventfd question;
    eventfd answer;
    bool answered = false;
    auto answers = [&]() -> detached {
        (void)co_await efd::async_read(question);
        EXPECT_TRUE(answer.signal());
    };
    auto asks = [&]() -> detached {
        (void)co_await efd::async_read(go);
        EXPECT_TRUE(question.signal());
        std::uint64_t n = 0;
        answered = answer.read(n) == std::errc{}; // sleeps for ever if `answers` was not resumed: the test's time limit
    };
    answers();
    asks();
    EXPECT_TRUE(go.signal());
    EXPECT_TRUE(answered);
}

TEST(resumption, executors_get_their_functions_before_a_coroutine_runs_inline) {
    eventfd object(0, flags::semaphore);
    kept_functions kept;
    std::uint64_t sum = 0;
    std::size_t kept_at_resumption = 0;
    auto looks = [&]() -> detached {
        (void)co_await efd::async_read(object);
        kept_at_resumption = kept.list.size();
    };
    looks(); // first to come, and first to take
    read_into(object, sum, keeping_executor{&kept});
    EXPECT_EQ(object.write(2), std::errc{});
    EXPECT_EQ(kept_at_resumption, 1U);
    kept.list.front()();
    EXPECT_EQ(sum, 1U);
}

TEST(resumption, a_long_chain_of_inline_coroutines_has_a_bounded_stack) {
    constexpr std::size_t length = 100000;
    std::vector<eventfd> links(length + 1);
    auto passes_on = [&](std::size_t at) -> detached {
        (void)co_await efd::async_read(links[at]);
        EXPECT_TRUE(links[at + 1].signal());
    };
    for (std::size_t at = 0; at < length; ++at) passes_on(at);
    EXPECT_TRUE(links[0].signal());
    EXPECT_EQ(links[length].count(), 1U);
}

TEST(resumption, inside_a_callback_nothing_is_resumed_before_it_has_returned) {
    eventfd object;
    eventfd other;
    std::uint64_t sum = 0;
    read_into(object, sum, efd::inline_executor{});
    called_entry entry([&](std::uint32_t) {
        EXPECT_EQ(object.write(3), std::errc{});
        EXPECT_EQ(sum, 0U);
        return 0;
    });
    std::uint32_t ready = 0;
    ASSERT_EQ(other.add_wait_queue(entry, ready), std::errc{});
    EXPECT_TRUE(other.signal());
    EXPECT_EQ(sum, 3U);
    EXPECT_EQ(other.remove_wait_queue(entry), std::errc{});
}

TEST(resumption, a_function_that_is_dropped_gives_the_units_back) {
    eventfd object;
    kept_functions kept;
    std::uint64_t sum = 0;
    const auto dropped = read_into(object, sum, keeping_executor{&kept}).handle;
    EXPECT_EQ(object.write(5), std::errc{});
    EXPECT_EQ(object.count(), 0U);
    kept.list.push_back(kept.list.front()); // a copy is as good
    kept.list.erase(kept.list.begin());
    EXPECT_EQ(object.count(), 0U);
    kept.list.clear();
    EXPECT_EQ(object.count(), 5U);
    dropped.destroy(); // its owner may
    EXPECT_EQ(object.count(), 5U);
    read_into(object, sum, keeping_executor{&kept});
    EXPECT_EQ(sum, 5U);
}

TEST(resumption, an_executor_that_throws_gives_the_units_back) {
    eventfd object;
    kept_functions kept;
    kept.fails = true;
    std::uint64_t sum = 0;
    const auto dropped = read_into(object, sum, keeping_executor{&kept}).handle;
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(object.count(), 1U);
    dropped.destroy();
}

TEST(resumption, a_coroutine_that_ends_before_its_function_runs_gives_the_units_back) {
    eventfd object;
    kept_functions kept;
    std::uint64_t sum = 0;
    const auto ended = read_into(object, sum, keeping_executor{&kept}).handle;
    EXPECT_EQ(object.write(2), std::errc{});
    ended.destroy();
    EXPECT_EQ(object.count(), 2U);
    kept.list.front()(); // nothing is left to resume
    kept.list.clear();
    EXPECT_EQ(object.count(), 2U);
    EXPECT_EQ(sum, 0U);
}

TEST(resumption, the_executor_lives_while_the_coroutine_waits_and_so_does_its_work) {
    struct working_executor {
        std::shared_ptr<int> work;
        void execute(const std::function<void()>& what) const { what(); }
    };
    eventfd object;
    std::uint64_t sum = 0;
    auto work = std::make_shared<int>(0);
    read_into(object, sum, working_executor{work});
    EXPECT_GT(work.use_count(), 1);
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(sum, 1U);
    EXPECT_EQ(work.use_count(), 1);
}

TEST(resumption, a_drop_that_races_the_end_of_the_coroutine_gives_the_unit_back_once) {
    eventfd object;
    kept_functions kept;
    std::uint64_t sum = 0;
    race dropper([&] { kept.list.clear(); });
    for (int round = 0; round < race_rounds / 10; ++round) {
        const auto ended = read_into(object, sum, keeping_executor{&kept}).handle;
        EXPECT_TRUE(object.signal());
        dropper.go(round % 64);
        ended.destroy();
        dropper.join();
        std::uint64_t back = 0;
        ASSERT_EQ(object.try_read(back), std::errc{});
        ASSERT_EQ(back, 1U);
    }
}

} // namespace
} // namespace efd::tests
