// SPDX-License-Identifier: MIT
// dropin/rules/slot.hpp: what is known of one number that is an eventfd.
//
// Private to the process, and of one number: a duplicate demotes. A child of fork, in whatever form, finds zeroes here
// (table/table.hpp), which means that nothing is known of the number. Any thread, also in signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "dropin/rules/parked_word.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Why an eventfd is the kernel's for good.
enum class reason : std::uint32_t { // NOLINT(performance-enum-size): other processes read it, as a word
    none,
    edge_triggered, // epoll with EPOLLET: each write must be an edge
    shared_epoll,   // in an epoll that others may watch for edges
    exclusive,      // EPOLLEXCLUSIVE: each write may wake another waiter
    passed,         // SCM_RIGHTS, pidfd_getfd
    executed,       // exec, and what makes a child that executes
    forked,         // another process has it
    unknown_ioctl,  // KVM irqfd and whatever else may consume
    consumed,       // stdio, POSIX AIO
    stolen,         // somebody read what nobody here had read
    huge,           // writes of 2^32 or more
    several,        // a second reader
    io_uring,       // registered with, or read by, an io_uring or AIO context
    denied,         // by profile, allow or deny
    unshared,       // numbers mean one thing here and another there
    vector,         // writev, which may add several values
    unseen,         // values are written that cannot be looked at
    sandboxed,      // the process is about to be forbidden system calls
    replaced,       // another number of it, which may be read by
    shown,          // its count was looked at in /proc
    far_away,       // a read into memory that may be none
    bound_deeply,   // a library that does not call us may read it
    reasons
};

// Counts for the report, in memory that it shares; relaxed, each event once.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): a line for writers, a line for readers
struct tally {
    base::atomic<std::uint64_t> asked_writes{0};  // writes that went to the kernel
    base::atomic<std::uint64_t> redundant{0};     // of those, before promotion: while the kernel held units already
    base::atomic<std::uint64_t> parked_writes{0}; // writes that made no system call
    // On a line of their own: readers count these.
    alignas(64) base::atomic<std::uint64_t> asked_reads{0}; // reads that went to the kernel
    base::atomic<std::uint64_t> parked_reads{0};            // reads that made no system call
    base::atomic<std::uint64_t> handed_back{0};             // writes that we made of our own
};

// What an eventfd is told by in the report.
struct record {
    tally counted;
    base::atomic<reason> demoted_for{reason::none};
    base::atomic<std::uint32_t> was_promoted{0};
    std::uint32_t semaphore = 0;
    std::uint32_t process = 0;
    std::int32_t descriptor = -1; // its number when it was made
    char site[108] = {};          // object!symbol+offset, cut off where it does not fit
};

struct alignas(64) slot {
    base::atomic<parked_word> word{0};
    base::atomic<std::uintptr_t> reader{0}; // until it is promoted: the one thread that reads it
    base::atomic<record*> told{nullptr};    // null: nobody asks for a report
    // Which eventfd of all that ever had the number, here or in the process of which this one is a copy.
    base::atomic<std::uint64_t> born{0};
    base::atomic<std::uint32_t> escapes{0}; // of all eventfds, when it was made
    base::atomic<std::uint32_t> semaphore{0};
    // Evidence (evidence.hpp). Nothing but a promotion hangs on it, so nobody pays for a locked instruction.
    base::atomic<std::uint32_t> asking{0}; // until it is promoted: the reader is within a read
    base::atomic<std::uint32_t> unread{0}; // until it is promoted: a write since the last read
    base::atomic<std::uint32_t> reads{0};
    base::atomic<std::uint32_t> useful{0}; // writes while units were there; once promoted, reads that took parked ones
    base::atomic<std::uint32_t> large{0};  // values that could not be parked
    base::atomic<std::uint32_t> looks{0};  // at values, by system calls
};
static_assert(sizeof(slot) <= 64 || sizeof(base::atomic<parked_word>) > sizeof(parked_word));

[[nodiscard]] inline bool is_semaphore(const slot& there) noexcept { return there.semaphore.load(base::relaxed) != 0; }
inline void count(const slot& there, base::atomic<std::uint64_t> tally::* which) noexcept {
    if (record* const told = there.told.load(base::relaxed); told != nullptr)
        (told->counted.*which).fetch_add(1, base::relaxed);
}

} // namespace efd::dropin
