// SPDX-License-Identifier: MIT
// A unit that comes after a waiter's try, from a process that is killed before the waiter looks for the dead. The test
// acts in the first call that the look makes.
#include <efd/arena.hpp>

#include "share/processes.hpp"
#include "share/wrapped_syscall.hpp"

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <sys/syscall.h>
#include <utility>

namespace {

std::function<void()> before_look;
#ifdef SYS_fcntl64
constexpr long look = SYS_fcntl64;
#else
constexpr long look = SYS_fcntl;
#endif

} // namespace

static std::optional<long> answer_instead_of_kernel(long number) {
    if (number == look && before_look) std::exchange(before_look, nullptr)();
    return std::nullopt;
}

namespace {

using efd::arena;
using efd::arena_role;
using efd::eventfd;
using efd::tests::byte_line;
using efd::tests::process;

TEST(OrphanUnits, a_death_that_was_met_beside_a_unit_is_told_after_it) {
    const std::string name = "orphan-units-test" + std::to_string(::getpid());
    const arena shared = arena::create(name, {.first_look = std::chrono::milliseconds(1)});
    const byte_line line;
    process producer([&] {
        const arena own = arena::open(name);
        const eventfd jobs = own.make("jobs");
        line.say(1);
        if (line.hear(1) == 'x' && jobs.write(1) == std::errc{}) line.say(1);
        (void)line.hear(1); // until it is killed
        return 0;
    });
    ASSERT_EQ(producer.hear(line), 'x');
    const auto jobs = shared.find("jobs", arena_role::waits);
    ASSERT_TRUE(jobs);
    before_look = [&] {
        line.say(0);
        EXPECT_EQ(producer.hear(line), 'x');
        producer.kill();
    };
    const efd::wait_options soon{.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1),
                                 .owner_death = true};
    EXPECT_EQ(jobs.object.read(soon).value, 1U);
    EXPECT_FALSE(before_look) << "the waiter has not looked";
    EXPECT_EQ(jobs.object.read(soon).error, std::errc::owner_dead);
}

} // namespace
