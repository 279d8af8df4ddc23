// SPDX-License-Identifier: MIT
// tests/dropin/limits/number_limits_test.cpp: the numbers that are the kernel's always, by the table alone: few
// machines let a process have as many descriptors as it takes to get the highest.
#include "dropin/table/table.hpp"

#include <gtest/gtest.h>

namespace efd::dropin {
namespace {

bool is_noted_once_made(int fd) {
    begin_noting();
    eventfd_creation creation;
    creation.note(fd, 0, 0, nullptr);
    return slot_of(fd) != nullptr;
}

TEST(number_limits, the_lowest_and_the_highest_are_the_kernels) {
    EXPECT_FALSE(is_noted_once_made(2));
    EXPECT_TRUE(is_noted_once_made(3));
    EXPECT_TRUE(is_noted_once_made(65535));
    EXPECT_FALSE(is_noted_once_made(65536));
    EXPECT_FALSE(is_noted_once_made(1 << 20));
}

} // namespace
} // namespace efd::dropin
