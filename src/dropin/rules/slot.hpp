// SPDX-License-Identifier: MIT
// dropin/rules/slot.hpp: what the drop-in knows of one descriptor number that is an eventfd.
//
// A slot belongs to one process and one number; a duplicate demotes. A child of any kind of fork finds zeroes here
// (table/table.hpp), so it knows of no eventfd. Any thread; also in signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "dropin/rules/cached_word.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Why an eventfd was demoted.
enum class reason : std::uint32_t { // NOLINT(performance-enum-size): other processes read it, as a word
    none,
    edge_triggered, // epoll with EPOLLET: each write must be an edge
    shared_epoll,   // in an epoll that another process may watch for edges
    exclusive,      // EPOLLEXCLUSIVE: each write may wake another waiter
    passed,         // SCM_RIGHTS, pidfd_getfd
    executed,       // exec, and calls that make a child that executes
    forked,         // another process has it
    unknown_ioctl,  // KVM irqfd, or another device that may consume
    consumed,       // stdio, POSIX AIO
    stolen,         // an unseen party has read it
    huge,           // writes of 2^32 or more
    several,        // a second reader
    io_uring,       // registered with, or read by, an io_uring or AIO context
    denied,         // by profile, allow or deny
    unshared,       // a number may mean different files in two threads
    other_call,     // readv, writev, syscall() and others that move a value
    unseen,         // the written values cannot be read beforehand
    sandboxed,      // a filter is about to forbid system calls
    replaced,       // it has a second number, or its number goes to another file
    shown,          // its count may be read in /proc
    far_away,       // a read into memory that may not exist
    bound_deeply,   // a library that bypasses the drop-in may read it
    reasons
};

// Counts for the report, in memory that `efd run` shares. Relaxed; each event counts once.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one cache line for writers, one for readers
struct tally {
    base::atomic<std::uint64_t> uncached_writes{0}; // writes that went to the kernel
    base::atomic<std::uint64_t> redundant{0};       // of those before promotion: while the kernel held units
    base::atomic<std::uint64_t> cached_writes{0};   // writes that made no system call
    // Readers count these, on their own cache line.
    alignas(64) base::atomic<std::uint64_t> uncached_reads{0}; // reads that went to the kernel
    base::atomic<std::uint64_t> cached_reads{0};               // reads that made no system call
    base::atomic<std::uint64_t> flushes{0};                    // writes by which the drop-in flushed cached units
};

// One eventfd in the report.
struct report_record {
    tally counted;
    base::atomic<reason> demoted_for{reason::none};
    base::atomic<std::uint32_t> was_promoted{0};
    std::uint32_t semaphore = 0;
    std::uint32_t process = 0;
    std::int32_t descriptor = -1; // its number when it was made
    char site[108] = {};          // object!symbol+offset, truncated
};

struct alignas(64) fd_slot {
    base::atomic<cached_word> word{0};
    // Before promotion the only thread that reads it; afterwards the counted reader, 0 for several.
    base::atomic<std::uintptr_t> reader{0};
    base::atomic<report_record*> record{nullptr}; // null: there is no report
    // Tells apart all eventfds that ever had the number, here or in the process of which this one is a copy.
    base::atomic<std::uint64_t> incarnation{0};
    base::atomic<std::uint32_t> demotion_triggers{0}; // triggers for all eventfds, before it was made
    base::atomic<std::uint32_t> semaphore{0};
    // Evidence (evidence.hpp), without locked instructions: a lost update only delays a promotion.
    base::atomic<std::uint32_t> in_read{0}; // before promotion: how many reads the reader is within
    base::atomic<std::uint32_t> unread{0};  // before promotion: a write since the last read
    base::atomic<std::uint32_t> reads{0};
    // Writes while the kernel held units; after promotion, reads that found cached units.
    base::atomic<std::uint32_t> useful{0};
    base::atomic<std::uint32_t> large{0}; // writes of more than 65535 that reached the kernel, after promotion
    base::atomic<std::uint32_t> looks{0}; // system calls that read a value beforehand
};
static_assert(sizeof(fd_slot) <= 64 || sizeof(base::atomic<cached_word>) > sizeof(cached_word));

[[nodiscard]] inline bool is_semaphore(const fd_slot& slot) noexcept { return slot.semaphore.load(base::relaxed) != 0; }
inline void count(const fd_slot& slot, base::atomic<std::uint64_t> tally::* which) noexcept {
    if (report_record* const record = slot.record.load(base::relaxed); record != nullptr)
        (record->counted.*which).fetch_add(1, base::relaxed);
}

} // namespace efd::dropin
