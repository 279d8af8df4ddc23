// SPDX-License-Identifier: MIT
// The patterns of examples/ that readers copy, included as they are: under signals with and without SA_RESTART, with
// jobs and items that throw, and under stress.
#define main bounded_queue_main
#include "examples/bounded_queue.cpp"
#undef main
#define main thread_pool_main
#include "examples/thread_pool.cpp"
#undef main

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <stdexcept>

namespace efd::tests {
namespace {

constexpr int stress = under_sanitizer ? 2000 : 20000;

// A handler for SIGUSR1 that counts, for as long as this lives.
class counted_signal {
  public:
    explicit counted_signal(int flags) {
        handled = 0;
        struct sigaction action{};
        action.sa_handler = [](int) { handled.fetch_add(1); };
        action.sa_flags = flags;
        EXPECT_EQ(::sigaction(SIGUSR1, &action, &before_), 0);
    }
    ~counted_signal() { ::sigaction(SIGUSR1, &before_, nullptr); }
    counted_signal& operator=(counted_signal&&) = delete; // neither copied nor moved
    // Sends one and waits until it was handled; ThreadSanitizer keeps it for later, but interrupts the wait.
    static void send(pthread_t to) {
        const int before = handled;
        EXPECT_EQ(::pthread_kill(to, SIGUSR1), 0);
        if (!under_tsan) {
            EXPECT_TRUE(eventually([&] { return handled > before; }));
        }
    }
    static inline std::atomic<int> handled{0};

  private:
    struct sigaction before_{};
};
class with_signals : public testing::TestWithParam<int> {
    counted_signal handler_{GetParam()};
};
using pool_with_signals = with_signals;
using queue_with_signals = with_signals;
INSTANTIATE_TEST_SUITE_P(flags, pool_with_signals, testing::Values(0, SA_RESTART));
INSTANTIATE_TEST_SUITE_P(flags, queue_with_signals, testing::Values(0, SA_RESTART));

// The threads of a pool, known by a job that each of them has taken.
struct known_workers {
    explicit known_workers(thread_pool& pool) {
        for (int i = 0; i < count; ++i)
            pool.submit([this] {
                const int number = known.fetch_add(1);
                threads[number] = pthread_self();
                tids[number] = this_tid();
                while (known < count) std::this_thread::yield();
                ready.fetch_add(1);
            });
        while (ready < count) std::this_thread::yield();
    }
    static constexpr int count = 3;
    pthread_t threads[count] = {};
    pid_t tids[count] = {};
    std::atomic<int> known{0};
    std::atomic<int> ready{0};
};

TEST_P(pool_with_signals, idle_workers_go_on) {
    std::atomic<int> done{0};
    thread_pool pool(known_workers::count);
    known_workers workers(pool);
    for (int i = 0; i < known_workers::count; ++i) {
        EXPECT_TRUE(eventually([&] { return asleep_now(workers.tids[i]); }));
        counted_signal::send(workers.threads[i]);
    }
    for (int i = 0; i < 10; ++i) pool.submit([&] { ++done; });
    EXPECT_TRUE(eventually([&] { return done == 10; })) << done;
}

TEST(pool, a_job_that_throws_costs_itself_alone) {
    std::atomic<int> done{0};
    std::atomic<int> failed{0};
    {
        thread_pool pool(2, [&](const std::exception_ptr& what) {
            EXPECT_THROW(std::rethrow_exception(what), std::runtime_error);
            ++failed;
        });
        thread_pool silent(1);
        for (int i = 0; i < 10; ++i) {
            pool.submit([] { throw std::runtime_error("a job"); });
            pool.submit([&] { ++done; });
            silent.submit([] { throw 1; });
            silent.submit([&] { ++done; });
        }
    }
    EXPECT_EQ(failed, 10);
    EXPECT_EQ(done, 20);
}

TEST(pool, what_jobs_submit_while_the_pool_ends_is_done) {
    for (int round = 0; round < stress / 100; ++round) {
        std::atomic<int> done{0};
        std::function<void(int)> chain;
        {
            thread_pool pool(2);
            chain = [&](int left) {
                ++done;
                if (left > 0) pool.submit([&chain, left] { chain(left - 1); });
            };
            pool.submit([&chain] { chain(20); });
        }
        ASSERT_EQ(done, 21);
    }
}

TEST_P(pool_with_signals, stress_does_every_job_once) {
    std::atomic<int> done{0};
    std::atomic<int> failed{0};
    {
        thread_pool pool(known_workers::count, [&](const std::exception_ptr&) { ++failed; });
        known_workers workers(pool);
        auto submits = [&] {
            for (int i = 0; i < stress; ++i)
                pool.submit([&, i] {
                    if (i % 10 == 0) throw std::runtime_error("a job");
                    ++done;
                });
        };
        std::jthread one(submits), two(submits);
        for (int i = 0; i < 200; ++i) counted_signal::send(workers.threads[i % known_workers::count]);
    }
    EXPECT_EQ(done, 2 * stress / 10 * 9);
    EXPECT_EQ(failed, 2 * stress / 10);
}

TEST_P(queue_with_signals, push_and_pop_go_on) {
    bounded_queue<int, 2> items;
    int got = 0;
    observed_thread pops([&] { got = items.pop(); });
    EXPECT_TRUE(pops.seen_asleep());
    counted_signal::send(pops.native());
    EXPECT_TRUE(pops.seen_asleep());
    items.push(7);
    EXPECT_TRUE(pops.seen_done());
    EXPECT_EQ(got, 7);
    items.push(1);
    items.push(2);
    observed_thread pushes([&] { items.push(3); });
    EXPECT_TRUE(pushes.seen_asleep());
    counted_signal::send(pushes.native());
    EXPECT_TRUE(pushes.seen_asleep());
    EXPECT_EQ(items.pop(), 1);
    EXPECT_TRUE(pushes.seen_done());
    EXPECT_EQ(items.pop(), 2);
    EXPECT_EQ(items.pop(), 3);
}

// An item whose assignment throws once it was assigned so many times (once by push, once by try_pop), and its copy once
// it was copied so many times (by pop).
struct failing_item {
    static constexpr int never = 1000;
    int value = 0;
    int assignments = never;
    int copies = never;

    failing_item() = default;
    explicit failing_item(int v, int a = never, int c = never) : value(v), assignments(a), copies(c) {}
    failing_item(const failing_item& other)
        : value(other.value), assignments(other.assignments), copies(spend(other.copies)) {}
    failing_item& operator=(const failing_item& other) {
        assignments = spend(other.assignments);
        value = other.value;
        copies = other.copies;
        return *this;
    }

  private:
    static int spend(int left) { return left > 0 ? left - 1 : throw std::runtime_error("no memory"); }
};

TEST(queue, an_item_that_throws_costs_itself_alone) {
    bounded_queue<failing_item, 2> items;
    for (int lap = 0; lap < 5; ++lap) {
        failing_item got;
        EXPECT_THROW(items.push(failing_item(1, 0)), std::runtime_error);
        items.push(failing_item(2));
        EXPECT_TRUE(items.try_pop(got));
        EXPECT_EQ(got.value, 2);
        EXPECT_FALSE(items.try_pop(got));
        items.push(failing_item(3, failing_item::never, 0));
        EXPECT_THROW((void)items.pop(), std::runtime_error);
        items.push(failing_item(4, 1));
        items.push(failing_item(5));
        EXPECT_THROW((void)items.try_pop(got), std::runtime_error);
        EXPECT_EQ(items.pop().value, 5);
        EXPECT_FALSE(items.try_pop(got));
    }
}

// An item whose assignment into the queue stops until it may go on.
struct stopping_item {
    int value = 0;
    std::atomic<bool>* may_go_on = nullptr;
    static inline std::atomic<bool> stopped{false};

    stopping_item() = default;
    explicit stopping_item(int v, std::atomic<bool>* until = nullptr) : value(v), may_go_on(until) {}
    stopping_item(const stopping_item&) = default;
    stopping_item& operator=(const stopping_item& other) {
        stopped = other.may_go_on != nullptr;
        while (other.may_go_on != nullptr && !*other.may_go_on) std::this_thread::yield();
        value = other.value;
        return *this;
    }
};

TEST(queue, try_pop_does_not_wait_for_a_producer_that_is_stopped) {
    bounded_queue<stopping_item, 4> items;
    std::atomic<bool> may_go_on{false};
    stopping_item got;
    observed_thread slow([&] { items.push(stopping_item(1, &may_go_on)); });
    EXPECT_TRUE(eventually([] { return stopping_item::stopped.load(); }));
    items.push(stopping_item(2));
    EXPECT_FALSE(items.try_pop(got)); // and returns: its place is behind the one that is not there yet
    may_go_on = true;
    EXPECT_TRUE(slow.seen_done());
    for (int value = 1; value <= 2; ++value) {
        EXPECT_TRUE(items.try_pop(got));
        EXPECT_EQ(got.value, value);
    }
}

// Producers and consumers of both kinds, items that throw, signals all the time: each item comes once, or threw.
TEST_P(queue_with_signals, stress_loses_no_item) {
    bounded_queue<failing_item, 8> items;
    constexpr int last = -1;
    std::atomic<long> came{0};
    std::atomic<long> threw_in_push{0};
    std::atomic<int> threw_in_pop{0};
    auto produce = [&] {
        for (int i = 1; i <= stress; ++i) {
            try {
                items.push(failing_item(i, i % 97 == 0 ? 0 : failing_item::never));
                items.push(failing_item(0, 1, 0)); // throws when it is popped
            } catch (const std::runtime_error&) {
                threw_in_push += i;
            }
        }
    };
    auto consume = [&](bool sleeps) {
        for (failing_item item; item.value != last; came += item.value == last ? 0 : item.value) {
            item.value = 0;
            try {
                if (sleeps)
                    item.value = items.pop().value;
                else if (!items.try_pop(item))
                    std::this_thread::yield();
            } catch (const std::runtime_error&) {
                ++threw_in_pop;
                item.value = 0;
            }
        }
    };
    std::jthread consumers[] = {std::jthread(consume, true), std::jthread(consume, false)};
    {
        std::jthread producers[] = {std::jthread(produce), std::jthread(produce)};
        for (int i = 0; i < 200; ++i) {
            (void)::pthread_kill(producers[i % 2].native_handle(), SIGUSR1); // it may have ended
            counted_signal::send(consumers[i % 2].native_handle());
        }
    }
    for (int i = 0; i < 2; ++i) items.push(failing_item(last));
    for (std::jthread& consumer : consumers) consumer.join();
    EXPECT_EQ(came + threw_in_push, static_cast<long>(stress) * (stress + 1));
    EXPECT_EQ(threw_in_pop, 2 * (stress - stress / 97));
}

} // namespace
} // namespace efd::tests
