// SPDX-License-Identifier: MIT
// Objects with EFD_SHARED, flags::shared: parent, children and their children have the same object, and no copy.
#include <efd/arena.hpp>
#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include "api/internal_access.hpp"
#include "share/calls.hpp"
#include "share/family.hpp"
#include "share/processes.hpp"
#include "share/range.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

const void* place_of(const eventfd& object) { return efd::internal_access::context_of(object); }

TEST(Family, objects_count_as_all_do) { // K-001, K-002, K-014, K-018, K-036
    const eventfd plain(5, flags::shared | flags::cloexec);
    EXPECT_EQ(plain.write(2), std::errc{});
    EXPECT_EQ(taken(plain), 7U);
    EXPECT_EQ(plain.write(eventfd::max()), std::errc{}); // a huge count
    EXPECT_EQ(plain.try_write(1), eagain);
    EXPECT_EQ(taken(plain), eventfd::max());
    const eventfd semaphore(3, flags::shared | flags::semaphore | flags::nonblock);
    EXPECT_TRUE(semaphore.nonblock());
    EXPECT_EQ(taken(semaphore), 1U);
    EXPECT_EQ(taken(semaphore.duplicate()), 1U);
    EXPECT_EQ(semaphore.count(), 1U);
    EXPECT_EQ(refused([] { (void)eventfd(~std::uint64_t{0}, flags::shared); }), std::errc::invalid_argument);
    EXPECT_EQ(refused([] { (void)eventfd(0, flags::shared | static_cast<flags>(2)); }), std::errc::invalid_argument);
    EXPECT_EQ(refused([] { (void)efd::arena().make(0, flags::shared); }), std::errc::invalid_argument);
}

TEST(Family, in_c_it_is_a_flag_of_efd_create) {
    errno = ENOTNAM;
    efd_t* const object = ::efd_create(4, EFD_SHARED | EFD_SEMAPHORE | EFD_NONBLOCK);
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(errno, ENOTNAM);
    EXPECT_EQ(::efd_flags(object), EFD_SEMAPHORE | EFD_NONBLOCK);
    EXPECT_EQ(status_of_child([&] { return ::efd_signal(object); }), 0);
    EXPECT_EQ(::efd_count(object), 5U);
    ::efd_put(object);
    EXPECT_EQ(::efd_create(0, EFD_SHARED | 2), nullptr);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(::efd_create(~std::uint64_t{0}, EFD_SHARED), nullptr);
    EXPECT_EQ(errno, EINVAL);
}

TEST(Family, what_needs_a_watcher_is_not_supported) {
    const eventfd object(0, flags::shared);
    efd::wait_set set;
    efd::wait_queue_entry entry;
    entry.callback = [](efd::wait_queue_entry&, std::uint32_t) { return 0; };
    std::uint32_t ready = 0;
    EXPECT_EQ(refused([&] { set.add(object, 1); }), std::errc::operation_not_supported);
    EXPECT_EQ(refused([&] { (void)object.fd(); }), std::errc::operation_not_supported);
    EXPECT_EQ(object.add_wait_queue(entry, ready), std::errc::operation_not_supported);
}

// ---- Parent and child, K-101.

TEST(Family, a_parent_asleep_in_read_is_woken_by_its_child) {
    const eventfd object(0, flags::shared);
    const pid_t reader = this_tid();
    const pid_t parent = ::getpid();
    process child([&] {
        if (!eventually([&] { return efd::common::is_asleep_in_futex(reader, parent); })) return 1;
        return object.write(3) == std::errc{} ? 0 : 2;
    });
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(value, 3U);
    EXPECT_EQ(child.end(), 0);
}

TEST(Family, a_child_asleep_in_read_is_woken_by_its_parent) {
    const eventfd object(0, flags::shared);
    process child = reader_of(object);
    EXPECT_TRUE(child.seen_asleep());
    EXPECT_EQ(object.write(9), std::errc{});
    EXPECT_EQ(child.end(), 9);
    EXPECT_EQ(object.count(), 0U);
}

TEST(Family, a_child_asleep_in_write_is_woken_by_its_parents_read) {
    const eventfd object(1, flags::shared);
    process child([&] { return object.write(eventfd::max()) == std::errc{} ? 0 : 1; });
    EXPECT_TRUE(child.seen_asleep());
    EXPECT_EQ(taken(object), 1U);
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(object.count(), eventfd::max());
}

TEST(Family, each_of_several_children_takes_a_unit) {
    const eventfd object(0, flags::shared | flags::semaphore);
    constexpr int number = 8;
    std::vector<std::unique_ptr<process>> children;
    for (int i = 0; i < number; ++i)
        children.push_back(std::make_unique<process>([&] {
            std::uint64_t value = 0;
            return object.read(value) == std::errc{} && value == 1 ? 0 : 1;
        }));
    for (const auto& child : children) EXPECT_TRUE(child->seen_asleep());
    EXPECT_EQ(object.write(number + 3), std::errc{});
    for (const auto& child : children) EXPECT_EQ(child->end(), 0);
    EXPECT_EQ(object.count(), 3U);
}

TEST(Family, the_parent_may_be_gone_first) {
    byte_line line;
    process parent([&] {
        const eventfd object(0, flags::shared); // its maker ends before it is used
        byte_line gone;
        if (::fork() == 0) {
            std::uint64_t value = 0;
            const bool is_read = object.read(value) == std::errc{} && value == 5;
            line.say(1, is_read ? 'r' : 'x');
            ::_exit(0);
        }
        if (::fork() == 0) {
            const pid_t maker = ::getppid();
            gone.say(1);
            if (!eventually([&] { return ::getppid() != maker; })) ::_exit(1);
            const eventfd another(0, flags::shared); // and they go on to make some
            ::_exit(object.write(5) == std::errc{} ? 0 : 2);
        }
        return gone.hear(0) == 'x' ? 0 : 1;
    });
    EXPECT_EQ(parent.end(), 0);
    EXPECT_EQ(line.hear(0), 'r');
}

TEST(Family, children_of_children_have_it) {
    const eventfd object(0, flags::shared | flags::semaphore);
    process child([&] {
        process grandchild([&] {
            process last([&] { return object.write(1) == std::errc{} ? 0 : 1; });
            return last.end() == 0 && object.write(1) == std::errc{} ? 0 : 1;
        });
        return grandchild.end() == 0 && object.write(1) == std::errc{} ? 0 : 1;
    });
    for (int i = 0; i < 3; ++i) {
        std::uint64_t value = 0;
        EXPECT_EQ(object.read(value), std::errc{});
    }
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(object.count(), 0U);
}

TEST(Family, a_child_forks_while_its_parent_signals) {
    const eventfd units(0, flags::shared);
    const eventfd found(0, flags::shared);
    constexpr std::uint64_t sent = 20'000;
    process child([&] {
        for (int i = 0; i < 40; ++i) {
            const int end = status_of_child([&] {
                const std::uint64_t value = taken(units);
                return value == 0 || found.write(value) == std::errc{} ? 0 : 1;
            });
            if (end != 0) return 1;
        }
        return 0;
    });
    for (std::uint64_t i = 0; i < sent; ++i) (void)units.signal();
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(taken(units) + taken(found), sent);
}

// ---- Objects of both sides.

TEST(Family, what_a_child_makes_is_no_object_of_its_parent) {
    const eventfd before(0, flags::shared);
    constexpr std::size_t number = 2000;
    const auto make_and_look = [&](std::uint64_t tag) {
        std::vector<eventfd> made;
        for (std::size_t i = 0; i < number; ++i) made.emplace_back(tag + i, flags::shared);
        for (std::size_t i = 0; i < number; ++i)
            if (made[i].count() != tag + i) return false;
        return true;
    };
    process child([&] { return make_and_look(1'000'000) ? 0 : 1; });
    EXPECT_TRUE(make_and_look(2'000'000));
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(before.count(), 0U);
}

TEST(Family, an_object_stays_while_a_child_holds_it) {
    auto object = std::make_unique<eventfd>(0, flags::shared);
    byte_line line;
    process child([&] {
        if (line.hear(1) != 'x') return 1;
        return object->count() == 0 && object->write(6) == std::errc{} && taken(*object) == 6 ? 0 : 2;
    });
    object.reset();
    std::vector<eventfd> others;
    for (int i = 0; i < 1000; ++i) others.emplace_back(1, flags::shared);
    line.say(0);
    EXPECT_EQ(child.end(), 0);
    for (const eventfd& other : others) EXPECT_EQ(other.count(), 1U);
}

TEST(Family, a_full_arena_is_followed_by_another_and_used_again) {
    std::vector<eventfd> all;
    std::vector<const void*> places;
    for (std::uint32_t i = 0; i < 2 * efd::share::family_slots + 10; ++i) {
        all.emplace_back(i, flags::shared);
        places.push_back(place_of(all.back()));
    }
    std::ranges::sort(places);
    EXPECT_EQ(std::ranges::adjacent_find(places), places.end());
    for (std::uint32_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].count(), i);
    const std::uint32_t windows = efd::share::windows_in_use();
    all.erase(all.begin(), all.begin() + efd::share::family_slots);
    for (std::uint32_t i = 0; i < efd::share::family_slots; ++i) all.emplace_back(1, flags::shared);
    EXPECT_EQ(efd::share::windows_in_use(), windows) << "the first arena had room";
    process child([&] { return all.front().write(1) == std::errc{} && all.back().write(1) == std::errc{} ? 0 : 1; });
    EXPECT_EQ(child.end(), 0);
    EXPECT_EQ(taken(all.back()), 2U);
}

TEST(Family, with_all_arenas_full_there_is_no_space) {
    if (under_sanitizer) GTEST_SKIP() << "a million objects cost a sanitizer too much memory";
    EXPECT_EQ(status_of_child([] {
                  rlimit numbers{};
                  ::getrlimit(RLIMIT_NOFILE, &numbers);
                  std::vector<eventfd> all;
                  const std::error_code why = refused([&] {
                      for (;;) all.emplace_back(1, flags::shared);
                  });
                  if (why == std::errc::too_many_files_open) return 0; // a low limit comes first
                  if (why != std::errc::no_space_on_device) return 1;
                  if (all.size() > efd::share::family_slots * efd::share::family_arenas) return 2;
                  all.pop_back();
                  return eventfd(7, flags::shared).count() == 7 ? 0 : 3;
              }),
              0);
}

} // namespace
} // namespace efd::tests
