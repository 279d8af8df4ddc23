// SPDX-License-Identifier: MIT
// tests/share/share_interrupted_test.cpp: a large arena is made also where signals interrupt fallocate(2).
//
// Some kernels take back what a call has allocated when a signal comes. The test stands between the library and
// syscall(2), which the linker leads here (--wrap), as such a kernel under a timer that is faster than any call: while
// this thread can get the signal, fallocate ends with EINTR.
#include "share/kernel_files.hpp"
#include "share/memory.hpp"
#include "share/wrapped_syscall.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <sys/syscall.h>

namespace {

int interrupted = 0;
int allocations = 0;
constexpr int most_interrupted = 1000;

bool can_get_signals() {
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return ::sigismember(&blocked, SIGALRM) == 0;
}

} // namespace

static std::optional<long> answer_instead_of_kernel(long number) {
    if (number != SYS_fallocate) return std::nullopt;
    ++allocations;
    if (!can_get_signals()) return std::nullopt;
    if (++interrupted > most_interrupted) std::abort();
    errno = EINTR;
    return -1;
}

namespace {

using namespace efd::share;

TEST(share_interrupted, a_large_arena_is_made_and_signals_come_between_its_pieces) {
    arena_memory made;
    ASSERT_EQ(arena_memory::create({.size = {.slots = 3'000'000}}, made), refusal::none);
    EXPECT_EQ(interrupted, 0);
    EXPECT_GE(allocations, 3);
    EXPECT_TRUE(can_get_signals());
}

} // namespace
