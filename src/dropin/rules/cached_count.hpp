// SPDX-License-Identifier: MIT
// dropin/rules/cached_count.hpp: caching units beside a kernel's eventfd, taking them, flushing them.
//
// No call waits for another thread, or asks whether one lives. Each change is one atomic step on the word. If a thread
// is stopped after any step, all others can go on. A thread takes units in one step, and then they are its own. The
// races are CACHED, COMBINED_READ and REUSED_FD (docs/races.md). Any thread; also in signal handlers. errno does not
// change.
#pragma once

#include <efd/detail/base/check.hpp>

#include "dropin/rules/slot.hpp"

namespace efd::dropin {

// Caches a write of n. False: it must go to the kernel. Makes no system call. `word`: the word as the caller loaded it.
[[nodiscard]] inline bool try_cache(fd_slot& slot, cached_word& word, std::uint64_t n) noexcept {
    while (may_cache(word, n)) {
        EFD_CHECK(is_consistent(with_cached(word, n)) && units_of(with_cached(word, n)) == units_of(word) + n);
        if (slot.word.compare_exchange_weak(word, with_cached(word, n), base::acq_rel, base::acquire)) // CACHED, cache
            return true;
    }
    return false;
}

// After a write of n > 0 has reached the kernel. `before`: the word as it was when the write began.
inline void mark_filled(fd_slot& slot, cached_word before) noexcept {
    EFD_CHECK(is_consistent(before));
    if (may_fill(before))
        (void)slot.word.compare_exchange_strong(before, with_filled(before), base::acq_rel,
                                                base::relaxed); // CACHED, fill
}

// How a read begins.
enum class read_way : unsigned char {
    kernel,   // the caller reads; the word is not promoted, or has too many readers
    counted,  // the caller reads, and then calls end_reading
    one_unit, // semaphore mode: one cached unit is taken; the read is done
    combined, // the caller reads without sleeping, and then calls take_cached, take_after_empty_read or end_reading
};
struct read_ticket {
    read_way way = read_way::kernel;
    cached_word word = 0;          // as the caller's own step left it
    std::uint64_t incarnation = 0; // of the eventfd whose word counts the caller
    std::uintptr_t thread = 0;
};
// `thread`: the calling one.
[[nodiscard]] read_ticket begin_reading(fd_slot& slot, std::uintptr_t thread) noexcept;
// Counts a reader of an eventfd that awaits evidence, until end_reading(). Nothing is cached meanwhile.
[[nodiscard]] read_ticket count_reader(fd_slot& slot, std::uintptr_t thread) noexcept;
// Ends a read that takes no cached units. If a jump leaves a read before this, or its thread ends, the reader stays
// counted: nothing is cached until the next read demotes.
void end_reading(fd_slot& slot, const read_ticket& ticket) noexcept;
// After the caller has consumed the kernel's units: takes the cached ones and ends the read. 0: there are none.
[[nodiscard]] std::uint64_t take_cached(fd_slot& slot, const read_ticket& ticket) noexcept;
// After the kernel had nothing for the caller. If another thread is a reader, it has consumed the kernel's units, and
// the cached ones are its own: returns 0, and the read goes on. If there is no other reader, an unseen party has
// consumed. If the other reader is an outer call of this thread, a jump has left it or it goes on after this one. In
// both cases the caller gets the units and demotes.
[[nodiscard]] std::uint64_t take_after_empty_read(fd_slot& slot, const read_ticket& ticket) noexcept;

// Units that a read took and cannot hand over: they go to the kernel, and the eventfd is demoted. False: the number is
// of another file by now.
bool return_units(fd_slot& slot, int fd, const read_ticket& ticket, std::uint64_t units, reason why) noexcept;

// The caller knows that no uncounted reader is in a call (evidence.hpp). False: demoted, or promoted already.
bool promote(fd_slot& slot) noexcept;
// Back to awaiting evidence; the caller is about to read. False: units are cached, or another thread reads.
bool unpromote(fd_slot& slot) noexcept;
// Caches nothing any more, for good. Writes the cached units to `fd`, unless the number belongs to another file by now
// or a reader takes them first. The report gets the reason, unless it is `none`.
void demote(fd_slot& slot, int fd, reason why) noexcept;

} // namespace efd::dropin
