// SPDX-License-Identifier: MIT
// plain_clock.cpp: clock_gettime as a system call, for a program that is stepped through one instruction at a time.
//
// The C library reads the clock in memory of the kernel, and begins anew if the kernel has changed that memory
// meanwhile. It does so at every tick. On a busy machine the steps of one reading take longer than that, and the
// reading never ends.
#include <ctime>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
    return static_cast<int>(::syscall(SYS_clock_gettime, which, now));
}
