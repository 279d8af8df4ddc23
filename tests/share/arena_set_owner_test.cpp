// SPDX-License-Identifier: MIT
// Whose a set of an arena is: after a fork, and where its owner counts as dead.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/calls.hpp"
#include "share/processes.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <span>
#include <unistd.h>

namespace efd::tests {
namespace {

using std::chrono::milliseconds;

TEST(ArenaSetOwner, a_child_of_fork_has_its_parents_set_no_more) {
    const arena shared({.sets = 1});
    const eventfd object = shared.make(1);
    auto set = std::make_unique<wait_set>(shared.make_set());
    const int place = set->add(object, 1);
    process child([&] {
        set_event got{};
        std::size_t number = 0;
        if (set->try_any(got) != stale || set->wait_any(got) != stale) return 1;
        if (set->wait_ready(std::span(&got, 1), number) != stale || set->try_all(std::span(&got, 1)) != stale) return 2;
        if (set->remove(place) != stale || refused([&] { set->add(object, 2); }) != stale) return 3;
        set.reset();
        if (object.count() != 1) return 4;
        return refused([&] { (void)shared.make_set(); }) == std::errc::no_space_on_device ? 0 : 5;
    });
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(taken(*set), 1U);
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(taken(*set), 1U);
}

TEST(ArenaSetOwner, a_child_that_ends_its_parents_empty_set_takes_nothing_from_it) {
    const arena shared({.sets = 1});
    const eventfd object = shared.make();
    auto set = std::make_unique<wait_set>(shared.make_set());
    process child([&] {
        set.reset();
        return refused([&] { (void)shared.make_set(); }) == std::errc::no_space_on_device ? 0 : 1;
    });
    EXPECT_EQ(child.end(), 0);
    set->add(object, 1);
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(taken(*set), 1U);
}

// closefrom(3) and another process that reaps: the set is free there, and nobody marks it any more.
TEST(ArenaSetOwner, an_owner_that_counts_as_dead_hears_it) {
    const arena shared({.first_look = milliseconds(1), .last_look = milliseconds(5)});
    const eventfd object = shared.make();
    process child([&] {
        const eventfd own = shared.make();
        const wait_set set = shared.make_set();
        set.add(own, 1);
        const int kept = ::dup(shared.fd());
        for (int fd = 3; fd < 2000; ++fd)
            if (fd != kept) ::close(fd);
        if (object.write(1) != std::errc{}) return 1;
        set_event got{};
        if (set.wait_any(got) != stale) return 2;
        return refused([&] { set.add(own, 2); }) == stale ? 0 : 3;
    });
    std::uint64_t value = 0;
    ASSERT_EQ(object.read(value), std::errc{});
    (void)shared.reap(); // a look of the read above may have done it
    EXPECT_EQ(child.end(), 0);
}

} // namespace
} // namespace efd::tests
