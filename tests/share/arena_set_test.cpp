// SPDX-License-Identifier: MIT
// Sets of an arena: peers signal, the owner waits and takes.
#include <efd/arena.hpp>
#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include "api/internal_access.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"

#include <atomic>
#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using std::chrono::milliseconds;

TEST(ArenaSet, a_peers_signal_wakes_who_waits) {
    const arena shared;
    const eventfd quiet = shared.make();
    const eventfd object = shared.make();
    process child([&] {
        const wait_set set = shared.make_set();
        set.add(quiet, 1);
        set.add(object, 2);
        set_event got{};
        if (set.wait_any(got) != std::errc{}) return 1;
        return got.token == 2 && got.value == 5 && got.origin == 2 && set.try_any(got) == eagain ? 0 : 2;
    });
    EXPECT_TRUE(child.seen_asleep());
    EXPECT_EQ(object.write(5), std::errc{});
    EXPECT_EQ(child.end(), 0);
}

TEST(ArenaSet, units_from_before_and_from_peers_while_nobody_waits_are_found) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd early = shared.make(3);
    const eventfd late = shared.make();
    EXPECT_EQ(taken(set), 0U);
    set.add(early, 1);
    set.add(late, 2);
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    process child([&] { return late.write(1) == std::errc{} ? 0 : 1; });
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(taken(set), 2U);
    EXPECT_EQ(taken(set), 0U);
    EXPECT_EQ(late.count(), 0U);
}

// The waiter stands still meanwhile: the first signal wakes it, and no later one has anybody to wake.
TEST(ArenaSet, a_burst_to_a_sleeper_is_one_system_call) {
    constexpr std::uint32_t many = 200;
    const arena shared({.slots = many, .first_look = {}, .last_look = {}});
    std::vector<eventfd> objects;
    for (std::uint32_t i = 0; i < many; ++i) objects.push_back(shared.make());
    process waiter([&] {
        const wait_set set = shared.make_set();
        for (const eventfd& one : objects) set.add(one, 1);
        set_event got{};
        for (std::uint32_t i = 0; i < many; ++i)
            if (set.wait_any(got) != std::errc{}) return 1;
        return set.try_any(got) == eagain ? 0 : 2;
    });
    EXPECT_TRUE(waiter.seen_asleep());
    int status = 0;
    ASSERT_EQ(::kill(waiter.pid(), SIGSTOP), 0);
    ASSERT_EQ(::waitpid(waiter.pid(), &status, WUNTRACED), waiter.pid());
    const std::uint64_t before = efd_system_calls();
    for (const eventfd& one : objects) EXPECT_TRUE(one.signal());
    EXPECT_EQ(efd_system_calls() - before, 1U);
    ASSERT_EQ(::kill(waiter.pid(), SIGCONT), 0);
    EXPECT_EQ(waiter.end(), 0);
}

TEST(ArenaSet, no_member_starves_among_many) {
    constexpr std::uint32_t many = 3000;
    const arena shared({.slots = many});
    const wait_set set = shared.make_set();
    std::vector<eventfd> objects;
    for (std::uint32_t i = 0; i < many; ++i) {
        objects.push_back(shared.make());
        set.add(objects.back(), i + 1);
    }
    for (int round = 0; round < 3; ++round) {
        process child([&] {
            for (const eventfd& one : objects)
                if (one.write(1) != std::errc{}) return 1;
            return 0;
        });
        EXPECT_EQ(child.end(), 0);
        std::set<std::uint64_t> tokens;
        while (const std::uint64_t token = taken(set)) EXPECT_TRUE(tokens.insert(token).second);
        EXPECT_EQ(tokens.size(), many);
    }
    // Two that are always ready take turns.
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(objects[5].write(1), std::errc{});
        EXPECT_EQ(objects[2000].write(1), std::errc{});
        std::set<std::uint64_t> two{taken(set)};
        EXPECT_EQ(objects[static_cast<std::size_t>(*two.begin()) - 1].write(1), std::errc{});
        two.insert(taken(set));
        EXPECT_EQ(two.size(), 2U);
        (void)taken(set);
    }
}

// One that is written to before each take, and the mark of the other in the same word.
TEST(ArenaSet, a_member_that_is_always_marked_anew_starves_no_other) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd busy = shared.make();
    const eventfd other = shared.make();
    set.add(busy, 1);
    set.add(other, 2);
    for (const eventfd* const quiet : {&other, &busy}) {
        const eventfd& always = quiet == &other ? busy : other;
        ASSERT_EQ(quiet->write(1), std::errc{});
        int takes = 0;
        do {
            ASSERT_EQ(always.write(1), std::errc{});
            ASSERT_LT(++takes, 4) << "of the other";
        } while (taken(set) != (quiet == &other ? 2U : 1U));
        (void)taken(set);
    }
}

TEST(ArenaSet, waits_ready_fill_the_room_and_take_nothing) {
    const arena shared;
    const wait_set set = shared.make_set();
    std::vector<eventfd> objects;
    for (std::uint64_t i = 0; i < 100; ++i) {
        objects.push_back(shared.make(i % 2));
        set.add(objects.back(), i);
    }
    process child([&] {
        for (const eventfd& one : objects)
            if (one.write(1) != std::errc{}) return 1;
        return 0;
    });
    EXPECT_EQ(child.end(), 0);
    std::vector<set_event> room(200);
    std::size_t number = 0;
    EXPECT_EQ(set.wait_ready(room, number), std::errc{});
    EXPECT_EQ(number, 100U);
    for (std::size_t i = 0; i < number; ++i) EXPECT_EQ(room[i].value, 0U);
    EXPECT_EQ(objects[7].count(), 2U);
}

TEST(ArenaSet, private_objects_and_private_sets_are_members_as_well) {
    const arena shared;
    const wait_set set = shared.make_set();
    const wait_set inner;
    const eventfd own;
    const eventfd deep;
    const eventfd object = shared.make();
    set.add(own, 1);
    set.add(inner, 2);
    set.add(object, 3);
    inner.add(deep, 7);
    for (const eventfd* one : {&own, &deep, &object}) {
        EXPECT_EQ(taken(set), 0U);
        std::atomic<pid_t> tid{0};
        std::uint64_t token = 0;
        std::thread waiter([&] {
            tid = this_tid();
            set_event got{};
            if (set.wait_any(got) == std::errc{}) token = got.token;
        });
        EXPECT_TRUE(eventually([&] { return tid != 0 && asleep_now(tid); }));
        EXPECT_EQ(one->write(1), std::errc{});
        waiter.join();
        EXPECT_EQ(token, one == &own ? 1U : one == &deep ? 2U : 3U);
    }
}

TEST(ArenaSet, what_it_does_not_take_is_refused) {
    const arena shared;
    const arena other;
    const wait_set set = shared.make_set();
    const wait_set outer;
    const wait_set second = shared.make_set();
    const eventfd foreign = other.make();
    const eventfd object = shared.make(1);
    set_event room[4];
    EXPECT_EQ(refused([&] { set.add(foreign, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(refused([&] { outer.add(object, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(refused([&] { outer.add(set, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(refused([&] { set.add(second, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(set.size(), 0U);
    set.add(object, 1);
    EXPECT_EQ(set.try_all(room), std::errc::operation_not_supported);
    EXPECT_EQ(object.count(), 1U);
}

TEST(ArenaSet, a_removed_member_is_heard_no_more_and_its_number_serves_another) {
    const arena shared({.slots = 2});
    const wait_set set = shared.make_set();
    const eventfd first = shared.make();
    const eventfd second = shared.make();
    for (int round = 0; round < 10; ++round) {
        const int a = set.add(first, 1);
        const int b = set.add(second, 2);
        EXPECT_EQ(refused([&] { set.add(first, 3); }), std::errc::not_enough_memory); // as many as the arena has slots
        EXPECT_EQ(set.remove(a), std::errc{});
        EXPECT_EQ(set.remove(a), std::errc::invalid_argument);
        EXPECT_EQ(first.write(1), std::errc{});
        EXPECT_EQ(taken(set), 0U);
        EXPECT_EQ(second.write(1), std::errc{});
        EXPECT_EQ(taken(set), 2U);
        EXPECT_EQ(set.remove(b), std::errc{});
        std::uint64_t value = 0;
        EXPECT_EQ(first.try_read(value), std::errc{});
    }
}

TEST(ArenaSet, an_object_stands_in_four_sets) {
    const arena shared;
    const eventfd object = shared.make(0, flags::semaphore);
    std::vector<wait_set> sets;
    for (int i = 0; i < 5; ++i) sets.push_back(shared.make_set());
    for (int i = 0; i < 4; ++i) sets[static_cast<std::size_t>(i)].add(object, 1);
    EXPECT_EQ(refused([&] { sets[4].add(object, 1); }), std::errc::no_space_on_device);
    EXPECT_EQ(sets[4].size(), 0U);
    EXPECT_EQ(object.write(4), std::errc{});
    for (int i = 0; i < 4; ++i) EXPECT_EQ(taken(sets[static_cast<std::size_t>(i)]), 1U) << i;
    sets.erase(sets.begin());
    sets[3].add(object, 1);
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(taken(sets[3]), 1U);
}

TEST(ArenaSet, the_number_of_sets_is_the_arenas_and_a_killed_owners_are_free_again) {
    const arena shared({.sets = 2});
    const eventfd object = shared.make();
    byte_line line;
    process owner([&] {
        const wait_set first = shared.make_set();
        const wait_set second = shared.make_set();
        for (int i = 0; i < 2; ++i) {
            first.add(object, 1);
            second.add(object, 1);
        }
        line.say(0);
        return line.hear(0) == 'x' ? 0 : 1;
    });
    EXPECT_EQ(line.hear(1), 'x');
    EXPECT_EQ(refused([&] { (void)shared.make_set(); }), std::errc::no_space_on_device);
    owner.kill();
    const wait_set first = shared.make_set();
    const wait_set second = shared.make_set();
    EXPECT_EQ(refused([&] { (void)shared.make_set(); }), std::errc::no_space_on_device);
    first.add(object, 1); // its cells named the dead one's sets
    second.add(object, 2);
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(taken(second), 2U);
    EXPECT_EQ(refused([&] { (void)arena({.sets = 1025}); }), std::errc::invalid_argument);
    EXPECT_EQ(refused([&] { (void)arena({.sets = 0}).make_set(); }), std::errc::no_space_on_device);
}

// A peer that is killed between its add and its mark: the word has the unit, and nobody was told. The test does the add
// alone, by the object's address.
TEST(ArenaSet, a_unit_of_a_peer_that_was_killed_before_its_mark_is_found_by_a_look) {
    const arena shared({.first_look = milliseconds(20), .last_look = milliseconds(100)});
    const eventfd object = shared.make();
    byte_line line;
    process waiter([&] {
        const wait_set set = shared.make_set();
        set.add(object, 1);
        line.say(0);
        set_event got{};
        return set.wait_any(got) == std::errc{} && got.value == 1 ? 0 : 1;
    });
    EXPECT_EQ(line.hear(1), 'x');
    EXPECT_TRUE(waiter.seen_asleep());
    process victim([&] {
        auto& word = reinterpret_cast<std::atomic<std::uint64_t>&>(efd::internal_access::object_of(object));
        word.fetch_add(efd::core::one_unit);
        (void)::kill(::getpid(), SIGKILL);
        return 1;
    });
    EXPECT_EQ(victim.end(), -SIGKILL);
    EXPECT_EQ(waiter.end(), 0);
}

TEST(ArenaSet, two_waiters_get_a_unit_each) {
    const arena shared;
    const eventfd a = shared.make();
    const eventfd b = shared.make();
    const wait_set set = shared.make_set();
    set.add(a, 1);
    set.add(b, 2);
    for (int round = 0; round < 200; ++round) {
        std::atomic<pid_t> tids[2] = {0, 0};
        std::vector<std::thread> waiters;
        for (std::atomic<pid_t>& tid : tids)
            waiters.emplace_back([&] {
                tid = this_tid();
                set_event got{};
                EXPECT_EQ(set.wait_any(got), std::errc{});
            });
        const bool first_asleep = round % 2 == 0;
        for (const std::atomic<pid_t>& tid : tids)
            EXPECT_TRUE(eventually([&] { return !first_asleep || (tid != 0 && asleep_now(tid)); }));
        process child([&] { return a.write(1) == std::errc{} && b.write(1) == std::errc{} ? 0 : 1; });
        EXPECT_EQ(child.end(), 0);
        for (std::thread& one : waiters) one.join();
        EXPECT_EQ(a.count() + b.count(), 0U);
    }
}

TEST(ArenaSet, it_outlives_the_handle_to_the_arena_and_ends_while_peers_signal) {
    auto shared = std::make_unique<arena>(arena_options{.sets = 1});
    const eventfd object = shared->make();
    process child([&] {
        for (;;)
            if (object.write(1) != std::errc{}) return 1;
    });
    for (int round = 0; round < 200; ++round) {
        const wait_set set = shared->make_set();
        set.add(object, 1);
        set_event got{};
        EXPECT_EQ(set.wait_any(got), std::errc{});
    }
    const wait_set last = shared->make_set();
    last.add(object, 1);
    shared.reset();
    set_event got{};
    EXPECT_EQ(last.wait_any(got), std::errc{});
    child.kill();
}

TEST(ArenaSet, waits_end_at_their_deadline_and_by_a_stop) {
    const arena shared;
    const eventfd object = shared.make();
    const wait_set set = shared.make_set();
    set.add(object, 1);
    set_event got{};
    EXPECT_EQ(set.wait_any_for(got, milliseconds(120)), std::errc::timed_out); // beyond the first look
    std::stop_source stop;
    std::atomic<pid_t> tid{0};
    std::errc error{};
    std::thread waiter([&] {
        tid = this_tid();
        set_event none{};
        error = set.wait_any(none, stop.get_token());
    });
    EXPECT_TRUE(eventually([&] { return tid != 0 && asleep_now(tid); }));
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(error, std::errc::operation_canceled);
}

} // namespace
} // namespace efd::tests
