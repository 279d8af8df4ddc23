// SPDX-License-Identifier: MIT
// dropin/rules/parked_count.cpp: see parked_count.hpp.
//
// PARKED. A unit is parked in the step that shows `filled`; a reader clears `filled` before it asks the kernel.
//
//     may happen                                     must not happen
//     W1 kernel: 1; word: filled                     W1 kernel: 1
//     W2 word: filled, parks 1                       R  kernel: takes 1
//     R  word: begins; kernel: takes 1; takes 1      W1 word: filled
//                                                    W2 word: filled, parks 1: nobody is told, R sleeps on
//
// The second is impossible: a reader counts itself in before it asks the kernel and out after it, and enters a new era;
// W1 marks only the very word that it saw before its own write, with no reader in it.
//
// TOGETHER. A reader that finds units begins, which freezes them, reads the kernel's without sleeping (there are some),
// and takes the parked. Whoever has consumed the kernel's takes them, in one step:
//
//     may happen                                     must not happen
//     R1 begins: 3 parked, kernel 1                  R1 begins; R2 takes the 3
//     R2 begins: demotes; kernel: takes 1; takes 3   R1 kernel: takes 1; returns 1, R2 returns 3
//     R1 kernel: nothing; reads as if alone
//
// A second reader waits for nobody. If both have consumed, as a writer came between, the first that takes has all that
// was parked: two readers may so divide what one would have got, once in an eventfd's life, as the second has demoted.
//
// NUMBERED. Units are handed back by a write to a number, which may be closed, and be another file's, at any moment.
// Who hands back duplicates the number first, and takes the units only if the word is then as it was before: as closing
// changes the word first, the duplicate is the eventfd.
#include "dropin/rules/parked_count.hpp"

#include "dropin/rules/kernel_side.hpp"

namespace efd::dropin {
namespace {

void note_reason(slot& there, reason why) noexcept {
    if (why == reason::none) return;
    if (record* const told = there.told.load(base::relaxed); told != nullptr)
        told->demoted_for.store(why, base::relaxed);
}

// The second half of a demotion: what is parked goes to the kernel.
void hand_back(slot& there, int fd) noexcept {
    const signals_blocked quiet;
    for (;;) {
        parked_word seen = there.word.load(base::acquire);
        if (!is_leaving(seen)) return;
        const int own = own_number(fd); // NUMBERED, duplicate
        const parked_word after = taken(seen);
        const bool mine = there.word.compare_exchange_strong(seen, after, base::acq_rel, base::relaxed); // hand
        const bool has_room = !mine || add_units(own < 0 ? fd : own, units_of(seen));
        if (own >= 0) close_own(own);
        if (!mine) continue; // a reader has begun, or taken them
        count(there, &tally::handed_back);
        // Somebody whom nobody sees has brought it to its bound: they stay for a reader. Nobody but a reader can have
        // come.
        parked_word now = there.word.load(base::acquire);
        while (!has_room && era_of(now) == era_of(after) &&
               !there.word.compare_exchange_weak(now, given_back(now, units_of(seen)), base::acq_rel, base::acquire)) {
        }
        return;
    }
}

} // namespace

read_ticket begin_reading(slot& there, std::uintptr_t me) noexcept {
    parked_word seen = there.word.load(base::acquire);
    bool was_first = false; // as far as the caller knew
    while (is_promoted(seen)) {
        const std::uint64_t born = there.born.load(base::relaxed);
        if (is_semaphore(there) && units_of(seen) > 0) {
            if (there.word.compare_exchange_weak(seen, with_one_taken(seen), base::acq_rel, base::acquire))
                return {read_way::one_unit, seen, born, me};
            continue;
        }
        // A call of the caller's own, behind him or left by a jump, is no other.
        const bool is_first = readers_of(seen) == 0;
        const bool is_other = !is_first && (was_first || there.reader.load(base::relaxed) != me);
        if (is_first || is_other) there.reader.store(is_first ? me : 0, base::relaxed);
        was_first = was_first || is_first;
        const bool is_second = readers_of(seen) == most_readers || (!is_semaphore(there) && is_other);
        const parked_word from = is_second ? leaving(seen) : seen;
        const bool is_counted = is_promoted(from) && readers_of(from) < most_readers;
        const parked_word mine = is_counted ? begun(from) : from;
        if (!there.word.compare_exchange_weak(seen, mine, base::acq_rel, base::acquire)) continue; // PARKED, begin
        if (is_second && !is_demoted(seen)) note_reason(there, reason::several);
        if (!is_counted) break;
        return {units_of(seen) > 0 ? read_way::together : read_way::counted, mine, born, me};
    }
    return {};
}

namespace {

// Is the caller one of those who are counted: not if the number is another eventfd's by now, or this process another's.
bool is_counted_in(const slot& there, parked_word seen, const read_ticket& mine) noexcept {
    return readers_of(seen) > 0 && there.born.load(base::acquire) == mine.born;
}

} // namespace

void end_reading(slot& there, const read_ticket& mine) noexcept {
    if (mine.way != read_way::counted && mine.way != read_way::together) return;
    parked_word seen = there.word.load(base::acquire);
    while (is_counted_in(there, seen, mine)) {
        if (there.word.compare_exchange_weak(seen, ended(seen), base::acq_rel, base::acquire)) return; // PARKED, end
    }
}

std::uint64_t take_parked(slot& there, const read_ticket& mine) noexcept {
    parked_word seen = there.word.load(base::acquire);
    while (is_counted_in(there, seen, mine)) {
        if (there.word.compare_exchange_weak(seen, taken(ended(seen)), base::acq_rel, base::acquire)) // TOGETHER, take
            return units_of(seen);
    }
    return 0;
}

std::uint64_t take_beside_nothing(slot& there, const read_ticket& mine) noexcept {
    parked_word seen = there.word.load(base::acquire);
    const bool is_alone = readers_of(mine.mine) == 1 && seen == mine.mine; // nor has anybody begun since
    const bool is_own = there.reader.load(base::relaxed) == mine.me;
    while ((is_alone || is_own) && units_of(seen) > 0 && is_counted_in(there, seen, mine)) {
        const parked_word after = taken(leaving(ended(seen)));
        if (!there.word.compare_exchange_strong(seen, after, base::acq_rel, base::acquire)) { // TOGETHER, stolen
            if (is_own) continue;
            break;
        }
        note_reason(there, reason::stolen);
        return units_of(seen);
    }
    return 0;
}

bool promote(slot& there) noexcept {
    parked_word seen = there.word.load(base::relaxed);
    while (is_awaiting_evidence(seen)) {
        if (!there.word.compare_exchange_weak(seen, promoted(seen), base::acq_rel, base::relaxed)) continue;
        if (record* const told = there.told.load(base::relaxed); told != nullptr)
            told->was_promoted.store(1, base::relaxed);
        return true;
    }
    return false;
}

bool rest(slot& there) noexcept {
    parked_word seen = there.word.load(base::acquire);
    return may_rest(seen) &&
           there.word.compare_exchange_strong(seen, rested(seen), base::acq_rel, base::relaxed); // PARKED, rest
}

void demote(slot& there, int fd, reason why) noexcept {
    parked_word seen = there.word.load(base::acquire);
    while (is_noted(seen) && !is_demoted(seen)) {
        if (!there.word.compare_exchange_weak(seen, leaving(seen), base::acq_rel, base::acquire)) continue; // leave
        note_reason(there, why);
        seen = leaving(seen);
    }
    if (is_leaving(seen)) hand_back(there, fd); // also where who began to was left there by a jump, or is stopped
}

} // namespace efd::dropin
