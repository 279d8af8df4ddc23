// SPDX-License-Identifier: MIT
// The wait queue: who is called, in which order, and what a callback may do.
#include <efd/eventfd.hpp>

#include "api/internal_access.hpp"
#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <deque>
#include <memory>
#include <sys/time.h>
#include <vector>

namespace efd::tests {
namespace {

using core::poll_in;
using core::poll_out;
using entry = called_entry;

TEST(wait_queue, an_entry_is_called_for_each_write_signal_and_read_that_its_mask_meets) {
    eventfd object;
    std::vector<std::uint32_t> keys;
    entry both([&](std::uint32_t key) { return keys.push_back(key), 0; });
    int ins = 0;
    entry only_in([&](std::uint32_t) { return ++ins, 0; }, poll_in);
    EXPECT_EQ(add(object, both), poll_out);
    add(object, only_in);
    std::uint64_t value = 0;
    EXPECT_EQ(object.write(2), std::errc{});
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(object.write(0), std::errc{}); // an edge like any other
    EXPECT_EQ(object.write(1000), std::errc{});
    EXPECT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(object.try_read(value), std::errc::resource_unavailable_try_again); // failed: no wake
    EXPECT_EQ(keys, (std::vector<std::uint32_t>{poll_in, poll_in, poll_in, poll_in, poll_out}));
    EXPECT_EQ(ins, 4);
    EXPECT_EQ(object.remove_wait_queue(both), std::errc{});
    EXPECT_EQ(object.remove_wait_queue(only_in), std::errc{});
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(keys.size(), 5U);
}

TEST(wait_queue, the_sealed_regime_calls_entries_too) {
    eventfd object(UINT64_MAX - 1);
    std::vector<std::uint32_t> keys;
    entry both([&](std::uint32_t key) { return keys.push_back(key), 0; });
    EXPECT_EQ(add(object, both), poll_in);
    EXPECT_TRUE(object.signal());
    EXPECT_TRUE(object.signal()); // saturated, and a wake all the same (K-134)
    EXPECT_EQ(object.try_write(1), std::errc::resource_unavailable_try_again);
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(object.write(0), std::errc{});
    EXPECT_EQ(keys, (std::vector<std::uint32_t>{poll_in, poll_in, poll_out, poll_in}));
    EXPECT_EQ(object.remove_wait_queue(both), std::errc{});
}

TEST(wait_queue, adding_twice_and_removing_a_stranger_are_refused) {
    eventfd object;
    eventfd other;
    entry e([](std::uint32_t) { return 0; });
    EXPECT_EQ(object.remove_wait_queue(e), std::errc::invalid_argument);
    add(object, e);
    std::uint32_t ready = 0;
    EXPECT_EQ(object.add_wait_queue(e, ready), std::errc::invalid_argument);
    EXPECT_EQ(other.add_wait_queue(e, ready), std::errc::invalid_argument);
    EXPECT_EQ(other.remove_wait_queue(e), std::errc::invalid_argument);
    EXPECT_EQ(efd::internal_access::context_of(object)->references(), 2U); // the entry holds one
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
    EXPECT_EQ(efd::internal_access::context_of(object)->references(), 1U);
    wait_queue_entry empty;
    EXPECT_EQ(object.add_wait_queue(empty, ready), std::errc::invalid_argument);
}

TEST(wait_queue, a_callback_removes_itself_its_neighbours_and_adds_others) {
    eventfd object;
    int late = 0;
    entry added_inside([&](std::uint32_t) { return ++late, 0; });
    int neighbour_calls = 0;
    entry neighbour([&](std::uint32_t) { return ++neighbour_calls, 0; });
    auto self = std::make_unique<entry>([](std::uint32_t) { return 0; });
    self->on_wake = [&](std::uint32_t) {
        EXPECT_EQ(object.remove_wait_queue(neighbour), std::errc{});
        add(object, added_inside);
        EXPECT_EQ(object.remove_wait_queue(*self), std::errc{});
        const auto body = std::move(self->on_wake); // this lambda outlives the entry that holds it
        self.reset();
        return 0;
    };
    add(object, neighbour);
    add(object, *self); // at the head: called first
    object.signal();
    EXPECT_EQ(self, nullptr);
    EXPECT_EQ(neighbour_calls, 0);
    EXPECT_EQ(late, 0) << "who joins during a wake waits for the next";
    object.signal();
    EXPECT_EQ(late, 1);
    EXPECT_EQ(object.remove_wait_queue(added_inside), std::errc{});
}

// The thread that adds the first entry makes the queue; of two that do so at once both entries must be served.
TEST(wait_queue, two_first_entries_at_once_join_one_queue) {
    constexpr int rounds = 2000;
    std::deque<eventfd> objects(rounds); // all alive, so that each has a slot, and a queue, of its own
    std::deque<entry> entries;
    std::atomic<int> calls{0};
    for (int i = 0; i < 2 * rounds; ++i)
        entries.emplace_back([&calls](std::uint32_t) { return calls.fetch_add(1), 0; }, efd::core::poll_in);
    std::barrier<> both(2);
    const auto add_all = [&](std::size_t which) {
        for (std::size_t i = 0; i < rounds; ++i) {
            std::uint32_t ready = 0;
            both.arrive_and_wait();
            EXPECT_EQ(objects[i].add_wait_queue(entries[2 * i + which], ready), std::errc{});
        }
    };
    {
        observed_thread one([&] { add_all(0); });
        observed_thread other([&] { add_all(1); });
        ASSERT_TRUE(one.seen_done());
        ASSERT_TRUE(other.seen_done());
    }
    for (eventfd& object : objects) (void)object.write(1);
    EXPECT_EQ(calls.load(), 2 * rounds);
    for (std::size_t i = 0; i < 2 * rounds; ++i) EXPECT_EQ(objects[i / 2].remove_wait_queue(entries[i]), std::errc{});
}

TEST(recursion_guard, signal_in_a_callback_is_refused_and_can_be_deferred) {
    eventfd object;
    eventfd other;
    struct later : efd::deferred_work {
        eventfd* target = nullptr;
        bool allowed = false;
    } work;
    work.target = &other;
    work.callback = [](efd::deferred_work& self) {
        auto& own = static_cast<later&>(self);
        own.allowed = efd::signal_allowed();
        own.target->signal();
    };
    bool allowed_inside = true;
    bool accepted_inside = true;
    entry e(
        [&](std::uint32_t) {
            allowed_inside = efd::signal_allowed();
            accepted_inside = object.signal() || other.signal();
            efd::defer(work);
            EXPECT_EQ(other.count(), 0U);
            return 0;
        },
        poll_in);
    add(object, e);
    EXPECT_TRUE(efd::signal_allowed());
    EXPECT_TRUE(object.signal());
    EXPECT_FALSE(allowed_inside);
    EXPECT_FALSE(accepted_inside);
    EXPECT_TRUE(work.allowed);
    EXPECT_EQ(object.count(), 1U);
    EXPECT_EQ(other.count(), 1U);
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
}

// Two objects whose callbacks write to each other: every wake is run, none inside another, whatever the length.
TEST(recursion_guard, a_chain_of_writes_between_callbacks_does_not_nest) {
    eventfd a;
    eventfd b;
    int depth = 0;
    int deepest = 0;
    int steps = 0;
    const auto pass_on = [&](eventfd& to) {
        return [&](std::uint32_t) {
            deepest = std::max(deepest, ++depth);
            if (++steps < 100'000) (void)to.write(1);
            --depth;
            return 0;
        };
    };
    entry on_a(pass_on(b), poll_in);
    entry on_b(pass_on(a), poll_in);
    add(a, on_a);
    add(b, on_b);
    a.signal();
    EXPECT_EQ(steps, 100'000);
    EXPECT_EQ(deepest, 1);
    EXPECT_EQ(a.remove_wait_queue(on_a), std::errc{});
    EXPECT_EQ(b.remove_wait_queue(on_b), std::errc{});
}

TEST(recursion_guard, a_callback_that_would_sleep_is_told_so) {
    eventfd object;
    eventfd empty;
    const std::chrono::steady_clock::time_point past{};
    std::errc end{};
    std::errc late_end{};
    std::errc full_end{};
    entry e([&](std::uint32_t) {
        std::uint64_t value = 0;
        end = empty.read(value);
        late_end = empty.read_until(value, past); // would not sleep
        full_end = eventfd(eventfd::max()).write_until(1, past);
        return 0;
    });
    add(object, e);
    object.signal();
    EXPECT_EQ(end, std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(late_end, std::errc::timed_out);
    EXPECT_EQ(full_end, std::errc::timed_out);
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
}

TEST(wait_queue, a_callback_may_give_the_last_reference_back) {
    auto* const object = efd::core::context::create(0, 0);
    entry e([](std::uint32_t) { return 0; }, poll_in);
    e.on_wake = [&](std::uint32_t) {
        EXPECT_EQ(object->remove_wait_queue(e), efd::base::status::ok);
        object->put();
        return 0;
    };
    std::uint32_t ready = 0;
    ASSERT_EQ(object->add_wait_queue(e, ready), efd::base::status::ok);
    const int id = object->id();
    object->signal();
    EXPECT_EQ(eventfd().id(), id);
}

TEST(recursion_guard, a_deferred_signal_in_a_callback_counts_at_once_and_is_told_after_it) {
    for (const std::uint64_t start : {std::uint64_t{0}, efd::core::packed_limit - 2, efd::core::packed_limit}) {
        eventfd object(start);
        int depth = 0;
        int calls = 0;
        std::vector<std::uint64_t> counts;
        entry e(
            [&](std::uint32_t) {
                EXPECT_EQ(++depth, 1) << "no callback inside a callback";
                if (++calls < 5) object.signal_deferred();
                EXPECT_FALSE(object.signal());
                counts.push_back(object.count() - start);
                --depth;
                return 0;
            },
            poll_in);
        add(object, e);
        EXPECT_TRUE(object.signal());
        EXPECT_EQ(calls, 5);
        EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 3, 4, 5, 5}));
        EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
        EXPECT_EQ(efd::internal_access::context_of(object)->references(), 1U);
    }
}

TEST(wait_queue, no_wake_is_lost_and_none_runs_twice_at_once_under_contention) {
    eventfd object(0, flags::semaphore);
    std::atomic<int> inside{0};
    std::atomic<long> calls{0};
    entry e(
        [&](std::uint32_t) {
            EXPECT_EQ(++inside, 1);
            ++calls;
            --inside;
            return 0;
        },
        poll_in);
    add(object, e);
    constexpr int each = 50'000;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < each; ++i) object.signal();
            });
        threads.emplace_back([&] { // joins and leaves all the while
            for (int i = 0; i < 2000; ++i) {
                entry passing([](std::uint32_t) { return 0; });
                add(object, passing);
                EXPECT_EQ(object.remove_wait_queue(passing), std::errc{});
            }
        });
    }
    EXPECT_EQ(calls, 3L * each);
    EXPECT_EQ(object.count(), 3U * each);
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
}

TEST(wait_queue, remove_waits_until_the_callback_has_returned) {
    eventfd object;
    std::atomic<bool> entered{false};
    std::atomic<bool> go_on{false};
    std::atomic<bool> left{false};
    entry e([&](std::uint32_t) {
        entered = true;
        while (!go_on) std::this_thread::yield();
        left = true;
        return 0;
    });
    add(object, e);
    observed_thread signaller([&] { object.signal(); });
    ASSERT_TRUE(eventually([&] { return entered.load(); }));
    object.signal(); // does not wait: its wake is left to the thread inside
    bool left_first = false;
    observed_thread remover([&] {
        EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
        left_first = left;
    });
    EXPECT_TRUE(remover.seen_asleep());
    go_on = true;
    ASSERT_TRUE(remover.seen_done());
    ASSERT_TRUE(signaller.seen_done());
    EXPECT_TRUE(left_first);
}

eventfd* struck = nullptr;
std::atomic<long> strikes{0};
void strike(int) {
    struck->signal_deferred();
    ++strikes;
}

// A handler signals, again and again, the object whose callbacks and queue the interrupted thread is in the midst of.
TEST(wait_queue, signals_from_a_handler_in_the_midst_of_everything_are_all_told) {
    eventfd object;
    struck = &object;
    std::atomic<long> calls{0};
    entry e([&](std::uint32_t) { return ++calls, 0; }, poll_in);
    add(object, e);
    struct sigaction action{};
    action.sa_handler = strike;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
    itimerval every{{0, 50}, {0, 50}};
    setitimer(ITIMER_REAL, &every, nullptr);
    long own = 0;
    std::uint64_t taken = 0;
    while (strikes < 2000) {
        entry passing([](std::uint32_t) { return 0; });
        add(object, passing);
        own += object.signal() ? 1 : 0;
        std::uint64_t value = 0;
        if (object.try_read(value) == std::errc{}) taken += value;
        EXPECT_EQ(object.remove_wait_queue(passing), std::errc{});
    }
    every = {};
    setitimer(ITIMER_REAL, &every, nullptr);
    signal(SIGALRM, SIG_IGN);
    EXPECT_EQ(calls, own + strikes);
    EXPECT_EQ(taken + object.count(), static_cast<std::uint64_t>(own + strikes));
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
}

} // namespace
} // namespace efd::tests
