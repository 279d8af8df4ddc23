// SPDX-License-Identifier: MIT
// os/futex.hpp: sleep on a 32-bit word and wake those who do; the only place that knows the futex system calls.
//
// Owns nothing. Every call may be made from any thread and from a signal handler, and leaves errno as it was. A wait
// returns only what its caller must handle; every other answer of the kernel is a bug of ours and stops the program.
#pragma once

#include <cstdint>

namespace efd::os {

enum class futex_scope : unsigned char { one_process, shared };

enum class wait_end : unsigned char {
    woken,       // a waker chose this thread: it owes the object another look
    changed,     // the word was not as expected, nothing was slept
    interrupted, // a signal handler ran that was installed without SA_RESTART
    timed_out,   // the deadline passed, and no waker had chosen this thread
};

inline constexpr int everybody = INT32_MAX;

// Sleeps while the word is `expected`, until CLOCK_MONOTONIC reaches deadline_ns; INT64_MAX means for ever. Restarted
// by the kernel after handlers with SA_RESTART, with and without deadline; before Linux 5.16 a wait with a deadline
// says `interrupted` there.
[[nodiscard]] wait_end futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns,
                                  futex_scope scope) noexcept;

// A word of this process alone, and the value at which a sleep on it may begin.
struct private_word {
    const void* word;
    std::uint32_t expected;
};

// As futex_wait, but sleeps on two words at once, while both are as expected: a wake of either ends it. False: the
// kernel (before Linux 5.16) or a sandbox has no such call; nothing was slept, and `end` is as it was.
[[nodiscard]] bool futex_wait_either(const private_word& own, const void* word, std::uint32_t expected,
                                     std::int64_t deadline_ns, futex_scope scope, wait_end& end) noexcept;

// Wakes up to `most`, or everybody. More than `most` says that others still sleep; at most `most`, that nobody is left.
int futex_wake_and_count(const void* word, int most, futex_scope scope) noexcept;

// How many system calls these have made in this process, for those who want to see that there were none.
[[nodiscard]] std::uint64_t futex_calls() noexcept;

} // namespace efd::os
