// SPDX-License-Identifier: MIT
// Whose callbacks run when: no signaller is kept by others' wakes, deferred work finds nothing of the library's held,
// and waits for no other work.
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <vector>

namespace efd::tests {
namespace {

using core::poll_in;
using core::poll_out;
using entry = called_entry;

struct later : efd::core::deferred_work {
    explicit later(std::function<void()> does) : act(std::move(does)) {
        callback = [](efd::core::deferred_work& work) { static_cast<later&>(work).act(); };
    }
    void defer() { efd::core::defer(*this); }
    std::function<void()> act;
};

// QUEUE_BOUND: the one signal returns although another thread goes on signalling, faster than callbacks run.
TEST(callbacks, no_signaller_is_kept_by_the_wakes_of_others) {
    eventfd object;
    entry slow([](std::uint32_t) {
        for (volatile int turns = 0; turns < 2000;) turns = turns + 1;
        return 0;
    });
    add(object, slow);
    std::atomic<bool> is_over{false};
    std::jthread others([&] {
        while (!is_over.load()) (void)object.signal();
    });
    for (int visit = 0; visit < 50; ++visit) {
        observed_thread visitor([&] { (void)object.signal(); });
        const bool came_back = visitor.seen_done();
        if (!came_back) is_over = true;
        ASSERT_TRUE(came_back);
    }
    is_over = true;
    others.join();
    EXPECT_EQ(object.remove_wait_queue(slow), std::errc{});
}

// More wakes than one holder runs at once, and nobody comes after it: it runs them all.
TEST(callbacks, every_wake_that_was_left_to_a_holder_is_run) {
    constexpr int left = 1000;
    eventfd object;
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_go{false};
    std::atomic<int> calls{0};
    entry counting([&](std::uint32_t) {
        if (calls.fetch_add(1) != 0) return 0;
        is_inside = true;
        EXPECT_TRUE(eventually([&] { return may_go.load(); }));
        return 0;
    });
    add(object, counting);
    {
        std::jthread holder([&] { (void)object.signal(); });
        ASSERT_TRUE(eventually([&] { return is_inside.load(); }));
        for (int i = 0; i < left; ++i) ASSERT_TRUE(object.signal());
        may_go = true;
    }
    EXPECT_EQ(calls.load(), left + 1);
    EXPECT_EQ(object.remove_wait_queue(counting), std::errc{});
}

TEST(callbacks, work_that_work_causes_runs_before_the_call_that_caused_it_returns) {
    eventfd x;
    eventfd y;
    std::vector<int> order;
    later second([&] { order.push_back(2); });
    later first([&] {
        order.push_back(1);
        (void)y.write(1);
        order.push_back(3);
    });
    entry on_x([&](std::uint32_t) { return first.defer(), 0; });
    entry on_y([&](std::uint32_t) { return second.defer(), 0; });
    add(x, on_x);
    add(y, on_y);
    (void)x.write(1);
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(x.remove_wait_queue(on_x), std::errc{});
    EXPECT_EQ(y.remove_wait_queue(on_y), std::errc{});
}

// Work nests, but not without bound: a long chain of works needs no long stack.
TEST(callbacks, a_long_chain_of_works_ends) {
    constexpr int length = 200000;
    eventfd object;
    int runs = 0;
    std::array<std::optional<later>, 2> works;
    entry deferring([&](std::uint32_t) {
        if (runs < length) works.at(static_cast<std::size_t>(runs % 2))->defer();
        return 0;
    });
    for (auto& work : works)
        work.emplace([&] {
            ++runs;
            (void)object.write(1);
        });
    add(object, deferring);
    (void)object.write(1);
    EXPECT_EQ(runs, length);
    EXPECT_EQ(object.remove_wait_queue(deferring), std::errc{});
}

// A callback in the midst of a take by a set takes the object out of that set, and may end the set.
TEST(callbacks, a_member_leaves_its_set_in_the_callback_of_its_take) {
    for (const bool nested : {false, true}) {
        wait_set outer;
        wait_set set;
        eventfd object(1);
        const int place = set.add(object, 1);
        if (nested) outer.add(set, 0);
        std::errc end = std::errc::resource_unavailable_try_again;
        later removal([&] { end = set.remove(place); });
        entry leaving(
            [&](std::uint32_t) {
                end = set.remove(place);
                if (end == std::errc::resource_deadlock_would_occur) removal.defer();
                return 0;
            },
            poll_out);
        add(object, leaving);
        set_event got{};
        EXPECT_EQ((nested ? outer : set).wait_any(got), std::errc{});
        EXPECT_EQ(got.value, 1U);
        EXPECT_EQ(end, std::errc{});
        EXPECT_EQ(set.size(), 0U);
        EXPECT_EQ(object.remove_wait_queue(leaving), std::errc{});
    }
}

TEST(callbacks, a_set_ends_in_the_callback_of_its_take) {
    for (const bool deferred : {false, true}) {
        auto set = std::make_optional<wait_set>();
        eventfd object(1);
        set->add(object, 1);
        later end([&] { set.reset(); });
        entry ending(
            [&](std::uint32_t) {
                if (deferred)
                    end.defer();
                else
                    set.reset();
                return 0;
            },
            poll_out);
        add(object, ending);
        set_event got{};
        EXPECT_EQ(set->try_any(got), std::errc{});
        EXPECT_FALSE(set.has_value());
        EXPECT_EQ(object.remove_wait_queue(ending), std::errc{});
        ASSERT_TRUE(object.signal());
    }
}

// An object in several sets is told to each by the writer itself, also while others' callbacks run on it.
TEST(callbacks, every_set_hears_a_write_beside_a_callback_that_goes_on) {
    eventfd object;
    std::array<wait_set, 12> sets;
    for (wait_set& set : sets) set.add(object, 1);
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_go{false};
    entry busy([&](std::uint32_t) {
        is_inside = true;
        EXPECT_TRUE(eventually([&] { return may_go.load(); }));
        return 0;
    });
    add(object, busy);
    {
        std::jthread holder([&] { (void)object.signal(); });
        ASSERT_TRUE(eventually([&] { return is_inside.load(); }));
        std::uint64_t value = 0;
        ASSERT_EQ(object.try_read(value), std::errc{});
        ASSERT_TRUE(object.signal());
        for (wait_set& set : sets) {
            set_event got{};
            EXPECT_EQ(set.try_any(got), std::errc{});
            ASSERT_TRUE(object.signal());
        }
        may_go = true;
    }
    EXPECT_EQ(object.remove_wait_queue(busy), std::errc{});
}

} // namespace
} // namespace efd::tests
