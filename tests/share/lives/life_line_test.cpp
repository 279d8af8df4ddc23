// SPDX-License-Identifier: MIT
// Life lines: who gets which index, what a death leaves, and what hostile bytes or a closed descriptor do.
#include "share/life_line.hpp"

#include "common/libc.hpp"
#include "share/lives/peer.hpp"
#include "share/lives/small_arena.hpp"
#include "share/reaped.hpp"
#include "support/child.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <random>
#include <sched.h>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace efd;
using share::life;
using share::life_line;
using share::refusal;
using tests::peer;
using tests::small_arena;
using tests::status_of_child;
using tests::talk;

// Claims, says its index as a byte above zero, fills its row, and waits.
peer a_holder(const small_arena& arena) {
    return peer([&arena](const talk& test) {
        const life_line line = arena.claim();
        if (line.index() != life_line::no_index) arena.fill_row(line.index());
        test.say(static_cast<char>(line.index() + 1));
        return static_cast<int>(test.hear());
    });
}

TEST(life_lines, of_64_processes_at_once_have_indexes_of_their_own) {
    const small_arena arena(64);
    int gate[2];
    ASSERT_EQ(::pipe(gate), 0);
    std::vector<peer> peers;
    for (int i = 0; i < 64; ++i)
        peers.emplace_back([&](const talk& test) {
            ::close(gate[1]);
            char none = 0;
            (void)::read(gate[0], &none, 1); // until the gate is closed
            const life_line line = arena.claim();
            test.say(static_cast<char>(line.index() + 1));
            return static_cast<int>(test.hear());
        });
    ::close(gate[1]);
    std::set<int> indexes;
    for (const peer& one : peers) indexes.insert(one.hear());
    EXPECT_EQ(indexes.size(), 64U);
    EXPECT_EQ(*indexes.begin(), 1);
    EXPECT_EQ(*indexes.rbegin(), 64);
    life_line late;
    EXPECT_EQ(life_line::claim(arena.fd(), arena.table(), late), refusal::too_many_processes);
    peers[20].kill();
    EXPECT_EQ(life_line::claim(arena.fd(), arena.table(), late), refusal::none);
    ::close(gate[0]);
}

TEST(life_lines, a_killed_process_is_dead_and_its_index_is_claimed_with_a_clear_row) {
    const small_arena arena(2);
    const life_line own = arena.claim();
    ASSERT_EQ(own.index(), 0U);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(1) == life::dead; }));
    EXPECT_TRUE(tests::eventually([&] { return own.look_at_others() == life::dead; }));
    peer other = a_holder(arena);
    ASSERT_EQ(other.hear(), 2);
    EXPECT_EQ(arena.entry(1).in_use.load(base::relaxed), 1U);
    EXPECT_EQ(arena.entry(1).pid.load(base::relaxed), static_cast<std::uint32_t>(other.pid()));
    EXPECT_EQ(own.look_at(1), life::alive);
    EXPECT_EQ(own.look_at_others(), life::alive);
    other.kill();
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(1) == life::dead; }));
    EXPECT_TRUE(tests::eventually([&] { return own.look_at_others() == life::dead; }));
    EXPECT_FALSE(arena.is_clear(1));
    const life_line next = arena.claim();
    EXPECT_EQ(next.index(), 1U);
    EXPECT_TRUE(arena.is_clear(1));
    EXPECT_EQ(own.look_at(1), life::alive);
    EXPECT_EQ(own.look_at(0), life::alive);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(2) == life::dead; }));
    EXPECT_EQ(own.look_at(UINT32_MAX), life::dead);
}

TEST(life_lines, an_unused_index_goes_before_that_of_a_dead_process) {
    const small_arena arena(3);
    peer first = a_holder(arena);
    ASSERT_EQ(first.hear(), 1);
    first.kill();
    const life_line own = arena.claim();
    EXPECT_EQ(own.index(), 1U);
    EXPECT_FALSE(arena.is_unused(0));
}

TEST(life_lines, given_back_leave_nothing) {
    const small_arena arena(2);
    const life_line own = arena.claim();
    int number = -1;
    {
        life_line other = arena.claim();
        const life_line moved(std::move(other));
        arena.fill_row(1);
        arena.entry(1).pid.store(5, base::relaxed);
        number = moved.descriptor();
        EXPECT_EQ(own.look_at(1), life::alive);
    }
    EXPECT_TRUE(arena.is_unused(1));
    EXPECT_EQ(arena.entry(1).pid.load(base::relaxed), 0U);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(1) == life::dead; }));
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(life_lines, reap_frees_what_the_dead_have_held_and_nothing_else) {
    const small_arena arena(16);
    const life_line own = arena.claim();
    std::vector<peer> peers;
    for (int i = 1; i < 16; ++i) {
        peers.push_back(a_holder(arena));
        ASSERT_EQ(peers.back().hear(), i + 1);
    }
    EXPECT_EQ(own.reap(), 0U);
    for (std::size_t i = 0; i < peers.size(); i += 2) peers[i].kill();
    EXPECT_EQ(tests::reaped(own, 8U), 8U);
    EXPECT_EQ(own.reap(), 0U);
    for (std::uint32_t i = 1; i < 16; ++i) EXPECT_EQ(arena.is_unused(i), i % 2 == 1) << i;
}

TEST(life_lines, threads_that_reap_at_once_free_each_dead_process_once) {
    constexpr std::size_t long_row = 32'768; // clearing it takes long enough for the threads to meet
    for (int round = 0; round < 30; ++round) {
        const small_arena arena(4, long_row);
        const life_line own = arena.claim();
        for (std::uint32_t i = 1; i < 4; ++i) {
            arena.entry(i).in_use.store(1, base::relaxed);
            arena.fill_row(i);
        }
        std::atomic<unsigned> reaped{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 4; ++i) threads.emplace_back([&] { reaped += own.reap(); });
        }
        EXPECT_EQ(reaped, 3U);
        for (std::uint32_t i = 1; i < 4; ++i) EXPECT_TRUE(arena.is_unused(i)) << i;
    }
}

// The reaper's memory ends in the midst of the row, which ends the reaper.
TEST(life_lines, a_reaper_that_dies_in_the_midst_of_a_row_leaves_the_rest_to_the_next_one) {
    const small_arena arena(4, 2048);
    const life_line own = arena.claim();
    arena.entry(2).in_use.store(1, base::relaxed);
    arena.fill_row(2);
    peer reaper([&](const talk&) {
        const life_line line = arena.claim();
        const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        const auto middle = reinterpret_cast<std::uintptr_t>(arena.row(2) + 1024) / page * page;
        if (::mprotect(reinterpret_cast<void*>(middle), page, PROT_NONE) != 0) return 1;
        std::signal(SIGSEGV, SIG_DFL);
        const ::rlimit no_core{0, 0};
        (void)::setrlimit(RLIMIT_CORE, &no_core);
        (void)line.reap();
        return 2;
    });
    EXPECT_EQ(reaper.status(), -SIGSEGV);
    EXPECT_EQ(arena.row(2)[0].load(base::relaxed), 0U);
    EXPECT_FALSE(arena.is_clear(2));
    EXPECT_EQ(tests::reaped(own, 2U), 2U); // the reaper, too
    EXPECT_TRUE(arena.is_unused(2));
}

TEST(life_lines, reap_leaves_no_descriptor_and_keeps_errno) {
    const small_arena arena(4);
    const life_line own = arena.claim();
    const auto before = tests::open_descriptors();
    arena.entry(2).in_use.store(1, base::relaxed);
    errno = 77;
    EXPECT_EQ(tests::reaped(own, 1U), 1U);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at_others() == life::dead; }));
    EXPECT_EQ(errno, 77);
    EXPECT_EQ(::fcntl(own.descriptor(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(tests::open_descriptors(), before);
}

// ---- A descriptor closed by the program.

TEST(life_lines, closefrom_is_death_to_the_others_and_is_noticed_by_the_owner) {
    const small_arena arena(4);
    const life_line own = arena.claim();
    peer other([&](const talk& test) {
        life_line line = arena.claim();
        test.say(line.is_ours() ? 'y' : 'n');
        (void)test.hear();
        efd::common::close_from(line.descriptor());
        test.say(!line.is_ours() && line.look_at(line.index()) == life::unknown && line.look_at(0) == life::unknown &&
                         line.look_at_others() == life::unknown && line.reap() == 0 &&
                         line.prepare_child() == refusal::bad_descriptor
                     ? 'y'
                     : 'n');
        return static_cast<int>(test.hear());
    });
    ASSERT_EQ(other.hear(), 'y');
    EXPECT_EQ(own.look_at(1), life::alive);
    other.say('c');
    ASSERT_EQ(other.hear(), 'y');
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(1) == life::dead; }));
    EXPECT_EQ(tests::reaped(own, 1U), 1U);
}

TEST(life_lines, a_number_that_names_another_file_is_left_alone) {
    const small_arena arena(4);
    const life_line witness = arena.claim();
    struct replaced {
        const char* by;
        int fd;
    };
    const int another_memory = ::memfd_create("another", MFD_CLOEXEC);
    const small_arena other_arena(4);
    const life_line first = other_arena.claim();
    const life_line second = other_arena.claim(); // has the index that the replaced ones have
    const replaced all[] = {{"the standard input", ::dup(0)},
                            {"another file", another_memory},
                            {"the same file", arena.fd()},
                            {"another arena's life line", second.descriptor()}};
    for (const replaced& one : all) {
        int number = -1;
        {
            const life_line line = arena.claim();
            arena.fill_row(line.index());
            number = line.descriptor();
            ASSERT_EQ(::dup2(one.fd, number), number);
            EXPECT_FALSE(line.is_ours()) << one.by;
            EXPECT_EQ(line.reap(), 0U) << one.by;
        }
        EXPECT_FALSE(arena.is_clear(1)) << one.by;
        EXPECT_NE(::fcntl(number, F_GETFD), -1) << one.by << " was closed";
        ::close(number);
        EXPECT_EQ(tests::reaped(witness, 1U), 1U) << one.by;
    }
    ::close(another_memory);
    ::close(all[0].fd);
}

// The program closed the descriptor, and another process has the index now: the number names the file, and the byte is
// locked.
TEST(life_lines, an_index_that_another_process_has_by_now_is_not_ours) {
    const small_arena arena(2);
    const life_line line = arena.claim();
    ASSERT_EQ(::dup2(arena.fd(), line.descriptor()), line.descriptor());
    arena.entry(0).in_use.store(0, base::relaxed);
    peer other = a_holder(arena);
    ASSERT_EQ(other.hear(), 1);
    EXPECT_FALSE(line.is_ours());
}

// The later one has the number and the index that the earlier one had.
TEST(life_lines, an_earlier_one_of_this_process_does_not_end_a_later_one) {
    const small_arena arena(2);
    small_arena twice(2); // another mapping of the same file
    ASSERT_NE(::mmap(twice.table().entries, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena.fd(), 0),
              MAP_FAILED);
    life_line later;
    {
        const life_line earlier = arena.claim();
        ::close(earlier.descriptor());
        ASSERT_EQ(life_line::claim(arena.fd(), twice.table(), later), refusal::none);
        arena.entry(0).in_use.store(0, base::relaxed);
        ASSERT_EQ(later.descriptor(), earlier.descriptor());
        if (later.index() != earlier.index()) { // the entry was in use: the first of the unused ones
            later = life_line();
            arena.entry(0).in_use.store(0, base::relaxed);
            ASSERT_EQ(life_line::claim(arena.fd(), twice.table(), later), refusal::none);
        }
        ASSERT_EQ(later.index(), earlier.index());
        ASSERT_EQ(later.descriptor(), earlier.descriptor());
        EXPECT_FALSE(earlier.is_ours());
    }
    EXPECT_TRUE(later.is_ours());
}

// ---- What else there may be.

TEST(life_lines, hostile_entries_decide_nothing) {
    const small_arena arena(16);
    const life_line own = arena.claim();
    const peer other = a_holder(arena);
    ASSERT_EQ(other.hear(), 2);
    std::mt19937_64 random(std::random_device{}());
    for (int round = 0; round < 300; ++round) {
        auto* const words = reinterpret_cast<base::atomic<std::uint64_t>*>(arena.table().entries);
        for (std::size_t i = 0; i < 16 * 8; ++i) words[i].store(random(), base::relaxed);
        arena.fill_row(0);
        arena.fill_row(1);
        EXPECT_LE(own.reap(), 14U);
        EXPECT_EQ(own.look_at(1), life::alive);
        EXPECT_FALSE(arena.is_clear(0)) << "it has reaped itself";
        EXPECT_FALSE(arena.is_clear(1)) << "it has reaped a living process";
        const life_line another = arena.claim();
        EXPECT_GE(another.index(), 2U);
        EXPECT_LT(another.index(), 16U);
        EXPECT_TRUE(arena.is_clear(another.index()));
    }
}

TEST(life_lines, without_proc_there_is_none) {
    if (::geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
    const small_arena arena(2);
    char root[] = "/tmp/efd-no-proc-XXXXXX";
    ASSERT_NE(::mkdtemp(root), nullptr);
    EXPECT_EQ(status_of_child([&] {
                  life_line made;
                  if (::chroot(root) != 0) return 1;
                  return life_line::claim(arena.fd(), arena.table(), made) == refusal::no_proc ? 0 : 2;
              }),
              0);
    ::rmdir(root);
}

TEST(life_lines, tell_the_truth_across_pid_namespaces) {
    const small_arena arena(4);
    const life_line own = arena.claim();
    peer other([&](const talk& test) {
        if (::unshare(CLONE_NEWPID) != 0) {
            test.say('s');
            return 0;
        }
        return status_of_child([&] {
            const life_line line = arena.claim();
            test.say(line.index() == 1 && line.look_at(0) == life::alive ? 'y' : 'n');
            (void)test.hear();
            test.say(line.look_at(2) == life::dead && line.reap() == 1 ? 'y' : 'n');
            return 0; // _exit: the index is not given back
        });
    });
    const char permitted = other.hear();
    if (permitted == 's') GTEST_SKIP() << "unshare(2) is not permitted";
    ASSERT_EQ(permitted, 'y');
    EXPECT_EQ(own.look_at(1), life::alive);
    peer outside = a_holder(arena);
    ASSERT_EQ(outside.hear(), 3);
    outside.kill();
    other.say('r');
    EXPECT_EQ(other.hear(), 'y');
    EXPECT_EQ(other.status(), 0);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(1) == life::dead; }));
}

TEST(life_lines, without_a_free_number_there_is_none_and_nothing_is_kept) {
    const small_arena arena(2);
    EXPECT_EQ(status_of_child([&] {
                  const life_line own = arena.claim();
                  while (::dup(0) >= 0) {
                  }
                  life_line made;
                  if (life_line::claim(arena.fd(), arena.table(), made) != refusal::no_descriptor) return 1;
                  if (own.look_at(1) != life::dead || !arena.is_unused(1)) return 2;
                  return own.reap() == 0 ? 0 : 3;
              }),
              0);
}

} // namespace
