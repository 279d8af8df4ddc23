// SPDX-License-Identifier: MIT
// The descriptor of an arena's set beside peers that are killed, hostile, or in another namespace.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using efd::arena;
using efd::eventfd;
using efd::set_event;
using efd::wait_set;
using efd::tests::by_a_peer;
using efd::tests::byte_line;
using efd::tests::entry_of_first;
using efd::tests::is_readable;
using efd::tests::patience_ms;
using efd::tests::process;
using efd::tests::ringer;
using efd::tests::taken;

TEST(ArenaBellPeers, the_last_peers_death_is_told_once) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    ringer first(object);
    ringer second(object);
    EXPECT_TRUE(first.signals());
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    EXPECT_TRUE(second.signals());
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    first.kill();
    EXPECT_FALSE(is_readable(fd));
    second.kill();
    EXPECT_TRUE(is_readable(fd, patience_ms));
    EXPECT_EQ(taken(set), 0U);
    EXPECT_FALSE(is_readable(fd));
    EXPECT_EQ(taken(set), 0U);
    EXPECT_FALSE(is_readable(fd));
    ringer third(object);
    EXPECT_TRUE(third.signals());
    EXPECT_TRUE(is_readable(fd));
}

// Units for which no mark was made, as a peer leaves them that is killed between the two.
TEST(ArenaBellPeers, units_without_a_mark_are_found_at_the_last_peers_death) {
    const arena shared({.first_look = {}, .last_look = {}});
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    byte_line line;
    process peer([&] {
        if (!object.signal()) return 1;
        line.say(1);
        if (line.hear(1) != 'x') return 2;
        const entry_of_first entry(shared);
        const std::uint64_t tenant = entry->tenant.exchange(0, efd::base::acq_rel); // nobody's: no mark is made
        const bool done = object.signal();
        entry->tenant.store(tenant, efd::base::release);
        line.say(1);
        (void)line.hear(1);
        return done ? 0 : 3;
    });
    ASSERT_EQ(peer.hear(line), 'x');
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    line.say(0);
    ASSERT_EQ(peer.hear(line), 'x');
    EXPECT_FALSE(is_readable(fd));
    EXPECT_EQ(object.count(), 1U);
    peer.kill();
    EXPECT_TRUE(is_readable(fd, patience_ms));
    set_event got{};
    for (int tries = 0; tries < 3 && object.count() > 0 && is_readable(fd); ++tries) (void)set.try_any(got);
    EXPECT_EQ(object.count(), 0U);
}

TEST(ArenaBellPeers, a_byte_that_a_killed_ringer_left_is_silenced) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    const entry_of_first entry(shared);
    ringer peer(object);
    EXPECT_TRUE(peer.signals());
    efd::core::mark_word(entry->armed, 0); // killed before it took the arming away
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    EXPECT_FALSE(is_readable(fd));
    EXPECT_TRUE(peer.signals());
    EXPECT_TRUE(is_readable(fd));
}

TEST(ArenaBellPeers, a_full_pipe_blocks_nobody_and_is_emptied) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    const entry_of_first entry(shared);
    ringer peer(object);
    by_a_peer([&] {
        constexpr int more_than_a_page = 9000;
        for (int i = 0; i < more_than_a_page; ++i) {
            efd::core::mark_word(entry->armed, 0);
            if (!object.signal()) return false;
        }
        return true;
    });
    EXPECT_TRUE(peer.signals());
    EXPECT_TRUE(is_readable(fd));
    EXPECT_EQ(taken(set), 1U);
    for (int tries = 0; tries < 8 && is_readable(fd); ++tries) EXPECT_EQ(taken(set), 0U);
    EXPECT_FALSE(is_readable(fd));
}

TEST(ArenaBellPeers, what_a_peer_writes_into_the_entry_rings_nothing_else) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    (void)set.fd();
    const entry_of_first entry(shared);
    const std::uint64_t at = entry->bell_at.load(efd::base::acquire);
    const std::uint64_t inode = entry->bell_inode.load(efd::base::acquire);
    int ordinary[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ordinary, O_NONBLOCK | O_CLOEXEC), 0);
    struct ::stat about{};
    ASSERT_EQ(::fstat(ordinary[0], &about), 0);
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const auto of_self = [](int number) {
        return static_cast<std::uint64_t>(::getpid()) << 32 | (static_cast<std::uint32_t>(number) + 1);
    };
    const std::uint64_t places[] = {of_self(ordinary[0]), of_self(file),     of_self(shared.descriptor()), 1, ~0ULL,
                                    1ULL << 32 | 1,       of_self(1'000'000)};
    for (const std::uint64_t place : places) {
        for (const std::uint64_t claimed : {std::uint64_t{about.st_ino}, inode, std::uint64_t{0}}) {
            entry->bell_inode.store(claimed, efd::base::release);
            entry->bell_at.store(place, efd::base::release);
            efd::core::mark_word(entry->armed, 0);
            by_a_peer([&] { return object.signal(); });
            EXPECT_FALSE(is_readable(ordinary[0]));
        }
    }
    EXPECT_EQ(taken(set), 1U);
    entry->bell_inode.store(inode, efd::base::release);
    entry->bell_at.store(at, efd::base::release);
    (void)taken(set);
    by_a_peer([&] { return object.signal(); });
    EXPECT_TRUE(is_readable(set.fd()));
    for (const int one : {ordinary[0], ordinary[1], file}) ::close(one);
}

TEST(ArenaBellPeers, a_peer_of_another_pid_namespace_does_not_ring_and_is_found_by_a_look) {
    const arena shared;
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    const int fd = set.fd();
    process peer([&] {
        if (::unshare(CLONE_NEWPID) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return 99;
        const pid_t inside = ::fork();
        if (inside == 0) {
            // Its /proc is another one, too.
            const bool is_apart = ::unshare(CLONE_NEWNS) == 0;
            ::_exit(is_apart && object.signal() ? 0 : 1);
        }
        int status = -1;
        return inside > 0 && ::waitpid(inside, &status, 0) == inside && status == 0 ? 0 : 1;
    });
    const int how = peer.end();
    if (how == 99) GTEST_SKIP() << "unshare(2) is not permitted";
    ASSERT_EQ(how, 0);
    EXPECT_EQ(taken(set), 1U);
    EXPECT_EQ(taken(set), 0U);
    while (is_readable(fd)) EXPECT_EQ(taken(set), 0U); // it has the owner's /proc here, and may have rung after all
}

} // namespace
