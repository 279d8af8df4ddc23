// SPDX-License-Identifier: MIT
// dropin/rules/evidence.hpp: when an eventfd is worth a locked instruction in each of its calls: promotion on evidence,
// and back.
//
// LONE_READER (docs/races.md). Before promotion no reader is counted, so a program that gains nothing pays nothing. A
// thread may promote only if no other thread is in a read of the eventfd.
//
// The first thread that reads sets `reader` to itself in one step, before it asks the kernel. Any other thread demotes
// before it asks the kernel. Promotion and demotion change the same word, so the first of them decides. The reader
// promotes at the beginning of a read, unless that read interrupts another read of its own (`in_read`). If a jump
// leaves a read, `in_read` stays above zero and the eventfd is never promoted. If a handler switches to another read of
// this thread amid a promotion, the reader finds `in_read` above zero after it, and demotes.
#pragma once

#include "dropin/rules/cached_count.hpp"
#include "dropin/rules/raw_call.hpp"

namespace efd::dropin {

// Evidence for a promotion: writes that reached the kernel while it held units, and reads through libc.
inline constexpr std::uint32_t useful_enough = 16;
inline constexpr std::uint32_t reads_enough = 4;
// Of this many reads of a promoted eventfd one in 16 must have found cached units. Otherwise it is unpromoted.
inline constexpr std::uint32_t reads_weighed = 1024;
inline constexpr std::uint32_t most_large = 1U << 30; // each below 2^32, so their sum is far below the bound

// The sum is right for all that runs in this thread: signal handlers, and what they switch to.
inline void add_in_thread(base::atomic<std::uint32_t>& sum, std::int32_t n) noexcept {
#if defined(__x86_64__) && !defined(EFD_ATOMIC_MODEL)
    add_in_one_instruction(reinterpret_cast<std::uint32_t&>(sum), n); // no locked instruction
#else
    (void)sum.fetch_add(static_cast<std::uint32_t>(n), base::relaxed);
#endif
}
inline void add_plainly(base::atomic<std::uint32_t>& count, std::uint32_t n) noexcept {
    count.store(count.load(base::relaxed) + n, base::relaxed);
}

enum class lone_way : unsigned char {
    reads,    // the caller is the only reader so far
    promotes, // the same, and it may promote now
    other,    // another thread is the reader: the caller demotes before it reads
};
[[nodiscard]] inline lone_way begin_lone_read(fd_slot& slot, std::uintptr_t thread) noexcept {
    std::uintptr_t reader = slot.reader.load(base::relaxed);
    // LONE_READER, first
    if (reader == 0 && slot.reader.compare_exchange_strong(reader, thread, base::acq_rel, base::relaxed))
        reader = thread;
    if (reader != thread) return lone_way::other;
    if (slot.in_read.load(base::relaxed) != 0) return lone_way::reads;
    if (slot.useful.load(base::relaxed) >= useful_enough && slot.reads.load(base::relaxed) >= reads_enough)
        return lone_way::promotes;
    return lone_way::reads;
}

// Does a read only add evidence? Then `thread` is the only reader, and in no other read.
[[nodiscard]] inline bool only_adds_evidence(const fd_slot& slot, std::uintptr_t thread) noexcept {
    return slot.reader.load(base::relaxed) == thread && slot.in_read.load(base::relaxed) == 0 &&
           slot.useful.load(base::relaxed) < useful_enough;
}

inline void note_lone_write(fd_slot& slot) noexcept {
    if (slot.unread.load(base::relaxed) == 0) {
        slot.unread.store(1, base::relaxed);
    } else {
        add_plainly(slot.useful, 1);
        count(slot, &tally::redundant);
    }
}

// Before a read of a promoted eventfd. False: too few reads find cached units; unpromote.
[[nodiscard]] inline bool is_worth_it(fd_slot& slot) noexcept {
    if (slot.reads.load(base::relaxed) < reads_weighed) return true;
    const bool enough = slot.useful.load(base::relaxed) >= reads_weighed / 16;
    slot.reads.store(0, base::relaxed);
    slot.useful.store(0, base::relaxed);
    return enough;
}
inline void weigh_read(fd_slot& slot, bool found_cached) noexcept {
    if (found_cached) add_plainly(slot.useful, 1);
    add_plainly(slot.reads, 1);
}

// May a value of n be added to the kernel's count? That count was small at the promotion, because a reader was about to
// empty it.
[[nodiscard]] inline bool may_grow(fd_slot& slot, std::uint64_t n) noexcept {
    if (n <= UINT16_MAX) return true; // 2^47 such writes without a read take a year
    if (n >> 32 != 0 || slot.large.load(base::relaxed) >= most_large) return false;
    add_plainly(slot.large, 1);
    return true;
}

} // namespace efd::dropin
