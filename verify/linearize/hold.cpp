// SPDX-License-Identifier: MIT
// verify/linearize/hold.cpp: gives the processor away around the library's futex calls.
//
// The program is linked so that every syscall(2) of the library comes here first (--wrap=syscall). The steps on either
// side of a sleep or a wake are where the races of docs/races.md are; a thread that is held up there meets the others
// half-way. Owns nothing but a die for each thread; changes no result. Any thread, no allocation.
#include "linearize/dice.hpp"

#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <functional>
#include <thread>

namespace {

void hold_at_times() {
    thread_local efd::linearize::dice own_dice(std::hash<std::thread::id>{}(std::this_thread::get_id()));
    const std::uint64_t face = own_dice.below(16);
    const int kept = errno;
    if (face < 6) std::this_thread::yield();
    if (face == 15) std::this_thread::sleep_for(std::chrono::microseconds(20)); // delay: others get in
    errno = kept;
}

} // namespace

extern "C" long __real_syscall(long number, long, long, long, long, long, long); // NOLINT(bugprone-reserved-identifier)
extern "C" long __wrap_syscall(long number, ...) {                               // NOLINT(bugprone-reserved-identifier)
    va_list list;
    va_start(list, number);
    long a[6];
    for (long& argument : a) argument = va_arg(list, long);
    va_end(list);
    hold_at_times();
    const long result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    hold_at_times();
    return result;
}
