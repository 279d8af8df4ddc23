// SPDX-License-Identifier: MIT
// Slots of an arena that go from one holder to another. A second attachment of the same memory has a life line and a
// row of its own, as another process has.
#include <efd/arena.hpp>

#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace {

using efd::arena;
using efd::eventfd;

std::error_code refused(const arena& from) {
    try {
        (void)from.make();
    } catch (const std::system_error& error) {
        return error.code();
    }
    return {};
}

// The first frees the slots, the other uses them, and the first frees them again.
TEST(ArenaSlots, slots_that_are_freed_twice_are_given_out_once) {
    constexpr std::size_t slots = 2;
    const arena first({.slots = slots});
    const arena other = arena::attach(first.fd());
    for (int rounds = 0; rounds < 3; ++rounds) {
        std::vector<eventfd> freed;
        for (std::size_t i = 0; i < slots; ++i) freed.push_back(first.make());
        freed.clear();
        std::vector<eventfd> used;
        for (std::size_t i = 0; i < slots; ++i) used.push_back(other.make());
        for (const eventfd& one : used) freed.push_back(std::move(first.at(other.id(one)).object));
        used.clear();
        freed.clear();
    }
    std::vector<eventfd> all;
    for (std::size_t i = 0; i < slots; ++i) all.push_back(first.make());
    EXPECT_EQ(refused(first), std::errc::no_space_on_device);
}

} // namespace
