// SPDX-License-Identifier: MIT
// dropin/rules/cached_count.cpp: see cached_count.hpp; docs/races.md draws the races.
//
// CACHED. A unit is cached only in a step that finds `filled` set. A reader clears `filled`, counts itself in and
// begins a new generation before it asks the kernel, and counts itself out afterwards. A writer whose write has reached
// the kernel sets `filled` only if the word is what it was before that write, without a reader.
//
// COMBINED_READ. A reader that finds units begins, and no more are cached. It reads the kernel's units without
// sleeping, because there are some, and then takes the cached ones, in one step. A second reader demotes and does not
// wait; if a writer comes between, two readers may divide what one would have got, once in an eventfd's life.
//
// REUSED_FD. Another thread may close the number to which a flush writes, and it may then refer to another file. The
// flush duplicates the number first, and takes the units only if the word has not changed since. A close changes the
// word first, so in that case the duplicate is the eventfd.
#include "dropin/rules/cached_count.hpp"

#include "dropin/rules/kernel_side.hpp"
#include "os/probe.hpp"

namespace efd::dropin {
namespace {

void note_reason(fd_slot& slot, reason why) noexcept {
    if (why == reason::none) return;
    if (report_record* const record = slot.record.load(base::relaxed); record != nullptr)
        record->demoted_for.store(why, base::relaxed);
}

// The second half of a demotion: the cached units go to the kernel.
void flush(fd_slot& slot, int fd) noexcept {
    const signals_blocked blocked;
    for (;;) {
        cached_word word = slot.word.load(base::acquire);
        if (!needs_flush(word)) return;
        const int dup = private_dup(fd); // REUSED_FD, duplicate
        const cached_word after = without_units(word);
        EFD_CHECK(units_of(word) > 0 && is_consistent(after));
        const bool is_taken =
            slot.word.compare_exchange_strong(word, after, base::acq_rel, base::relaxed); // REUSED_FD, take
        const bool has_room = !is_taken || add_units(dup < 0 ? fd : dup, units_of(word));
        if (dup >= 0) close_private_dup(dup);
        if (!is_taken) continue; // a reader has begun, or has taken the units
        count(slot, &tally::flushes);
        // No room: an unseen party has raised the count to its bound. The units return to the word and wait for a
        // reader, unless the number has been forgotten meanwhile.
        cached_word now = slot.word.load(base::acquire);
        // REUSED_FD, back
        while (!has_room && generation_of(now) == generation_of(after) &&
               !slot.word.compare_exchange_weak(now, with_returned_units(now, units_of(word)), base::acq_rel,
                                                base::acquire)) {
        }
        return;
    }
}

} // namespace

read_ticket begin_reading(fd_slot& slot, std::uintptr_t thread) noexcept {
    cached_word word = slot.word.load(base::acquire);
    bool was_first = false; // in an attempt that failed
    while (is_promoted(word)) {
        EFD_CHECK(is_consistent(word));
        const std::uint64_t incarnation = slot.incarnation.load(base::relaxed);
        if (is_semaphore(slot) && units_of(word) > 0) {
            // CACHED, one unit
            if (slot.word.compare_exchange_weak(word, without_one_unit(word), base::acq_rel, base::acquire))
                return {read_way::one_unit, word, incarnation, thread};
            continue;
        }
        // The other reader may be an outer call of this thread, interrupted or left by a jump; that does not count.
        const bool is_first = readers_of(word) == 0;
        const bool is_other = !is_first && (was_first || slot.reader.load(base::relaxed) != thread);
        if (is_first || is_other) slot.reader.store(is_first ? thread : 0, base::relaxed);
        was_first = was_first || is_first;
        const bool is_second = readers_of(word) == most_readers || (!is_semaphore(slot) && is_other);
        const cached_word from = is_second ? with_demotion(word) : word;
        const bool is_counted = is_promoted(from) && readers_of(from) < most_readers;
        const cached_word after = is_counted ? with_reader(from) : from;
        EFD_CHECK(is_consistent(after) && !is_filled(after) && units_of(after) == units_of(word)); // CACHED
        if (!slot.word.compare_exchange_weak(word, after, base::acq_rel, base::acquire)) continue; // CACHED, begin
        if (is_second && !is_demoted(word)) note_reason(slot, reason::several);
        if (!is_counted) break;
        return {units_of(word) > 0 ? read_way::combined : read_way::counted, after, incarnation, thread};
    }
    return {read_way::kernel, word, 0, thread};
}

read_ticket count_reader(fd_slot& slot, std::uintptr_t thread) noexcept {
    cached_word word = slot.word.load(base::acquire);
    while (is_awaiting_evidence(word) && readers_of(word) < most_readers) {
        const std::uint64_t incarnation = slot.incarnation.load(base::relaxed);
        if (slot.word.compare_exchange_weak(word, with_reader(word), base::acq_rel,
                                            base::acquire)) // LONE_READER, count
            return {read_way::counted, with_reader(word), incarnation, thread};
    }
    return {};
}

namespace {

// Is the caller still counted? Not if the number belongs to another eventfd by now, or this process is a copy.
bool is_counted_in(const fd_slot& slot, cached_word word, const read_ticket& ticket) noexcept {
    return readers_of(word) > 0 && slot.incarnation.load(base::acquire) == ticket.incarnation;
}

} // namespace

void end_reading(fd_slot& slot, const read_ticket& ticket) noexcept {
    if (ticket.way != read_way::counted && ticket.way != read_way::combined) return;
    cached_word word = slot.word.load(base::acquire);
    while (is_counted_in(slot, word, ticket)) {
        EFD_CHECK(readers_of(without_reader(word)) + 1 == readers_of(word) && is_consistent(without_reader(word)));
        if (slot.word.compare_exchange_weak(word, without_reader(word), base::acq_rel, base::acquire))
            return; // CACHED, end
    }
}

std::uint64_t take_cached(fd_slot& slot, const read_ticket& ticket) noexcept {
    cached_word word = slot.word.load(base::acquire);
    while (is_counted_in(slot, word, ticket)) {
        EFD_CHECK(units_of(without_units(without_reader(word))) == 0 &&
                  is_consistent(without_units(without_reader(word))));
        if (slot.word.compare_exchange_weak(word, without_units(without_reader(word)), base::acq_rel,
                                            base::acquire)) // COMBINED_READ, take
            return units_of(word);
    }
    return 0;
}

std::uint64_t take_after_empty_read(fd_slot& slot, const read_ticket& ticket) noexcept {
    cached_word word = slot.word.load(base::acquire);
    const bool is_alone = readers_of(ticket.word) == 1 && word == ticket.word; // and no reader has begun since
    const bool is_own = slot.reader.load(base::relaxed) == ticket.thread;
    while ((is_alone || is_own) && units_of(word) > 0 && is_counted_in(slot, word, ticket)) {
        const cached_word after = without_units(with_demotion(without_reader(word)));
        EFD_CHECK(is_demoted(after) && !is_promoted(after) && is_consistent(after));
        if (!slot.word.compare_exchange_strong(word, after, base::acq_rel, base::acquire)) { // COMBINED_READ, stolen
            if (is_own) continue;
            break;
        }
        note_reason(slot, reason::stolen);
        return units_of(word);
    }
    return 0;
}

bool return_units(fd_slot& slot, int fd, const read_ticket& ticket, std::uint64_t units, reason why) noexcept {
    cached_word word = slot.word.load(base::acquire);
    while (is_noted(word) && slot.incarnation.load(base::acquire) == ticket.incarnation) {
        const cached_word after = with_demotion(with_returned_units(word, units));
        // REUSED_FD, back
        if (!slot.word.compare_exchange_weak(word, after, base::acq_rel, base::acquire)) continue;
        note_reason(slot, why);
        flush(slot, fd);
        return true;
    }
    return false;
}

bool promote(fd_slot& slot) noexcept {
    cached_word word = slot.word.load(base::relaxed);
    while (is_awaiting_evidence(word)) {
        EFD_CHECK(is_consistent(with_promotion(word)));
        // LONE_READER, promote
        if (!slot.word.compare_exchange_weak(word, with_promotion(word), base::acq_rel, base::relaxed)) continue;
        if (report_record* const record = slot.record.load(base::relaxed); record != nullptr)
            record->was_promoted.store(1, base::relaxed);
        return true;
    }
    return false;
}

bool unpromote(fd_slot& slot) noexcept {
    cached_word word = slot.word.load(base::acquire);
    return may_unpromote(word) && slot.word.compare_exchange_strong(word, without_promotion(word), base::acq_rel,
                                                                    base::relaxed); // CACHED, unpromote
}

void demote(fd_slot& slot, int fd, reason why) noexcept {
    cached_word word = slot.word.load(base::acquire);
    while (is_noted(word) && !is_demoted(word)) {
        EFD_CHECK(is_consistent(with_demotion(word)) && units_of(with_demotion(word)) == units_of(word));
        if (!slot.word.compare_exchange_weak(word, with_demotion(word), base::acq_rel, base::acquire))
            continue; // CACHED, demote
        note_reason(slot, why);
        EFD_PROBE(demote, &slot, fd, static_cast<unsigned>(why));
        word = with_demotion(word);
    }
    if (needs_flush(word)) flush(slot, fd); // also if another thread was stopped within its demotion
}

} // namespace efd::dropin
