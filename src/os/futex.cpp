// SPDX-License-Identifier: MIT
// os/futex.cpp: see futex.hpp.
#include "os/futex.hpp"

#include "base/stop.hpp"
#include "os/errno.hpp"
#include "os/raw_call.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <linux/futex.h>
#include <span>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 // one number on every architecture
#endif
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64 // riscv32 and its like have no other
#endif

namespace efd::os {
namespace {

constexpr std::int64_t for_ever = std::numeric_limits<std::int64_t>::max();
constexpr unsigned futex2_size_u32 = 2;
constexpr unsigned futex2_private = FUTEX_PRIVATE_FLAG;

// struct futex_waitv of the kernel, which old headers do not have.
struct waitv_entry {
    std::uint64_t expected;
    std::uint64_t address;
    std::uint32_t flags;
    std::uint32_t reserved;
};

base::atomic<std::uint64_t> calls_made{0};
base::atomic<bool> waitv_missing{false};
base::atomic<bool> waitv_asked{false};

int operation_for(int command, futex_scope scope) noexcept {
    return scope == futex_scope::one_process ? command | FUTEX_PRIVATE_FLAG : command;
}

wait_end end_of_wait(long result, futex_scope scope) noexcept {
    if (result >= 0) return wait_end::woken;
    switch (errno) {
    case EAGAIN: return wait_end::changed;
    case EINTR: return wait_end::interrupted;
    case ETIMEDOUT: return wait_end::timed_out;
    case ENOMEM: // for the page of a shared word, after a hole was punched into it
    case EFAULT:
        if (scope == futex_scope::shared) return wait_end::no_memory_there;
        [[fallthrough]];
    default: base::stop("a futex wait failed in a way the kernel does not document");
    }
}

long wait_for_ever(const void* word, std::uint32_t expected, futex_scope scope) noexcept {
    return ::syscall(SYS_futex, word, operation_for(FUTEX_WAIT, scope), expected, nullptr, nullptr, 0);
}

waitv_entry entry_for(const void* word, std::uint32_t expected, futex_scope scope) noexcept {
    const unsigned flags = futex2_size_u32 | (scope == futex_scope::one_process ? futex2_private : 0U);
    return {expected, reinterpret_cast<std::uintptr_t>(word), flags, 0};
}

// The kernel checks the words one after the other. If a waker chose this thread by either word it reports that, even if
// the other word is not as expected.
long wait_with_waitv(std::span<const waitv_entry> words, std::int64_t deadline_ns) noexcept {
    const wide_timespec deadline = wide_time(deadline_ns);
    return ::syscall(SYS_futex_waitv, words.data(), static_cast<unsigned>(words.size()), 0U,
                     deadline_ns == for_ever ? nullptr : &deadline, CLOCK_MONOTONIC);
}

// False: this kernel or sandbox has no such call, or the kernel lacked memory.
bool has_waited(long result) noexcept {
    if (result >= 0 || (errno != ENOSYS && errno != EPERM && errno != ENOMEM)) return true;
    if (errno != ENOMEM) waitv_missing.store(true, base::relaxed);
    return false;
}

// For kernels before 5.16 and sandboxes that refuse the newer call. The kernel does not restart it after a handler.
long wait_with_bitset(const void* word, std::uint32_t expected, std::int64_t deadline_ns, futex_scope scope) noexcept {
    const int operation = operation_for(FUTEX_WAIT_BITSET, scope);
#if defined(SYS_futex_time64)
    const wide_timespec wide = wide_time(deadline_ns);
    const long result = ::syscall(SYS_futex_time64, word, operation, expected, &wide, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (result >= 0 || errno != ENOSYS) return result;
#endif
    const narrow_timespec narrow = narrow_time(deadline_ns);
    return ::syscall(SYS_futex, word, operation, expected, &narrow, nullptr, FUTEX_BITSET_MATCH_ANY);
}

} // namespace

wait_end futex_wait(const void* word, std::uint32_t expected, std::int64_t deadline_ns, futex_scope scope) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    if (deadline_ns == for_ever) return end_of_wait(wait_for_ever(word, expected, scope), scope);
    if (deadline_ns < 0) deadline_ns = 0; // before boot: long past
    if (!waitv_missing.load(base::relaxed)) {
        const waitv_entry one[] = {entry_for(word, expected, scope)};
        if (const long result = wait_with_waitv(one, deadline_ns); has_waited(result))
            return end_of_wait(result, scope);
    }
    return end_of_wait(wait_with_bitset(word, expected, deadline_ns, scope), scope);
}

// Also without end the call has a deadline, since the kernel restarts a call without one.
wait_end futex_wait_until_handler(const void* word, std::uint32_t expected, std::int64_t deadline_ns,
                                  futex_scope scope) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    return end_of_wait(wait_with_bitset(word, expected, deadline_ns < 0 ? 0 : deadline_ns, scope), scope);
}

bool futex_wait_either(const futex_wait_key& own, const futex_wait_key& other, std::int64_t deadline_ns,
                       futex_scope scope_of_other, wait_end& how) noexcept {
    if (waitv_missing.load(base::relaxed)) return false;
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    if (deadline_ns < 0) deadline_ns = 0;
    const waitv_entry both[] = {entry_for(own.word, own.expected, futex_scope::one_process),
                                entry_for(other.word, other.expected, scope_of_other)};
    const long result = wait_with_waitv(both, deadline_ns);
    if (!has_waited(result)) return false;
    how = end_of_wait(result, scope_of_other);
    return true;
}

int futex_wake_and_count(const void* word, int most, futex_scope scope) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    if (scope == futex_scope::shared && most > 1 && most != everybody) {
        // The call below looks the shared page up twice. Two are woken here as a rule, so the count alone will do.
        const long woken = ::syscall(SYS_futex, word, FUTEX_WAKE, most, nullptr, nullptr, 0);
        return woken < most ? static_cast<int>(std::max(woken, 0L)) : most + 1;
    }
    if (most != everybody) {
        // Moving at most one further sleeper from the word to the same word leaves it asleep and reports it.
        const long done = ::syscall(SYS_futex, word, operation_for(FUTEX_REQUEUE, scope), most, 1L, word, 0);
        if (done >= 0) return static_cast<int>(done);
        // A sandbox without this operation: every sleeper is woken and looks again.
    }
    // Fails only if a shared mapping was removed meanwhile; then no sleeper could be woken there.
    ::syscall(SYS_futex, word, operation_for(FUTEX_WAKE, scope), everybody, nullptr, nullptr, 0);
    return 0;
}

bool restarts_waits_with_deadline() noexcept {
    if (!waitv_asked.load(base::relaxed)) {
        const errno_keeper keeper;
        const std::uint32_t word = 0; // not as expected: no sleep
        const waitv_entry one[] = {entry_for(&word, 1, futex_scope::one_process)};
        (void)has_waited(wait_with_waitv(one, 0)); // notes what it finds
        waitv_asked.store(true, base::relaxed);
    }
    return !waitv_missing.load(base::relaxed);
}

std::uint64_t futex_calls() noexcept { return calls_made.load(base::relaxed); }

} // namespace efd::os
