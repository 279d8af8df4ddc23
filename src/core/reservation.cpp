// SPDX-License-Identifier: MIT
// core/reservation.cpp: taking from several objects in one step, which no stopped thread can hold up.
//
// RESERVE. A taker marks each object's word `reserved`, by the step that shows its count above zero and fixes the
// amount to take. Once it has reserved all it commits, in one step on its slot's word: at that moment all are taken
// from, since every count was at least that high and no other thread could take. The words follow later.
//
//     a thread that meets a reserved object and                    while undecided   once taken         once failed
//     reads, writes by comparing, arms, wakes, takes from several  aborts the take   takes the amount   the mark goes
//     has added blindly                                            the same, before it returns
//     looks at the count                                           counts all        less the amount    counts all
//
// So no thread waits for the taker. A taker that is aborted tries again. docs/races.md draws it, and says why a late
// step does no harm, and how one sealed object is among the others (a tied take).
#include "core/reservation.hpp"

#include <efd/detail/core/context.hpp>

#include "core/shared_slots.hpp"
#include "core/trace.hpp"
#include "core/watchers.hpp"
#include "os/cpu.hpp"
#include "os/futex.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace efd::EFD_ABI::core {
namespace {

constinit std::array<reservation_slot, reservation_slot::most> slots;

// How often others look before they abort a take. It grows with the times that the call was aborted, so that a take
// from many objects succeeds beside threads that write to them all the time. The explorer does not wait.
#ifdef EFD_ATOMIC_MODEL
constexpr unsigned first_patience = 0;
#else
constexpr unsigned first_patience = 16;
#endif
constexpr unsigned most_doublings = 8;

} // namespace

reservation_slot& reservation_slot::at(std::size_t index) noexcept { return slots[index]; }

std::size_t reservation_slot::index() const noexcept {
    return static_cast<std::size_t>(std::distance<const reservation_slot*>(slots.data(), this));
}

reservation_slot& reservation_slot::begin(unsigned aborted) noexcept {
    const std::uint32_t marks = std::min(aborted, aborted_most) << aborted_shift;
    for (;; os::yield_cpu()) {
        for (reservation_slot& one : slots) {
            std::uint32_t word = one.word_.load(base::relaxed);
            if (step_of(word) != step::free) continue;
            const std::uint32_t number = (word >> number_shift) + 1;
            const std::uint32_t taken = with(number << number_shift | marks, step::undecided);
            // RESERVE, slot
            if (!one.word_.compare_exchange_strong(word, taken, base::acq_rel, base::relaxed)) continue;
            one.process_.store(os::process_number(), base::relaxed);
            return one;
        }
    }
}

bool reservation_slot::go(step from, step to) noexcept {
    std::uint32_t word = word_.load(base::relaxed);
    while (step_of(word) == from) {
        // RESERVE: commit, tie or failure
        if (word_.compare_exchange_weak(word, with(word, to), base::acq_rel, base::acquire)) return true;
    }
    return false;
}

bool reservation_slot::commit() noexcept { return go(step::undecided, step::taken); } // RESERVE, commit

bool reservation_slot::tie() noexcept { return go(step::undecided, step::tied); } // RESERVE, tie

void reservation_slot::finish(bool taken) noexcept {
    std::uint32_t word = word_.load(base::relaxed);
    const step now = taken ? step::taken : step::failed;
    while (!word_.compare_exchange_weak(word, with(word, now), base::acq_rel, base::relaxed)) { // RESERVE, end of a tie
    }
    if ((word & waited_for) != 0) os::futex_wake_and_count(&word_, os::everybody, os::futex_scope::one_process);
}

void reservation_slot::fail() noexcept { (void)go(step::undecided, step::failed); }

// RESERVE, slot free
void reservation_slot::end() noexcept { word_.store(with(word_.load(base::relaxed), step::free), base::release); }

bool reservation_slot::is_aborted() const noexcept { return step_of(word_.load(base::acquire)) == step::failed; }

template <class Question>
bool reservation_slot::decide(Question is_still_reserved) noexcept {
    std::uint32_t word = word_.load(base::acquire);
    const unsigned doublings = std::min<unsigned>(word >> aborted_shift & aborted_most, most_doublings);
    for (unsigned looks = first_patience << doublings; step_of(word) == step::undecided && looks > 0; --looks) {
        os::relax_cpu();
        word = word_.load(base::acquire);
    }
    for (;;) {
        if (step_of(word) == step::tied) {
            if (!is_still_reserved()) return false; // RESERVE: the slot is another take's by now
            word = await_end_of_tie(word);
        } else if (step_of(word) != step::undecided) {
            return step_of(word) == step::taken;
            // RESERVE, abort
        } else if (word_.compare_exchange_weak(word, with(word, step::failed), base::acq_rel, base::acquire)) {
            return false;
        }
    }
}

template <class Question>
bool reservation_slot::has_happened(Question is_still_reserved) noexcept {
    std::uint32_t word = word_.load(base::acquire);
    while (step_of(word) == step::tied) {
        if (!is_still_reserved()) return false; // RESERVE: the slot is another take's by now
        word = await_end_of_tie(word);
    }
    return step_of(word) == step::taken;
}

// A tied take of a process that was forked meanwhile never ends in the child: nothing of it happens there.
std::uint32_t reservation_slot::await_end_of_tie(std::uint32_t word) noexcept {
    const bool is_ours = process_.load(base::relaxed) == os::process_number();
    const std::uint32_t wanted = is_ours ? word | waited_for : with(word, step::failed);
    // RESERVE, tied
    if (word != wanted && !word_.compare_exchange_weak(word, wanted, base::acq_rel, base::acquire)) return word;
    if (is_ours) (void)os::futex_wait(&word_, wanted, INT64_MAX, os::futex_scope::one_process); // RESERVE, tied
    return word_.load(base::acquire);
}

// Ends the reservation that `word` shows, and each that follows it. Returns the word as it is then.
state_word context::end_reservation(state_word word) noexcept {
    if (is_in_shared_range(this)) // RESERVE: no take reserves it, and the mark is a peer's noise
        return state_.fetch_and(~reserved_mark, base::acq_rel) & ~reserved_mark;
    while (is_reserved(word)) {
        const reservation_record record = reservation().load(base::acquire);
        const bool is_its = stamp_of(record) == generation_of(word); // else it is the mark of a take that was aborted
        const auto is_still = [&] { return state_.load(base::acquire) == word; };
        const std::uint64_t amount =
            is_its && reservation_slot::at(slot_of(record)).decide(is_still) ? amount_of(record) : 0;
        const state_word left = without_reservation(word, amount);
        if (state_.compare_exchange_weak(word, left, base::acq_rel, base::acquire)) return left; // RESERVE, release
    }
    return word;
}

std::uint64_t context::count_slow() const noexcept {
    for (;;) {
        const state_word word = state_.load(base::acquire);
        if (is_sealed(word)) return base_of(word) + huge_.load(base::acquire);
        if (!is_reserved(word) || is_in_shared_range(this)) return packed_count(word);
        const reservation_record record = reservation().load(base::acquire);
        const bool is_its = stamp_of(record) == generation_of(word);
        const auto is_still = [&] { return state_.load(base::acquire) == word; };
        const bool is_gone = is_its && reservation_slot::at(slot_of(record)).has_happened(is_still);
        const std::uint64_t gone = is_gone ? amount_of(record) : 0;
        if (is_still()) return packed_count(word) - gone; // RESERVE, look: it is reserved still
    }
}

// By the taker, after prepare_reservation(). `one` says what is to be released afterwards, whatever the result.
reserve_result context::reserve(const reservation_slot& owner, reserved_object& one) noexcept {
    base::order_release(this);
    base::atomic<reservation_record>& record = reservation();
    const std::uint32_t stamp = next_generation() & (generation_bits >> generation_shift);
    for (;;) {
        reservation_record found = record.load(base::acquire);
        if (found != one.record) {
            if (one.record != 0 || owner.is_aborted()) return reserve_result::aborted;
            if (found != 0 && slot_of(found) == owner.index()) return reserve_result::already_reserved;
            const auto is_still = [&] { return record.load(base::acquire) == found; };
            if (found != 0)
                (void)reservation_slot::at(slot_of(found)).decide(is_still); // it may be about to mark the word
        }
        const state_word word = state_.load(base::acquire); // RESERVE: once the take that the record names is decided
        if (is_sealed(word)) return reserve_result::sealed;
        if (is_reserved(word)) {
            if (owner.is_aborted()) return reserve_result::aborted;
            (void)end_reservation(word);
            continue;
        }
        if (packed_count(word) == 0) return reserve_result::empty;
        if (packed_count(word) >= packed_limit) { // an add that made it so is about to seal it
            seal();
            continue;
        }
        const reservation_record own = record_of(take_from(packed_count(word), takes_one()), stamp, owner.index());
        // RESERVE, record
        if (own != found && !record.compare_exchange_strong(found, own, base::acq_rel, base::acquire)) continue;
        one.record = own;
        state_word expected = word;
        if (state_.compare_exchange_strong(expected, with_reservation(word, stamp), base::acq_rel, base::acquire))
            return reserve_result::reserved; // RESERVE, mark
    }
}

// By the taker, once the take is decided. The word first: while it is reserved its record stays.
void context::release_reservation(const reserved_object& one, bool taken) noexcept {
    if (one.record == 0) return;
    state_word word = state_.load(base::acquire);
    const std::uint64_t amount = taken ? amount_of(one.record) : 0;
    while (is_reserved(word) && generation_of(word) == stamp_of(one.record) &&
           !state_.compare_exchange_weak(word, without_reservation(word, amount), base::acq_rel,
                                         base::acquire)) { // RESERVE, release
    }
    reservation_record own = one.record;
    // RESERVE, record gone
    reservation().compare_exchange_strong(own, 0, base::acq_rel, base::relaxed);
}

// By the taker, after all were released: what a read notifies.
void context::notify_reserved_take(std::uint64_t units) noexcept {
    base::order_acquire(this);
    if (is_traced()) trace::took(*this, units);
    const state_word left = state_.load(base::acquire);
    if (has_doorbell(left)) notify_doorbell(poll_out);
    if (is_watched(left)) notify(poll_out);
}

} // namespace efd::EFD_ABI::core
