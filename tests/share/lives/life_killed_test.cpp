// SPDX-License-Identifier: MIT
// A process is killed at each system call of a reaping, a claim and a hand-over, and at many of their instructions; the
// next process finds every index free, and every row clear.
#include "share/life_line.hpp"

#include "share/lives/killed.hpp"
#include "share/lives/small_arena.hpp"
#include "share/reaped.hpp"
#include "support/sanitizer.hpp"

#include <cstdio>
#include <gtest/gtest.h>
#include <random>

namespace {

using namespace efd;
using share::life;
using share::life_line;
using tests::end;
using tests::outcome;
using tests::run_and_kill;
using tests::small_arena;
using tests::step;

// What the killed process does in an arena in which two processes have died before it, and what it finds.
struct operation {
    const char* name;
    void (*run)(const small_arena&);
};

constexpr std::uint32_t processes = 6;

void expect_that_all_is_freed(const small_arena& arena) {
    const life_line own = arena.claim();
    ASSERT_NE(own.index(), life_line::no_index);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at_others() == life::dead; }));
    (void)own.reap();
    for (std::uint32_t i = 0; i < processes; ++i) EXPECT_TRUE(i == own.index() || arena.is_unused(i)) << i;
    EXPECT_TRUE(arena.is_clear(own.index()));
    EXPECT_EQ(own.reap(), 0U);
}

void leave_two_dead(const small_arena& arena) {
    for (const std::uint32_t i : {0U, 3U}) {
        arena.entry(i).in_use.store(1, base::relaxed);
        arena.fill_row(i);
    }
}

const operation operations[] = {
    {"reap",
     [](const small_arena& arena) {
         const life_line line = arena.claim();
         arena.fill_row(line.index());
         (void)line.reap();
     }},
    {"claim of a dead process's index",
     [](const small_arena& arena) {
         life_line lines[processes];
         for (life_line& line : lines) line = arena.claim();
         arena.fill_row(lines[processes - 1].index());
     }},
    {"fork",
     [](const small_arena& arena) {
         life_line line = arena.claim();
         (void)line.prepare_child();
         arena.fill_row(line.child_index());
         line.in_parent(); // the fork has failed
         (void)line.prepare_child();
         arena.fill_row(line.child_index());
         line.in_child(); // alone: as if this were the child
     }},
};

class killed_at_each_step : public testing::TestWithParam<operation> {
  protected:
    // Kills it after first, first + stride, ... steps, until it completes; how many steps it then has made. Zero: it
    // cannot be traced.
    static long run(step by, long first, long stride) {
        for (long steps = first;; steps += stride) {
            const small_arena arena(processes, 4);
            leave_two_dead(arena);
            const outcome ended = run_and_kill([&] { GetParam().run(arena); }, by, steps);
            if (ended.how == end::not_permitted) return 0;
            expect_that_all_is_freed(arena);
            if (ended.how == end::completed) return ended.steps;
            if (HasFailure()) {
                ADD_FAILURE() << GetParam().name << ", killed after step " << steps;
                return steps;
            }
        }
    }
};

TEST_P(killed_at_each_step, of_the_system_calls) {
    const long steps = run(step::system_call, 0, 1);
    if (steps == 0) GTEST_SKIP() << "ptrace(2) is not permitted";
    EXPECT_GT(steps, 20);
    std::printf("%s: killed at %ld system call stops\n", GetParam().name, steps);
}

TEST_P(killed_at_each_step, of_the_instructions) {
    if (tests::under_sanitizer) GTEST_SKIP() << "a sanitizer has too many instructions of its own";
    constexpr long points = 15;
    const long all = run(step::instruction, 1'000'000, 1'000'000);
    if (all == 0) GTEST_SKIP() << "ptrace(2) is not permitted";
    const long stride = all / points + 1;
    const long first = static_cast<long>(std::random_device{}() % static_cast<unsigned>(stride));
    run(step::instruction, first, stride);
    std::printf("%s: %ld instructions, killed at the %ldth and then at every %ldth\n", GetParam().name, all, first,
                stride);
}

INSTANTIATE_TEST_SUITE_P(operations, killed_at_each_step, testing::ValuesIn(operations));

} // namespace
