// SPDX-License-Identifier: MIT
// os/futex.hpp: sleep on a 32-bit word, and wake sleepers; the only place that knows the futex system calls.
//
// Owns nothing. Every call may be made from any thread and from a signal handler, and leaves errno as it was. A wait
// returns only what its caller must handle; any other answer of the kernel is a bug in efd and stops the program.
#pragma once

#include <cstdint>

namespace efd::os {

enum class futex_scope : unsigned char { one_process, shared };

enum class wait_end : unsigned char {
    woken,           // a waker chose this thread, which must look at the object again
    changed,         // the word was not as expected; no sleep
    interrupted,     // a signal handler ran that was installed without SA_RESTART
    timed_out,       // the deadline passed, and no waker had chosen this thread
    no_memory_there, // of a word that other processes map, too: its memory is gone
};

inline constexpr int everybody = INT32_MAX;

// Sleeps while the word is `expected`, until CLOCK_MONOTONIC reaches deadline_ns; INT64_MAX means for ever. The kernel
// restarts the sleep after handlers with SA_RESTART, with and without deadline; before Linux 5.16 a wait with a
// deadline returns `interrupted` then.
[[nodiscard]] wait_end futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns,
                                  futex_scope scope) noexcept;

// As futex_wait, but every handler ends the sleep with `interrupted`, with SA_RESTART too. A stop and a continue do
// not.
[[nodiscard]] wait_end futex_wait_until_handler(const void* word, std::uint32_t expected, std::int64_t deadline_ns,
                                                futex_scope scope) noexcept;

// The word that a thread sleeps on, and the value at which the sleep may begin.
struct futex_wait_key {
    const void* word = nullptr;
    std::uint32_t expected = 0;
};

// As futex_wait, but sleeps on two words at once, while both are as expected; a wake of either ends it. The first word
// is of this process alone. False: the kernel (before Linux 5.16) or a sandbox has no such call; it did not sleep, and
// `how` is unchanged.
[[nodiscard]] bool futex_wait_either(const futex_wait_key& own, const futex_wait_key& other, std::int64_t deadline_ns,
                                     futex_scope scope_of_other, wait_end& how) noexcept;

// Wakes up to `most` sleepers, or all of them. A result above `most` means that others may still sleep; at most `most`,
// that none is left.
int futex_wake_and_count(const void* word, int most, futex_scope scope) noexcept;

// Whether the kernel restarts a wait with a deadline after handlers with SA_RESTART (Linux 5.16). Asked once for each
// process; a sandbox may refuse it later.
[[nodiscard]] bool restarts_waits_with_deadline() noexcept;

// How many system calls these functions have made in this process, for tests that expect none.
[[nodiscard]] std::uint64_t futex_calls() noexcept;

} // namespace efd::os
