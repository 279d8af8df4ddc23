// SPDX-License-Identifier: MIT
// tests/dropin/limits/number_limits_test.cpp: limits of numbers, by the table alone: few machines let a process have as
// many descriptors as it takes to get the highest, and few programs guess a number at the right moment.
#include "dropin/table/table.hpp"

#include <gtest/gtest.h>

namespace efd::dropin {
namespace {

bool is_noted_once_made(int fd) {
    begin_noting();
    note_eventfd(fd, 0, 0, before_making(), nullptr);
    return slot_of(fd) != nullptr;
}

TEST(number_limits, the_lowest_and_the_highest_are_the_kernels) {
    EXPECT_FALSE(is_noted_once_made(2));
    EXPECT_TRUE(is_noted_once_made(3));
    EXPECT_TRUE(is_noted_once_made(65535));
    EXPECT_FALSE(is_noted_once_made(65536));
    EXPECT_FALSE(is_noted_once_made(1 << 20));
}

TEST(number_limits, a_number_that_is_duplicated_before_the_call_that_makes_it_returns_is_not_demoted) {
    constexpr int guessed = 100;
    begin_noting();
    const std::uint32_t before = before_making();
    before_duplicated(guessed);
    note_eventfd(guessed, 0, 0, before, nullptr);
    EXPECT_FALSE(is_demoted(slot_at(guessed)->word.load(base::acquire)));
    before_duplicated(guessed);
    EXPECT_TRUE(is_demoted(slot_at(guessed)->word.load(base::acquire)));
}

} // namespace
} // namespace efd::dropin
