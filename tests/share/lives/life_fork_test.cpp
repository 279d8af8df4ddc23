// SPDX-License-Identifier: MIT
// Life lines and fork: the child has a life of its own, and each of both deaths is seen while the other lives.
#include "share/life_line.hpp"

#include "share/lives/peer.hpp"
#include "share/lives/small_arena.hpp"
#include "share/reaped.hpp"
#include "support/child.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace efd;
using share::life;
using share::life_line;
using share::refusal;
using tests::peer;
using tests::small_arena;
using tests::status_of_child;
using tests::talk;

// What the arena's fork handlers do.
life_line* forked = nullptr;
void hand_over_at_forks(life_line& line) {
    forked = &line;
    [[maybe_unused]] static const int registered = ::pthread_atfork(
        [] {
            if (forked != nullptr) (void)forked->prepare_child();
        },
        [] {
            if (forked != nullptr) forked->in_parent();
        },
        [] {
            if (forked != nullptr) forked->in_child();
        });
}

// A parent with index 1 and its child with index 2; each says its index, and waits for the test. The pid of the child
// comes through the arena's memory.
peer a_family(const small_arena& arena) {
    return peer([&arena](const talk& test) {
        life_line line = arena.claim();
        hand_over_at_forks(line);
        const pid_t child = ::fork();
        if (child == 0) {
            test.say(line.is_ours() && line.index() == 2 ? 'y' : 'n');
            return static_cast<int>(test.hear());
        }
        arena.entry(3).reserved[0].store(static_cast<std::uint32_t>(child), base::relaxed);
        test.say(line.is_ours() && line.index() == 1 && line.child_index() == life_line::no_index ? 'y' : 'n');
        // Stays in a call that no byte of the test ends.
        for (;;) ::pause();
    });
}

class a_fork : public testing::Test {
  protected:
    void begin() {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1); // an orphan's end is waited for here
        ASSERT_EQ(family_.hear(), 'y');
        ASSERT_EQ(family_.hear(), 'y');
        ASSERT_EQ(own_.look_at(1), life::alive);
        ASSERT_EQ(own_.look_at(2), life::alive);
        child_ = static_cast<pid_t>(arena_.entry(3).reserved[0].load(base::relaxed));
        ASSERT_GT(child_, 1);
    }
    void kill_child() const {
        if (child_ <= 1) return; // -1 would be every process of the user
        ::kill(child_, SIGKILL);
        // The zombie of the parent's: its files are closed when its state says so.
        ::siginfo_t ended{};
        if (::waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED) == 0) return;
        for (int i = 0; i < 60'000 && own_.look_at(2) == life::alive; ++i) ::usleep(1000); // pace: not our child
    }
    small_arena arena_{4};
    life_line own_ = arena_.claim();
    peer family_ = a_family(arena_);
    pid_t child_ = -1;
};

TEST_F(a_fork, the_parents_death_is_seen_while_the_child_lives) {
    ASSERT_NO_FATAL_FAILURE(begin());
    family_.kill();
    EXPECT_TRUE(tests::eventually([&] { return own_.look_at(1) == life::dead; }));
    EXPECT_EQ(own_.look_at(2), life::alive);
    EXPECT_EQ(tests::reaped(own_, 1U), 1U);
    EXPECT_TRUE(arena_.is_unused(1));
    kill_child();
    EXPECT_TRUE(tests::eventually([&] { return own_.look_at(2) == life::dead; }));
    EXPECT_TRUE(tests::eventually([&] { return own_.look_at_others() == life::dead; }));
}

TEST_F(a_fork, the_childs_death_is_seen_while_the_parent_lives) {
    ASSERT_NO_FATAL_FAILURE(begin());
    EXPECT_EQ(arena_.entry(2).pid.load(base::relaxed), static_cast<std::uint32_t>(child_));
    kill_child();
    EXPECT_TRUE(tests::eventually([&] { return own_.look_at(2) == life::dead; }));
    EXPECT_EQ(own_.look_at(1), life::alive);
    EXPECT_EQ(tests::reaped(own_, 1U), 1U);
    EXPECT_TRUE(arena_.is_unused(2));
    EXPECT_EQ(arena_.entry(1).in_use.load(base::relaxed), 1U);
    family_.kill();
    EXPECT_TRUE(tests::eventually([&] { return own_.look_at_others() == life::dead; }));
}

TEST(forks, what_the_parent_copies_before_it_is_the_childs) {
    const small_arena arena(4);
    life_line line = arena.claim();
    arena.fill_row(0);
    ASSERT_EQ(line.prepare_child(), refusal::none);
    ASSERT_EQ(line.child_index(), 1U);
    EXPECT_TRUE(arena.is_clear(1));
    EXPECT_EQ(line.reap(), 0U); // the child to be is alive
    arena.fill_row(1);
    EXPECT_EQ(status_of_child([&] {
                  line.in_child();
                  return line.index() == 1 && line.is_ours() && !arena.is_clear(1) && line.look_at(0) == life::alive
                             ? 0
                             : 1;
              }),
              0);
    line.in_parent(); // finds that the child has ended
    EXPECT_TRUE(arena.is_unused(1));
    EXPECT_FALSE(arena.is_clear(0));
    EXPECT_TRUE(line.is_ours());
}

bool refuse_clones() {
    const auto refuse = [](unsigned call) {
        sock_filter rules[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog program = {sizeof rules / sizeof rules[0], rules};
        return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    };
#ifdef SYS_fork
    if (!refuse(SYS_fork)) return false;
#endif
    return refuse(SYS_clone) && refuse(SYS_clone3);
}

TEST(forks, that_fail_leave_nothing) {
    const small_arena arena(4);
    const int status = status_of_child([&] {
        life_line line = arena.claim();
        hand_over_at_forks(line);
        if (!refuse_clones()) return 99;
        const auto before = tests::open_descriptors();
        if (::fork() != -1 || errno != EAGAIN) return 1;
        if (line.child_index() != life_line::no_index || !line.is_ours()) return 2;
        if (line.look_at_others() != life::dead || !arena.is_unused(1)) return 3;
        return tests::open_descriptors() == before ? 0 : 4;
    });
    if (status == 99) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0);
}

TEST(forks, without_a_free_index_leave_the_child_without_a_life_line) {
    const small_arena arena(1);
    life_line line = arena.claim();
    const auto before = tests::open_descriptors();
    EXPECT_EQ(line.prepare_child(), refusal::too_many_processes);
    EXPECT_EQ(tests::open_descriptors(), before);
    EXPECT_EQ(status_of_child([&] {
                  line.in_child();
                  if (line.index() != life_line::no_index || line.is_ours()) return 1;
                  if (line.prepare_child() != refusal::bad_descriptor || line.reap() != 0) return 2;
                  life_line own;
                  return life_line::claim(arena.fd(), arena.table(), own) == refusal::too_many_processes ? 0 : 3;
              }),
              0);
    line.in_parent();
    EXPECT_TRUE(line.is_ours());
}

// The parent's descriptor was closed, and its number names a file of the program's when it forks.
TEST(forks, close_no_descriptor_of_the_programs) {
    const small_arena arena(4);
    life_line line = arena.claim();
    ASSERT_EQ(line.prepare_child(), refusal::none);
    ASSERT_EQ(::dup2(0, line.descriptor()), line.descriptor());
    const int number = line.descriptor();
    EXPECT_EQ(status_of_child([&] {
                  line.in_child();
                  return ::fcntl(number, F_GETFD) != -1 && line.is_ours() ? 0 : 1;
              }),
              0);
    line.in_parent();
    EXPECT_NE(::fcntl(number, F_GETFD), -1);
    ::close(number);
}

// exec closes what the child has; nothing is inherited by the new program.
TEST(forks, an_exec_is_the_death_of_the_child) {
    const small_arena arena(4);
    const life_line own = arena.claim();
    peer parent([&](const talk& test) {
        life_line line = arena.claim();
        hand_over_at_forks(line);
        int ends[2];
        if (::pipe(ends) != 0) return 1;
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(ends[0], 0);
            ::close(ends[1]);
            ::execl("/bin/sh", "sh", "-c", "read line", nullptr);
            ::_exit(1);
        }
        (void)test.hear();
        ::close(ends[1]); // the end of the line that it reads
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    });
    for (int i = 0; i < 60'000 && own.look_at(1) != life::alive; ++i) ::usleep(1000); // pace: no event of the claim
    for (int i = 0; i < 60'000 && own.look_at(2) != life::dead; ++i) ::usleep(1000);  // pace: exec sends no event
    EXPECT_EQ(own.look_at(1), life::alive);
    EXPECT_TRUE(tests::eventually([&] { return own.look_at(2) == life::dead; }));
    parent.say('e');
    EXPECT_EQ(parent.status(), 0);
}

} // namespace
