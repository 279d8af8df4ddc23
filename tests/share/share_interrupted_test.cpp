// SPDX-License-Identifier: MIT
// tests/share/share_interrupted_test.cpp: a large arena is made also where signals interrupt fallocate(2).
//
// Some kernels take back what a call has allocated when a signal comes. The test stands between the library and
// syscall(2), which the linker leads here (--wrap), as such a kernel under a timer that is faster than any call: while
// this thread can get the signal, fallocate ends with EINTR.
#include "share/kernel_files.hpp"
#include "share/memory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
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

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's
extern "C" {
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...) {
    std::va_list given;
    va_start(given, number);
    long a[6];
    for (long& one : a) one = va_arg(given, long);
    va_end(given);
    if (number == SYS_fallocate) {
        ++allocations;
        if (can_get_signals()) {
            if (++interrupted > most_interrupted) std::abort();
            errno = EINTR;
            return -1;
        }
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
// NOLINTEND(bugprone-reserved-identifier)

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
