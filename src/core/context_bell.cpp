// SPDX-License-Identifier: MIT
// core/context_bell.cpp: a context and its bell: attach, arm, ring, end.
//
// LEVEL: the add that finds `armed` rings before it clears the mark, so a thread that finds the mark clear knows that
// the ring is done. The read that reaches zero sets the mark again in the same step on the word, and silences after it.
// Both notify the doorbell after their step, and the doorbell itself looks at the count (watch/doorbell.cpp): its last
// look comes after the last step. May be called from any thread; arm and what the fast paths call also from signal
// handlers.
#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>

#include "core/watchers.hpp"

namespace efd::EFD_ABI::core {

using base::status;

void context::tell_bell(std::uint32_t key) noexcept {
    if (!refs_.get_unless_zero()) return;
    tell_bell_unless_gone(key);
    put();
}

void context::tell_bell_unless_gone(std::uint32_t key) noexcept {
    const watchers* const all = watchers_.load(base::acquire);
    if (all == nullptr) return;
    if (bell* const there = all->attached_bell.load(base::acquire); there != nullptr) there->tell(*there, *this, key);
}

// NOTHING. By a reader, which has the reference.
void context::tell_of_nothing() noexcept {
    if (has_bell(state_.load(base::acquire))) tell_bell_unless_gone(bell::found_nothing);
}

bell* context::bell_of_slot() noexcept {
    const watchers* const all = watchers_.load(base::acquire);
    return all == nullptr ? nullptr : all->attached_bell.load(base::acquire);
}

// The doorbell of this slot: the one given, unless another thread was first; null if memory ran out.
bell* context::put_bell(bell& given) noexcept {
    EFD_CHECK(given.tell != nullptr);
    watchers* const all = make_watchers();
    if (all == nullptr) return nullptr;
    bell* there = nullptr;
    if (all->attached_bell.compare_exchange_strong(there, &given, base::acq_rel, base::acquire)) return &given;
    return there;
}

// From here on the doorbell is notified.
void context::watch_level() noexcept {
    state_.fetch_or(armed_mark, base::acq_rel); // LEVEL, attach
    tell_bell(0);
}

// LEVEL, attach. No other thread knows this object yet. A thread that has outlived the former object of this slot
// changes a word only where it shows a sleeper or an arm, and this one shows neither.
void context::watch_level_untold() noexcept { state_.store(state_.load(base::relaxed) | armed_mark, base::release); }

// The doorbell has rung for a count above zero: adds need not notify it any more.
void context::note_ring() noexcept {
    state_word seen = state_.load(base::acquire);
    while (is_armed(seen) && !is_sealed(seen) && packed_count(seen) > 0) {
        if (state_.compare_exchange_weak(seen, after_ring(seen), base::acq_rel, base::acquire)) return; // LEVEL, rung
    }
}

// ARM: the mark is made on a count of zero, or the answer is that something is ready. When sealed, mark and count are
// two words: the mark comes first, then the look, as changers commit first and then step on the mark's word.
std::uint32_t context::arm_bell(std::uint32_t events) noexcept {
    state_word seen = state_.load(base::acquire);
    while (!is_sealed(seen)) {
        if (is_held(seen)) {
            seen = end_hold(seen);
            continue;
        }
        const std::uint32_t ready = poll_mask(packed_count(seen)) & events;
        if (ready != 0) return ready;
        const std::uint32_t turn = has_sleeper(park_of(seen)) ? 0 : take_turn();
        EFD_CHECK(is_armed(armed_by(seen, turn)) && is_consistent(armed_by(seen, turn)));
        if (state_.compare_exchange_weak(seen, armed_by(seen, turn), base::acq_rel, base::acquire))
            return 0; // ARM, mark
    }
    if (const std::uint32_t ready = poll() & events; ready != 0) return ready;
    while (!state_.compare_exchange_weak(seen, armed_by(seen, 0), base::acq_rel, base::acquire)) { // ARM, sealed
    }
    return poll() & events; // the mark stays: another may have armed beside us, for other events
}

// A ring is wanted for what holds now; for room only once the word is sealed, since before that there always is room.
// An arm whose mark is gone has had its ring, since the mark goes after it.
bool context::wants_ring(std::uint32_t events, state_word& arm) noexcept {
    arm = state_.load(base::acquire);
    if (!is_armed(arm) || (events == poll_out && !is_sealed(arm)) || (poll() & events) == 0) return false;
    note_wake();
    return true;
}

// The ring for this arm is made, so later adds need not ring. If the mark may be of another arm it stays: that costs
// one useless ring.
void context::end_arm(state_word arm) noexcept {
    EFD_CHECK(is_armed(arm));
    state_word seen = arm;
    while (is_same_arm(seen, arm) &&
           !state_.compare_exchange_weak(seen, disarmed(seen), base::acq_rel, base::acquire)) { // ARM, rung
    }
}

} // namespace efd::EFD_ABI::core
