// SPDX-License-Identifier: MIT
// Objects of an arena, between processes: waits, ids, names, forks, and peers that are killed.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "api/internal_access.hpp"
#include "common/libc.hpp"
#include "share/calls.hpp"
#include "share/layout.hpp"
#include "share/processes.hpp"
#include "share/reaped.hpp"

#include <atomic>
#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using common::close_from;
using std::chrono::milliseconds;

TEST(Arena, objects_count_as_all_do) {
    const arena shared;
    const eventfd object = shared.make(5);
    EXPECT_EQ(object.count(), 5U);
    EXPECT_EQ(object.write(2), std::errc{});
    EXPECT_EQ(taken(object), 7U);
    EXPECT_EQ(object.write(eventfd::max()), std::errc{}); // a huge count
    EXPECT_EQ(object.try_write(1), eagain);
    EXPECT_EQ(taken(object), eventfd::max());
    const eventfd semaphore = shared.make(3, flags::semaphore);
    EXPECT_EQ(taken(semaphore), 1U);
    EXPECT_EQ(semaphore.count(), 2U);
    EXPECT_EQ(refused([&] { (void)shared.make(~std::uint64_t{0}); }), std::errc::invalid_argument);
}

TEST(Arena, what_needs_a_watcher_is_not_supported) {
    const arena shared;
    const eventfd object = shared.make();
    efd::wait_set set;
    efd::wait_queue_entry entry;
    entry.callback = [](efd::wait_queue_entry&, std::uint32_t) { return 0; };
    std::uint32_t ready = 0;
    EXPECT_EQ(refused([&] { set.add(object, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(refused([&] { (void)object.fd(); }), std::errc::operation_not_supported);
    EXPECT_EQ(object.add_wait_queue(entry, ready), std::errc::operation_not_supported);
    EXPECT_EQ(set.size(), 0U);
}

TEST(Arena, a_child_of_fork_wakes_its_parent_and_is_woken) {
    const arena shared;
    const eventfd forth = shared.make();
    const eventfd back = shared.make();
    process child([&] {
        std::uint64_t value = 0;
        if (forth.read(value) != std::errc{} || value != 3) return 1;
        return back.write(4) == std::errc{} ? 0 : 2;
    });
    EXPECT_TRUE(child.seen_asleep());
    EXPECT_EQ(forth.write(3), std::errc{});
    std::uint64_t value = 0;
    EXPECT_EQ(back.read(value), std::errc{});
    EXPECT_EQ(value, 4U);
    EXPECT_EQ(child.end(), 0);
}

TEST(Arena, another_process_finds_it_by_name_and_its_objects_by_name_and_id) {
    const std::string name = own_name("arena-test-names");
    byte_line line;
    process other([&] { // forked before there is any arena
        if (line.hear(1) == '\0') return 1;
        const arena shared = arena::open(name);
        const auto jobs = shared.find("jobs");
        if (!jobs) return 2;
        const auto results = shared.at(jobs.object.count());
        if (!results) return 3;
        (void)taken(jobs.object);
        if (shared.find("nobody").error != std::errc::no_such_file_or_directory) return 4;
        std::uint64_t value = 0;
        if (jobs.object.read(value) != std::errc{}) return 5;
        return results.object.write(value + 1) == std::errc{} ? 0 : 6;
    });
    const arena shared = arena::create(name, {.slots = 10});
    EXPECT_EQ(refused([&] { (void)arena::create(name); }), std::errc::file_exists);
    const eventfd results = shared.make();
    const eventfd jobs = shared.make("jobs", shared.id(results));
    EXPECT_EQ(refused([&] { (void)shared.make("jobs"); }), std::errc::file_exists);
    line.say(0);
    EXPECT_TRUE(eventually([&] { return jobs.count() == 0; }));
    EXPECT_EQ(jobs.write(7), std::errc{});
    std::uint64_t value = 0;
    EXPECT_EQ(results.read(value), std::errc{});
    EXPECT_EQ(value, 8U);
    EXPECT_EQ(other.end(), 0);
    EXPECT_EQ(shared.list().size(), 1U);
    EXPECT_EQ(shared.remove("jobs"), std::errc{});
    EXPECT_EQ(shared.remove("jobs"), std::errc::no_such_file_or_directory);
    EXPECT_TRUE(shared.list().empty());
}

TEST(Arena, a_name_ends_with_its_last_process) {
    const std::string name = own_name("arena-test-end");
    {
        const arena shared = arena::create(name);
    }
    EXPECT_EQ(refused([&] { (void)arena::open(name); }), std::errc::no_such_file_or_directory);
    process killed([&] {
        const arena shared = arena::create(name);
        ::raise(SIGKILL);
        return 0;
    });
    EXPECT_EQ(killed.end(), -SIGKILL);
    EXPECT_EQ(refused([&] { (void)arena::open(name); }), std::errc::no_such_file_or_directory);
    const arena again = arena::open_or_create(name);
    EXPECT_EQ(again.make(1).count(), 1U);
}

TEST(Arena, an_id_of_an_object_that_is_gone_is_stale) {
    const arena shared({.slots = 1});
    std::uint64_t id = 0;
    {
        const eventfd object = shared.make(1);
        id = shared.id(object);
        EXPECT_EQ(shared.at(id).object, object);
        EXPECT_EQ(refused([&] { (void)shared.make(); }), std::errc::no_space_on_device);
    }
    EXPECT_EQ(shared.at(id).error, stale);
    const eventfd next = shared.make(2);
    EXPECT_EQ(shared.at(id).error, stale);
    EXPECT_NE(shared.id(next), id);
    for (const std::uint64_t nonsense : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1}, id + 1})
        EXPECT_EQ(shared.at(nonsense).error, stale) << nonsense;
    EXPECT_EQ(next.count(), 2U);
}

// The parent lets go of an object that its child holds by the fork alone.
TEST(Arena, a_slot_is_not_used_again_while_a_child_holds_it) {
    const arena shared({.slots = 2});
    auto object = std::make_unique<eventfd>(shared.make(1));
    const std::uint64_t id = shared.id(*object);
    byte_line line;
    process child([&] {
        line.say(1);
        if (line.hear(1) == '\0') return 1;
        return taken(*object) == 1 && shared.id(*object) == id ? 0 : 2;
    });
    object.reset();
    const eventfd other = shared.make(10);
    EXPECT_EQ(refused([&] { (void)shared.make(20); }), std::errc::no_space_on_device);
    EXPECT_EQ(child.hear(line), 'x');
    EXPECT_EQ(refused([&] { (void)shared.make(20); }), std::errc::no_space_on_device);
    line.say(0);
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(reaped(shared, 1U), 1U); // it has ended without giving anything back
    EXPECT_EQ(shared.make(30).count(), 30U);
}

TEST(Arena, what_a_killed_process_held_is_free_again) {
    const arena shared({.slots = 3});
    const eventfd kept = shared.make(1);
    for (int round = 0; round < 20; ++round) {
        byte_line line;
        process victim([&] {
            const eventfd a = shared.make();
            const eventfd b = shared.make();
            line.say(1);
            (void)line.hear(1);
            return static_cast<int>(a.count() + b.count());
        });
        EXPECT_EQ(victim.hear(line), 'x');
        EXPECT_EQ(refused([&] { (void)shared.make(); }), std::errc::no_space_on_device);
        victim.kill();
        const eventfd a = shared.make(); // reaps by itself
        const eventfd b = shared.make();
    }
    EXPECT_EQ(kept.count(), 1U);
}

// A unit that is there, and no wake: as a writer leaves it that is killed between the two.
TEST(Arena, a_sleeper_whose_writer_was_killed_before_its_wake_looks_by_itself) {
    const arena shared({.first_look = milliseconds(1), .last_look = milliseconds(20)});
    const eventfd object = shared.make();
    process sleeper([&] {
        std::uint64_t value = 0;
        return object.read(value) == std::errc{} && value == 1 ? 0 : 1;
    });
    EXPECT_TRUE(sleeper.seen_asleep());
    auto& word = reinterpret_cast<std::atomic<std::uint64_t>&>(efd::internal_access::object_of(object));
    word.fetch_add(efd::core::one_unit);
    EXPECT_EQ(sleeper.end(), 0);
}

// The kernel wakes the sleepers in the order in which they fell asleep: the first is stopped, chosen and killed.
TEST(Arena, a_chosen_sleeper_that_is_killed_takes_no_wake_with_it) {
    const arena shared({.first_look = milliseconds(0), .last_look = milliseconds(0)}); // nobody looks
    const eventfd object = shared.make(0, flags::semaphore);
    const auto reads = [&] {
        std::uint64_t value = 0;
        return object.read(value) == std::errc{} ? 0 : 1;
    };
    for (int round = 0; round < 50; ++round) {
        process victim(reads);
        EXPECT_TRUE(victim.seen_asleep());
        process second(reads);
        EXPECT_TRUE(second.seen_asleep());
        process third(reads);
        EXPECT_TRUE(third.seen_asleep());
        ::kill(victim.pid(), SIGSTOP);
        EXPECT_EQ(object.write(1), std::errc{});
        victim.kill();
        EXPECT_TRUE(eventually([&] { return object.count() == 0; })); // one of the others took it
        EXPECT_EQ(object.write(1), std::errc{});
        EXPECT_EQ(second.end(), 0);
        EXPECT_EQ(third.end(), 0);
        EXPECT_EQ(object.count(), 0U);
    }
}

TEST(Arena, timed_and_cancelled_waits_end) {
    const arena shared({.first_look = milliseconds(1), .last_look = milliseconds(1)});
    const eventfd object = shared.make();
    std::uint64_t value = 0;
    EXPECT_EQ(object.read_for(value, milliseconds(20)), std::errc::timed_out);
    std::stop_source source;
    std::jthread canceller([&] { source.request_stop(); });
    EXPECT_EQ(object.read(value, source.get_token()), std::errc::operation_canceled);
}

TEST(Arena, an_arena_whose_handle_is_gone_lives_with_its_objects) {
    eventfd object(0);
    {
        const arena shared;
        object = shared.make(3);
    }
    EXPECT_EQ(object.count(), 3U);
    EXPECT_EQ(taken(object), 3U);
}

TEST(Arena, it_goes_over_a_socket_and_through_a_descriptor) {
    const arena shared;
    const eventfd object = shared.make(9);
    const std::uint64_t id = shared.id(object);
    byte_line line;
    shared.send(line.end(0));
    const arena received = arena::receive(line.end(1));
    EXPECT_EQ(taken(received.at(id).object), 9U);
    const arena attached = arena::attach(shared.fd());
    EXPECT_EQ(object.write(4), std::errc{});
    EXPECT_EQ(taken(attached.at(id).object), 4U);
}

TEST(Arena, a_life_line_closed_behind_our_back_is_said) {
    process child([] {
        const arena shared;
        const eventfd named = shared.make("a");
        close_from(3);
        if (shared.find("a").error != stale) return 1;
        if (shared.remove("a") != stale) return 2;
        return refused([&] { (void)shared.make("b"); }) == std::error_code(ESTALE, std::generic_category()) ? 0 : 3;
    });
    EXPECT_EQ(child.end(), 0);
}

TEST(Arena, children_and_their_children_hold_it) {
    const arena shared({.slots = 4, .processes = 4});
    const eventfd done = shared.make(0, flags::semaphore);
    process child([&] {
        process grandchild([&] { return done.write(1) == std::errc{} && shared.find("x").error != stale ? 0 : 1; });
        if (grandchild.end() != 0) return 1;
        return done.write(1) == std::errc{} ? 0 : 2;
    });
    std::uint64_t value = 0;
    EXPECT_EQ(done.read(value), std::errc{});
    EXPECT_EQ(done.read(value), std::errc{});
    EXPECT_EQ(child.end(), 0);
}

// As many as there are by default, all on two objects; and one more, which has no place.
TEST(Arena, sixty_four_processes_hold_it) {
    constexpr std::uint64_t others = 63;
    constexpr std::uint64_t each = 50;
    const arena shared({.slots = 8});
    const eventfd jobs = shared.make(0, flags::semaphore);
    const eventfd done = shared.make();
    const auto work = [&] {
        std::uint64_t value = 0;
        for (std::uint64_t i = 0; i < each; ++i)
            if (jobs.read(value) != std::errc{} || done.write(value) != std::errc{}) return 1;
        return 0;
    };
    std::vector<std::unique_ptr<process>> all;
    for (std::uint64_t i = 0; i < others; ++i) all.push_back(std::make_unique<process>(work));
    EXPECT_EQ(process([&] { return shared.find("x").error == stale ? 0 : 1; }).end(), 0);
    for (std::uint64_t i = 0; i < others * each; ++i) EXPECT_EQ(jobs.write(1), std::errc{});
    for (std::uint64_t sum = 0; sum < others * each;) {
        std::uint64_t value = 0;
        ASSERT_EQ(done.read(value), std::errc{});
        sum += value;
    }
    for (const auto& one : all) EXPECT_EQ(one->end(), 0);
    EXPECT_EQ(shared.reap(), others);
}

TEST(Arena, names_come_and_go_without_filling_the_table) {
    const arena shared({.slots = 8, .names = 4});
    for (int round = 0; round < 1000; ++round) {
        const std::string name = "n" + std::to_string(round);
        const eventfd object = shared.make(name, static_cast<std::uint64_t>(round));
        EXPECT_EQ(shared.find(name).object, object);
        EXPECT_EQ(shared.remove(name), std::errc{});
        EXPECT_EQ(shared.find(name).error, std::errc::no_such_file_or_directory);
    }
    std::vector<eventfd> objects;
    for (const char* name : {"a", "b", "c", "d"}) objects.push_back(shared.make(name));
    EXPECT_EQ(refused([&] { (void)shared.make("e"); }), std::errc::no_space_on_device);
    objects.clear(); // a name keeps its object
    EXPECT_EQ(shared.list().size(), 4U);
    EXPECT_TRUE(shared.find("c"));
    EXPECT_EQ(shared.remove("b"), std::errc{});
    EXPECT_EQ(shared.make("e", 5).count(), 5U);
    EXPECT_EQ(shared.find("").error, std::errc::invalid_argument);
    EXPECT_EQ(shared.find(std::string(48, 'x')).error, std::errc::invalid_argument);
}

TEST(Arena, threads_make_and_drop_objects_at_once) {
    const arena shared({.slots = 64});
    std::vector<std::jthread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 3000; ++i) {
                const eventfd object = shared.make(1);
                const auto again = shared.at(shared.id(object));
                if (again.object != object || taken(again.object) != 1) ++wrong;
            }
        });
    threads.clear();
    EXPECT_EQ(wrong.load(), 0);
    std::vector<eventfd> all;
    for (int i = 0; i < 64; ++i) all.push_back(shared.make());
    EXPECT_EQ(refused([&] { (void)shared.make(); }), std::errc::no_space_on_device);
}

// A fork takes the locks of arenas in the order in which making and ending one takes them.
TEST(Arena, a_fork_beside_threads_that_make_and_end_arenas) {
    std::atomic<bool> is_over{false};
    const std::string name = own_name("arena-test-fork");
    std::jthread anonymous([&] {
        while (!is_over) {
            const arena shared({.slots = 2});
            const eventfd object = shared.make("a");
        }
    });
    std::jthread named([&] {
        while (!is_over) {
            const arena shared = arena::open_or_create(name);
            const auto found = shared.find("x");
        }
    });
    const arena kept;
    const eventfd object = kept.make();
    for (int round = 0; round < 200; ++round) {
        process child([&] {
            const eventfd own = kept.make(1);
            return taken(own) == 1 && object.write(1) == std::errc{} ? 0 : 1;
        });
        EXPECT_EQ(child.end(), 0);
    }
    is_over = true;
    EXPECT_EQ(object.count(), 200U);
}

} // namespace
} // namespace efd::tests
