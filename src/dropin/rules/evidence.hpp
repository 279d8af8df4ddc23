// SPDX-License-Identifier: MIT
// dropin/rules/evidence.hpp: when an eventfd is worth a locked instruction in each of its calls, before and after.
//
// LONE_READER. While it awaits evidence nobody is counted, so that a program that gains nothing pays nothing. It may
// be promoted by a thread that knows that no other is in a read of it:
//
//     may happen                                     must not happen
//     T1 reader: T1; reads, again and again          T1 promotes
//     T2 is another: demotes in the word; reads      T2 is within a read, and not counted
//     T1 promotes: no, the word is not as it was
//
// The first that reads makes itself `reader` in one step, before it asks the kernel. Another one demotes before it
// does; the word decides between that and the promotion. The reader itself promotes at the beginning of a read, unless
// it is within another of its own (`asking`; left by a jump it stays set, and the eventfd is never promoted).
#pragma once

#include "dropin/rules/parked_count.hpp"

namespace efd::dropin {

// Evidence for a promotion: writes that reached the kernel while it held units, and reads through libc.
inline constexpr std::uint32_t useful_enough = 16;
inline constexpr std::uint32_t reads_enough = 4;
// Of so many reads of a promoted eventfd one in 16 must have found parked units, or evidence is awaited anew.
inline constexpr std::uint32_t reads_weighed = 1024;
inline constexpr std::uint32_t most_large = 1U << 30; // each below 2^32: together far below the bound

inline void add_plainly(base::atomic<std::uint32_t>& count, std::uint32_t n) noexcept {
    count.store(count.load(base::relaxed) + n, base::relaxed);
}

enum class lone_way : unsigned char {
    reads,    // the caller is the one reader, or the first
    promotes, // and may promote now
    other,    // there is another: the caller demotes before it reads
};
[[nodiscard]] inline lone_way begin_lone_read(slot& there, std::uintptr_t me) noexcept {
    std::uintptr_t reader = there.reader.load(base::relaxed);
    if (reader == 0 && there.reader.compare_exchange_strong(reader, me, base::acq_rel, base::relaxed)) reader = me;
    if (reader != me) return lone_way::other;
    if (there.asking.load(base::relaxed) != 0) return lone_way::reads;
    if (there.useful.load(base::relaxed) >= useful_enough && there.reads.load(base::relaxed) >= reads_enough)
        return lone_way::promotes;
    return lone_way::reads;
}

// Does a read add to the evidence, and nothing else: `me` is the one reader, in no other read.
[[nodiscard]] inline bool only_adds_evidence(const slot& there, std::uintptr_t me) noexcept {
    return there.reader.load(base::relaxed) == me && there.asking.load(base::relaxed) == 0 &&
           there.useful.load(base::relaxed) < useful_enough;
}

// Around the kernel's part of such a read.
class lone_call {
  public:
    // `outer`: what `asking` is.
    lone_call(slot& there, std::uint32_t outer) noexcept : there_(there), outer_(outer) {
        there.asking.store(1, base::relaxed);
        there.unread.store(0, base::relaxed);
        add_plainly(there.reads, 1);
    }
    void end() noexcept { there_.asking.store(outer_, base::relaxed); }

  private:
    slot& there_;
    std::uint32_t outer_;
};

inline void note_lone_write(slot& there) noexcept {
    if (there.unread.load(base::relaxed) == 0) {
        there.unread.store(1, base::relaxed);
    } else {
        add_plainly(there.useful, 1);
        count(there, &tally::redundant);
    }
}

// Before a read of a promoted eventfd. False: it is not worth it for the time being.
[[nodiscard]] inline bool is_worth_it(slot& there) noexcept {
    if (there.reads.load(base::relaxed) < reads_weighed) return true;
    const bool enough = there.useful.load(base::relaxed) >= reads_weighed / 16;
    there.reads.store(0, base::relaxed);
    there.useful.store(0, base::relaxed);
    return enough;
}
inline void weigh_read(slot& there, bool found_parked) noexcept {
    if (found_parked) add_plainly(there.useful, 1);
    add_plainly(there.reads, 1);
}

// May a value of n come beside what the kernel has, which was little when the eventfd was promoted: a reader was about
// to empty it.
[[nodiscard]] inline bool may_grow(slot& there, std::uint64_t n) noexcept {
    if (n <= UINT16_MAX) return true; // 2^47 of them without a read take a year
    if (n >> 32 != 0 || there.large.load(base::relaxed) >= most_large) return false;
    add_plainly(there.large, 1);
    return true;
}

} // namespace efd::dropin
