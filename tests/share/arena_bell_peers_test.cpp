// SPDX-License-Identifier: MIT
// The descriptor of an arena's set beside peers that are killed or hostile.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::tests {
namespace {

TEST_F(arena_bell, the_last_peers_death_is_told_once) {
    ringer first(object_);
    ringer second(object_);
    EXPECT_TRUE(first.signals());
    EXPECT_EQ(taken(set_), 1U);
    EXPECT_EQ(taken(set_), 0U);
    EXPECT_TRUE(second.signals());
    EXPECT_EQ(taken(set_), 1U);
    EXPECT_EQ(taken(set_), 0U);
    first.kill();
    EXPECT_FALSE(is_readable(fd_));
    second.kill();
    EXPECT_TRUE(is_readable(fd_, patience_ms));
    EXPECT_EQ(taken(set_), 0U);
    EXPECT_FALSE(is_readable(fd_));
    EXPECT_EQ(taken(set_), 0U);
    EXPECT_FALSE(is_readable(fd_));
    ringer third(object_);
    EXPECT_TRUE(third.signals());
    EXPECT_TRUE(is_readable(fd_));
}

// Units for which no mark was made, as a peer leaves them that is killed between the two.
TEST_F(arena_bell_without_looks, units_without_a_mark_are_found_at_the_last_peers_death) {
    byte_line line;
    process peer([&] {
        if (!object_.signal()) return 1;
        line.say(1);
        if (line.hear(1) != 'x') return 2;
        const entry_of_first entry(shared_);
        const std::uint64_t tenant = entry->tenant.exchange(0, efd::base::acq_rel); // nobody's: no mark is made
        const bool done = object_.signal();
        entry->tenant.store(tenant, efd::base::release);
        line.say(1);
        (void)line.hear(1);
        return done ? 0 : 3;
    });
    ASSERT_EQ(peer.hear(line), 'x');
    EXPECT_EQ(taken(set_), 1U);
    EXPECT_EQ(taken(set_), 0U);
    line.say(0);
    ASSERT_EQ(peer.hear(line), 'x');
    EXPECT_FALSE(is_readable(fd_));
    EXPECT_EQ(object_.count(), 1U);
    peer.kill();
    EXPECT_TRUE(is_readable(fd_, patience_ms));
    set_event got{};
    for (int tries = 0; tries < 3 && object_.count() > 0 && is_readable(fd_); ++tries) (void)set_.try_any(got);
    EXPECT_EQ(object_.count(), 0U);
}

TEST_F(arena_bell, a_byte_that_a_killed_ringer_left_is_silenced) {
    const entry_of_first entry(shared_);
    ringer peer(object_);
    EXPECT_TRUE(peer.signals());
    efd::core::mark_word(entry->armed, 0); // killed before it took the arming away
    EXPECT_EQ(taken(set_), 1U);
    EXPECT_EQ(taken(set_), 0U);
    EXPECT_FALSE(is_readable(fd_));
    EXPECT_TRUE(peer.signals());
    EXPECT_TRUE(is_readable(fd_));
}

TEST_F(arena_bell, a_full_pipe_blocks_nobody_and_is_emptied) {
    const entry_of_first entry(shared_);
    ringer peer(object_);
    by_a_peer([&] {
        constexpr int more_than_a_page = 9000;
        for (int i = 0; i < more_than_a_page; ++i) {
            efd::core::mark_word(entry->armed, 0);
            if (!object_.signal()) return false;
        }
        return true;
    });
    EXPECT_TRUE(peer.signals());
    EXPECT_TRUE(is_readable(fd_));
    EXPECT_EQ(taken(set_), 1U);
    for (int tries = 0; tries < 8 && is_readable(fd_); ++tries) EXPECT_EQ(taken(set_), 0U);
    EXPECT_FALSE(is_readable(fd_));
}

TEST_F(arena_bell, what_a_peer_writes_into_the_entry_rings_nothing_else) {
    const entry_of_first entry(shared_);
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
    const std::uint64_t places[] = {of_self(ordinary[0]), of_self(file),     of_self(shared_.fd()), 1, ~0ULL,
                                    1ULL << 32 | 1,       of_self(1'000'000)};
    for (const std::uint64_t place : places) {
        for (const std::uint64_t claimed : {std::uint64_t{about.st_ino}, inode, std::uint64_t{0}}) {
            entry->bell_inode.store(claimed, efd::base::release);
            entry->bell_at.store(place, efd::base::release);
            efd::core::mark_word(entry->armed, 0);
            by_a_peer([&] { return object_.signal(); });
            EXPECT_FALSE(is_readable(ordinary[0]));
        }
    }
    EXPECT_EQ(taken(set_), 1U);
    entry->bell_inode.store(inode, efd::base::release);
    entry->bell_at.store(at, efd::base::release);
    (void)taken(set_);
    by_a_peer([&] { return object_.signal(); });
    EXPECT_TRUE(is_readable(fd_));
    for (const int one : {ordinary[0], ordinary[1], file}) ::close(one);
}

} // namespace
} // namespace efd::tests
