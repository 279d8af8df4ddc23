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
// and takes the parked in one step. A second reader within that demotes, and takes them in the step in which it begins:
// it waits for nobody, and the first one finds out in its own last step. So two readers may divide a count between
// them, once in an eventfd's life, where neither lets the other end; no unit is lost or read twice.
//
// NUMBERED. Units are handed back by a write to a number, which may be closed, and be another file's, at any moment.
// Who hands back duplicates the number first, and takes the units only if the word is then as it was before: as closing
// changes the word first, the duplicate is the eventfd.
#include "dropin/rules/parked_count.hpp"

#include "dropin/rules/kernel_side.hpp"

namespace efd::dropin {
namespace {

// The second half of a demotion: what is parked goes to the kernel.
void hand_back(slot& there, int fd) noexcept {
    const signals_blocked quiet;
    for (;;) {
        parked_word seen = there.word.load(base::acquire);
        if (!is_leaving(seen)) return;
        const int own = own_number(fd); // NUMBERED, duplicate
        const bool mine = there.word.compare_exchange_strong(seen, taken(seen), base::acq_rel, base::relaxed);
        if (mine) add_units(own < 0 ? fd : own, units_of(seen));
        if (own >= 0) close_own(own);
        if (!mine) continue; // a reader has begun, or taken them
        count(there, &tally::handed_back);
        return;
    }
}

} // namespace

read_ticket begin_reading(slot& there) noexcept {
    parked_word seen = there.word.load(base::acquire);
    while (is_promoted(seen)) {
        const std::uint32_t born = there.born.load(base::relaxed);
        const bool semaphore = is_semaphore(there);
        if (semaphore && units_of(seen) > 0) {
            if (there.word.compare_exchange_weak(seen, with_one_taken(seen), base::acq_rel, base::acquire))
                return {read_way::one_unit, seen, born, 1};
        } else if (readers_of(seen) == most_readers || (!semaphore && readers_of(seen) > 0)) {
            if (there.word.compare_exchange_weak(seen, taken(leaving(seen)), base::acq_rel, base::acquire)) { // overtake
                if (record* const told = there.told.load(base::relaxed); told != nullptr)
                    told->demoted_for.store(reason::several, base::relaxed);
                return {read_way::overtook, seen, born, units_of(seen)};
            }
        } else {
            const parked_word mine = begun(seen);
            if (there.word.compare_exchange_weak(seen, mine, base::acq_rel, base::acquire)) // PARKED, begin
                return {units_of(seen) > 0 ? read_way::together : read_way::counted, mine, born, 0};
        }
    }
    return {};
}

void end_reading(slot& there, const read_ticket& mine) noexcept {
    if (mine.way != read_way::counted && mine.way != read_way::together) return;
    parked_word seen = there.word.load(base::acquire);
    // Of another eventfd's readers, or of this process's where fork was called within, the caller is none.
    while (readers_of(seen) > 0 && there.born.load(base::acquire) == mine.born) {
        if (there.word.compare_exchange_weak(seen, ended(seen), base::acq_rel, base::acquire)) return; // PARKED, end
    }
}

std::uint64_t take_parked(slot& there, const read_ticket& mine) noexcept {
    parked_word seen = there.word.load(base::acquire);
    while (is_promoted(seen) && units_of(seen) > 0 && era_of(seen) == era_of(mine.mine)) {
        if (there.word.compare_exchange_weak(seen, taken(ended(seen)), base::acq_rel, base::acquire)) // TOGETHER, take
            return units_of(seen);
    }
    end_reading(there, mine);
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

void demote(slot& there, int fd, reason why) noexcept {
    parked_word seen = there.word.load(base::acquire);
    while (is_noted(seen) && !is_demoted(seen)) {
        if (!there.word.compare_exchange_weak(seen, leaving(seen), base::acq_rel, base::acquire)) continue; // leave
        if (record* const told = there.told.load(base::relaxed); told != nullptr)
            told->demoted_for.store(why, base::relaxed);
        seen = leaving(seen);
    }
    if (is_leaving(seen)) hand_back(there, fd); // also where who began to was left there by a jump, or is stopped
}

} // namespace efd::dropin
