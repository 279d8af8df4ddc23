// SPDX-License-Identifier: MIT
// A test that waits for the word of a process that is dead fails, and does not hang.
#include "share/processes.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace {

using efd::tests::byte_line;
using efd::tests::process;

TEST(Processes, one_that_ends_without_a_word_is_a_failure_of_the_test) {
    const byte_line line;
    process silent([] { return 3; });
    EXPECT_NONFATAL_FAILURE(EXPECT_EQ(silent.hear(line), '\0'), "exit status 3");
    EXPECT_EQ(silent.end(), 3);
}

TEST(Processes, one_that_is_killed_is_a_failure_of_the_test) {
    const byte_line line;
    process killed([] { return ::raise(SIGKILL); });
    EXPECT_NONFATAL_FAILURE(EXPECT_EQ(killed.hear(line), '\0'), "killed by signal 9");
}

TEST(Processes, the_last_word_of_one_that_ends_is_heard) {
    const byte_line line;
    process brief([&] {
        line.say(1, 'b');
        return 0;
    });
    EXPECT_EQ(brief.hear(line), 'b');
    EXPECT_EQ(brief.end(), 0);
    process late([&] {
        line.say(1, 'l');
        return 0;
    });
    EXPECT_EQ(late.end(), 0);
    EXPECT_EQ(line.hear(0), 'l');
}

} // namespace
