// SPDX-License-Identifier: MIT
// Objects with flags::shared where processes are killed, close their life lines, or meet at a new arena (FAMILY).
#include <efd/arena.hpp>
#include <efd/efd.h>

#include "api/internal_access.hpp"
#include "common/libc.hpp"
#include "share/calls.hpp"
#include "share/family.hpp"
#include "share/processes.hpp"
#include "share/range.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <atomic>
#include <barrier>
#include <cerrno>
#include <gtest/gtest.h>
#include <memory>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using common::close_from;

// ---- Peers that are killed, and life lines that are closed.

TEST(FamilyLives, a_killed_child_takes_no_unit_with_it) {
    const eventfd units(0, flags::shared | flags::semaphore);
    std::uint64_t written = 0;
    std::uint64_t taken_by_victims = 0;
    for (int round = 0; round < 30; ++round) {
        const eventfd progress(0, flags::shared);
        process victim([&] {
            for (;;) {
                std::uint64_t value = 0;
                if (units.read(value) != std::errc{} || progress.write(1) != std::errc{}) return 1;
            }
        });
        for (int i = 0; i < 50; ++i, ++written) EXPECT_EQ(units.write(1), std::errc{});
        EXPECT_TRUE(eventually([&] { return progress.count() > 0; }));
        victim.kill();
        const std::uint64_t known = progress.count();
        const std::uint64_t gone = written - units.count() - taken_by_victims;
        EXPECT_GE(gone, known);     // a unit that was written is there, or was taken
        EXPECT_LE(gone, known + 1); // and the victim may have died before it said so
        taken_by_victims += gone;
    }
}

// A unit that is there, and no wake: as a writer leaves it that is killed between the two.
TEST(FamilyLives, a_sleeper_whose_writer_was_killed_before_its_wake_looks_by_itself) {
    const eventfd object(0, flags::shared);
    process sleeper = reader_of(object);
    EXPECT_TRUE(sleeper.seen_asleep());
    auto& word = reinterpret_cast<std::atomic<std::uint64_t>&>(efd::internal_access::object_of(object));
    word.fetch_add(efd::core::one_unit);
    EXPECT_EQ(sleeper.end(), 1);
}

TEST(FamilyLives, a_daemon_that_closed_every_descriptor_makes_objects_again) {
    const eventfd before(1, flags::shared);
    process daemon([&] {
        close_from(3);
        if (taken(before) != 1) return 1; // those that it has go on to work
        const eventfd object(0, flags::shared);
        process child = reader_of(object);
        if (!child.seen_asleep() || object.write(4) != std::errc{}) return 2;
        return child.end() == 4 ? 0 : 3;
    });
    EXPECT_EQ(daemon.end(), 0);
}

TEST(FamilyLives, without_descriptors_it_is_refused_and_nothing_is_left_behind) {
    EXPECT_EQ(status_of_child([] {
                  close_from(3); // so that an arena is needed
                  rlimit limit{};
                  ::getrlimit(RLIMIT_NOFILE, &limit);
                  const rlimit none{3, limit.rlim_max};
                  ::setrlimit(RLIMIT_NOFILE, &none);
                  const std::uint32_t windows = efd::share::windows_in_use();
                  for (int i = 0; i < 100; ++i)
                      if (::efd_create(0, EFD_SHARED) != nullptr || errno != EMFILE) return 1;
                  if (!under_sanitizer && // one that looks at the error's type needs a pipe
                      refused([] { (void)eventfd(0, flags::shared); }) != std::errc::too_many_files_open)
                      return 2;
                  if (efd::share::windows_in_use() != windows) return 3;
                  ::setrlimit(RLIMIT_NOFILE, &limit);
                  return eventfd(3, flags::shared).count() == 3 ? 0 : 4;
              }),
              0);
}

// More processes than an arena has indexes: the last ones have what they inherited, and make objects elsewhere.
TEST(FamilyLives, a_family_may_be_larger_than_its_arena) {
    if (under_sanitizer) GTEST_SKIP() << "so many processes with a sanitizer take a machine's memory";
    const eventfd ready(0, flags::shared | flags::semaphore);
    const eventfd over(0, flags::shared | flags::semaphore);
    constexpr std::uint64_t number = 260;
    std::vector<std::unique_ptr<process>> children;
    for (std::uint64_t i = 0; i < number; ++i)
        children.push_back(std::make_unique<process>([&, i] {
            const eventfd own(i, flags::shared);
            if (ready.write(1) != std::errc{}) return 1;
            std::uint64_t value = 0;
            if (over.read(value) != std::errc{}) return 2;
            return own.count() == i && own.write(1) == std::errc{} && taken(own) == i + 1 ? 0 : 3;
        }));
    EXPECT_TRUE(eventually([&] { return ready.count() == number; }));
    EXPECT_EQ(over.write(number), std::errc{});
    for (const auto& child : children) EXPECT_EQ(child->end(), 0);
    EXPECT_EQ(eventfd(3, flags::shared).count(), 3U);
}

// No fork handler runs. Its first object gives the child a life line of its own in every arena, so what its parent lets
// go of stays the child's.
TEST(FamilyLives, a_child_of_a_plain_fork_call_makes_one_first) {
    std::vector<eventfd> all;
    for (std::uint32_t i = 0; i < efd::share::family_slots + 10; ++i) all.emplace_back(0, flags::shared);
    const eventfd object(0, flags::shared);
    byte_line line;
#ifdef SYS_fork
    const auto child = static_cast<pid_t>(::syscall(SYS_fork));
#else
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
#endif
    if (child == 0) {
        const eventfd first(1, flags::shared);
        line.say(1);
        if (line.hear(1) != 'x') ::_exit(1);
        for (const eventfd& one : all)
            if (one.count() != 0) ::_exit(2);
        ::_exit(object.write(2) == std::errc{} ? 0 : 3);
    }
    EXPECT_EQ(line.hear(0), 'x');
    all.clear();
    for (std::uint32_t i = 0; i < efd::share::family_slots; ++i) all.emplace_back(1, flags::shared);
    line.say(0);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(taken(object), 2U);
}

// ---- FAMILY: several threads need a new arena at once, and others fork meanwhile.

int race_for_an_arena() {
    close_from(3); // none of the arenas so far serves
    const std::uint32_t windows = efd::share::windows_in_use();
    constexpr int makers = 3;
    std::barrier start(makers + 1);
    std::vector<eventfd> made;
    for (int i = 0; i < makers; ++i) made.emplace_back(0);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < makers; ++i)
            threads.emplace_back([&, i] {
                start.arrive_and_wait();
                made[static_cast<std::size_t>(i)] = eventfd(static_cast<unsigned>(i), flags::shared);
            });
        start.arrive_and_wait();
        constexpr int forks = under_tsan ? 0 : 3; // it calls the threads of the parent leaked
        for (int i = 0; i < forks; ++i) {
            const int end = status_of_child([] {
                const eventfd own(5, flags::shared);
                const pid_t child = ::fork();
                if (child == 0) ::_exit(own.write(1) == std::errc{} ? 0 : 1);
                int status = -1;
                return ::waitpid(child, &status, 0) == child && status == 0 && taken(own) == 6 ? 0 : 1;
            });
            if (end != 0) return 1;
        }
    }
    for (unsigned i = 0; i < makers; ++i)
        if (made[i].count() != i) return 2;
    for (int i = 0; i < makers; ++i)
        for (int j = 0; j < i; ++j)
            if (made[static_cast<std::size_t>(i)] == made[static_cast<std::size_t>(j)]) return 3;
    const std::uint32_t now = efd::share::windows_in_use();
    const efd::arena like_it({.slots = efd::share::family_slots, .processes = 256, .names = 1});
    return now - windows == efd::share::windows_in_use() - now ? 0 : 4;
}

TEST(FamilyLives, threads_that_need_an_arena_at_once_agree_on_one) {
    const eventfd object(0, flags::shared);
    for (const int round : as_many_as(100)) ASSERT_EQ(status_of_child(race_for_an_arena), 0) << round;
}

} // namespace
} // namespace efd::tests
