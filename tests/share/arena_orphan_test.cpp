// SPDX-License-Identifier: MIT
// A waiter that asks hears of the death of the last process that might have signalled its object.
#include <efd/arena.hpp>

#include "share/processes.hpp"

#include <gtest/gtest.h>
#include <string>

namespace efd::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Holds the arena `name` and its object "jobs" as one that signals, writes so many units, says so, and stays.
class producer : public process {
  public:
    producer(const std::string& name, std::uint64_t units, const byte_line& line)
        : process([&] {
              const arena shared = arena::open(name);
              const auto jobs = shared.find("jobs");
              if (!jobs || (units > 0 && jobs.object.write(units) != std::errc{})) return 1;
              line.say(1);
              (void)line.hear(1); // until it is killed, or told to end well
              return 0;
          }) {
        EXPECT_EQ(hear(line), 'x');
    }
};

struct ArenaOrphan : testing::Test {
    std::string name = own_name("arena-orphan-test");
    byte_line line;
    arena shared = arena::create(name, {.first_look = milliseconds(1), .last_look = milliseconds(5)});
    eventfd jobs{0};

    // Made by a process that has let go of it, so that this one only waits.
    void SetUp() override {
        process maker([&] {
            const arena own = arena::open(name);
            (void)own.make("jobs");
            return 0;
        });
        ASSERT_EQ(maker.end(), 0);
        auto found = shared.find("jobs", arena_role::waits);
        ASSERT_TRUE(found);
        jobs = std::move(found.object);
    }
    [[nodiscard]] efd::read_result read() const { return jobs.read(wait_options{.owner_death = true}); }
    [[nodiscard]] std::errc read_for_a_moment() const {
        return jobs.read(wait_options{.deadline = steady_clock::now() + milliseconds(30), .owner_death = true}).error;
    }
};

TEST_F(ArenaOrphan, it_is_told_once_and_after_the_units) {
    producer one(name, 2, line);
    one.kill();
    EXPECT_EQ(read().value, 2U);
    EXPECT_EQ(read().error, std::errc::owner_dead);
    EXPECT_EQ(read_for_a_moment(), std::errc::timed_out);
}

TEST_F(ArenaOrphan, it_is_told_while_it_sleeps) {
    producer one(name, 0, line);
    process killer([&] {
        while (!efd::common::is_asleep_in_futex(::getppid(), ::getppid())) ::sched_yield();
        ::kill(one.pid(), SIGKILL);
        return 0;
    });
    EXPECT_EQ(read().error, std::errc::owner_dead);
    EXPECT_EQ(killer.end(), 0);
}

TEST_F(ArenaOrphan, it_is_not_told_while_another_signals) {
    byte_line other_line;
    producer one(name, 0, line);
    producer other(name, 0, other_line);
    one.kill();
    EXPECT_EQ(read_for_a_moment(), std::errc::timed_out);
    other.kill();
    EXPECT_EQ(read().error, std::errc::owner_dead);
    producer next(name, 0, line);
    EXPECT_EQ(read_for_a_moment(), std::errc::timed_out);
    next.kill();
    EXPECT_EQ(read().error, std::errc::owner_dead); // once for each time
}

TEST_F(ArenaOrphan, a_process_that_lets_go_is_no_death) {
    producer one(name, 0, line);
    line.say(0);
    EXPECT_EQ(one.end(), 0);
    EXPECT_EQ(read_for_a_moment(), std::errc::timed_out);
}

TEST_F(ArenaOrphan, one_that_only_waits_is_not_missed) {
    process waiter([&] {
        const arena own = arena::open(name);
        const auto found = own.find("jobs", arena_role::waits);
        line.say(1);
        (void)line.hear(1);
        return static_cast<int>(found.object.count());
    });
    EXPECT_EQ(waiter.hear(line), 'x');
    waiter.kill();
    EXPECT_EQ(read_for_a_moment(), std::errc::timed_out);
}

TEST_F(ArenaOrphan, one_that_comes_after_the_death_is_told) {
    producer one(name, 0, line);
    one.kill();
    EXPECT_GE(shared.reap(), 1U); // its copy of this arena, and its own
    EXPECT_EQ(read().error, std::errc::owner_dead);
    process late([&] {
        const arena own = arena::open(name);
        const auto found = own.find("jobs", arena_role::waits);
        return found.object.read(wait_options{.owner_death = true}).error == std::errc::owner_dead ? 0 : 1;
    });
    EXPECT_EQ(late.end(), 0);
}

TEST_F(ArenaOrphan, one_that_does_not_ask_sleeps_on) {
    producer one(name, 0, line);
    one.kill();
    std::uint64_t value = 0;
    EXPECT_EQ(jobs.read_for(value, milliseconds(30)), std::errc::timed_out);
}

} // namespace
} // namespace efd::tests
