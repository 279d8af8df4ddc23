// dropin/slot.hpp: what is known of one eventfd: its parked units, and what the report says.
//
// Lives in memory that all processes of one run share, as the open file description that it stands for is shared by
// dup and fork. Everything in it may be read and written by any of them at any time; nothing in it is a pointer.
#pragma once

#include <efd/base/atomic.hpp>

#include "dropin/parked_word.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Why an eventfd went back to the kernel for good.
enum class reason : std::uint32_t { // NOLINT(performance-enum-size): other processes read it, as a word
    none,
    edge_triggered, // epoll with EPOLLET: each write must be an edge
    exclusive,      // EPOLLEXCLUSIVE: each write may wake another waiter
    passed,         // SCM_RIGHTS
    executed,       // open across exec, or a child made by posix_spawn
    unknown_ioctl,  // KVM irqfd and whatever else may consume
    spliced,        // splice, tee, sendfile, copy_file_range, stdio
    owner_set,      // F_SETOWN, F_SETSIG
    stolen,         // somebody read what nobody here had read
    huge,           // a write of 2^32 or more
    crowded,        // more readers at once than there is room to count
    io_uring,       // registered with, or read by, an io_uring or AIO (strict: any ring in the process)
    denied,         // by profile, allow or deny
    unshared,       // a thread has a table of descriptors of its own, or a process ours
    vector,         // writev, which may add several values
    sandboxed,      // the process is about to be forbidden system calls
    replaced,       // it was put in the place of a number that somebody may be reading
    unseen,         // values are written that cannot be looked at
    reasons
};

// Counts for the report; relaxed, each event once. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): meant
struct tally {
    base::atomic<std::uint64_t> asked_writes{0}; // writes that went to the kernel
    base::atomic<std::uint64_t> redundant{0};    // of those, before promotion: while the kernel held units already
    // On a line of their own: readers count these.
    alignas(64) base::atomic<std::uint64_t> asked_reads{0}; // reads that went to the kernel
    base::atomic<std::uint64_t> parked_reads{0};            // reads that made no system call
    base::atomic<std::uint64_t> parked_writes{0};           // writes that made none
    base::atomic<std::uint64_t> handed_back{0};             // writes that we made of our own
};

struct alignas(64) slot {
    base::atomic<parked_word> state{0};
    base::atomic<std::uint64_t> owner{0};   // who is taking, as myself() says
    base::atomic<std::uint32_t> holders{0}; // descriptors, of processes that did not fork since
    base::atomic<std::uint32_t> forked{0};
    base::atomic<std::uint32_t> semaphore{0};
    base::atomic<std::uint32_t> in_use{0};
    base::atomic<reason> demoted_for{reason::none};
    base::atomic<std::uint32_t> was_promoted{0};
    base::atomic<std::uint32_t> looks{0}; // at values, by system calls

    alignas(64) tally counted;
    std::uint32_t process = 0;
    std::int32_t descriptor = -1; // its number when it was made
    char site[112] = {};          // object!symbol+offset, cut off where it does not fit
};

} // namespace efd::dropin
