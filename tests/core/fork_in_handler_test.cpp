// SPDX-License-Identifier: MIT
// A signal handler forks at one instruction after the other of the calls that make and end things: the fork must not
// wait for the lock that the interrupted call has, and the call goes on in both processes.
#include <efd/efd.h>

#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

#ifdef __x86_64__

constexpr unsigned patience_s = 60;
constexpr long apart = 3; // instructions between two positions
constexpr greg_t trap_flag = 0x100;

long steps_until_fork = 0;
bool has_forked = false;
bool is_over = false;

// The child goes on in the interrupted call as well.
void at_an_instruction(int /*signal*/, siginfo_t* /*why*/, void* context) {
    greg_t& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
    if (is_over || has_forked) {
        flags &= ~trap_flag;
    } else if (steps_until_fork-- == 0) {
        has_forked = true;
        const pid_t child = ::fork();
        int status = 0;
        if (child == 0) ::alarm(patience_s);
        if (child > 0 && (::waitpid(child, &status, 0) != child || status != 0)) ::_exit(1);
    }
}

void set_trap_flag() { __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc"); }

// In the parent and in the child of each fork: `call` ends, and so does one more of its kind.
int fork_in(const std::function<void()>& before, void (*call)(), const std::function<void()>& after) {
    struct sigaction step{};
    step.sa_sigaction = at_an_instruction;
    step.sa_flags = SA_SIGINFO;
    ::sigaction(SIGTRAP, &step, nullptr);
    ::alarm(patience_s);
    const pid_t parent = ::getpid();
    for (long position = 0;; position += apart) {
        before();
        steps_until_fork = position;
        has_forked = is_over = false;
        set_trap_flag();
        call();
        is_over = true;
        after();
        before();
        call();
        after();
        if (::getpid() != parent || !has_forked) return 0;
    }
}

efd_t* object = nullptr;
efd_wait_set_t* set = nullptr;
efd_wait_set_t* outer = nullptr;
int number = -1;

// More than one dead object: then creation takes the lock.
void leave_dead_objects() {
    efd_t* made[3];
    for (efd_t*& one : made) one = efd_create(0, 0);
    for (efd_t* const one : made) efd_put(one);
}
void nothing() {}

TEST(fork_in_handler, of_calls_that_make_and_end) {
    if (efd::tests::under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime has locks of its own";
    EXPECT_EQ(efd::tests::status_of_child([] {
                  return fork_in(leave_dead_objects, [] { object = efd_create(0, 0); }, [] { efd_put(object); });
              }),
              0);
    EXPECT_EQ(efd::tests::status_of_child([] {
                  return fork_in(nothing, [] { set = efd_wait_set_create(); }, [] { efd_wait_set_destroy(set); });
              }),
              0);
    EXPECT_EQ(efd::tests::status_of_child([] {
                  return fork_in([] { set = efd_wait_set_create(); }, [] { efd_wait_set_destroy(set); }, nothing);
              }),
              0);
    EXPECT_EQ(efd::tests::status_of_child(
                  [] { return fork_in(nothing, [] { number = efd_eventfd(0, 0); }, [] { efd_fd_close(number); }); }),
              0);
    EXPECT_EQ(efd::tests::status_of_child([] {
                  outer = efd_wait_set_create();
                  return fork_in([] { set = efd_wait_set_create(); }, [] { efd_wait_set_add_set(outer, set, 1); },
                                 [] { efd_wait_set_remove(outer, 0), efd_wait_set_destroy(set); });
              }),
              0);
}

#endif

} // namespace
