// SPDX-License-Identifier: MIT
// tests/share/wrapped_syscall.hpp: stands between the library and syscall(2), for a test that the linker leads here
// (--wrap=syscall). The test defines answer_instead_of_kernel. One source of a program includes it.
#pragma once

#include <cstdarg>
#include <optional>

// What syscall(2) returns, with errno set; nothing: the kernel is asked.
static std::optional<long> answer_instead_of_kernel(long number);

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
    if (const std::optional<long> answer = answer_instead_of_kernel(number)) return *answer;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
// NOLINTEND(bugprone-reserved-identifier)
