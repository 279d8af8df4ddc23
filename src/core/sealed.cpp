// SPDX-License-Identifier: MIT
// core/sealed.cpp: the regime of huge counts: writers at the bound, writers that wait for room, saturating signals.
//
// The kernel's whole range lives here, 0 to 2^64-1, as base + huge_ modulo 2^64, changed by compare-and-swap on huge_
// alone. Count and marks are two words now, so SEALED_PARK needs a read-modify-write on the park word from both sides:
//
//     changer                                   sleeper
//     1 huge_: commit                           1 park: or in asleep|arrived
//     2 park: add 0 (a look that also writes)   2 huge_: look again
//
// The second of the two steps on the park word reads from the first: either the changer sees the mark, or the sleeper
// sees the commit. May be called from any thread and from signal handlers.
#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>

#include "core/shared_slots.hpp"
#include "core/trace.hpp"
#include "core/watchers.hpp"
#include "os/futex.hpp"

namespace efd::EFD_ABI::core {

using base::status;

// SEAL: one step freezes the count as base. Readers that sleep on the packed word must move to the park words: the word
// marks them as left asleep until a later add, take or cancel of all has woken them.
void context::seal() noexcept {
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    do {
        if (is_reserved(word)) word = end_reservation(word);
        if (is_sealed(word) || !turns.again()) return;
    } while (!state_.compare_exchange_weak(word, with_seal(word), base::acq_rel, base::acquire));
    EFD_CHECK(!is_reserved(word) && base_of(with_seal(word)) == packed_count(word)); // no unit is lost or made
    if (is_traced()) trace::sealed(*this);
}

// WATCH from the changer's side: a step on the state word after the commit on huge_. It adds nothing, since a late
// signaller may make it on an object that was born in this slot meanwhile (LAST_PUT).
state_word context::look_for_watchers() noexcept { return state_.fetch_add(0, base::acq_rel); }

void context::notify_sealed_change(std::uint32_t doorbell_key, std::uint32_t key) noexcept {
    const state_word marks = look_for_watchers();
    if (has_left_asleep(marks)) wake_left_asleep();
    if (has_doorbell(marks)) notify_doorbell(doorbell_key);
    if (is_watched(marks)) notify(key);
}

status context::take_sealed(std::uint64_t& value, std::uint64_t most) noexcept {
    turn_limit turns(*this);
    sealed_look look = look_at_sealed(most);
    while (look.take > 0 && !take_as_seen(look)) {
        if (!turns.again()) return status::damaged;
        look = look_at_sealed(most);
    }
    if (look.take == 0) return status::would_block;
    value = look.take;
    if (is_traced()) trace::took(*this, look.take);
    const bool may_leave_some = most != as_mode && !takes_one();
    if (may_leave_some && has_sleeper(reader_park_.fetch_add(0, base::acq_rel)) && count() > 0)
        wake_parked(reader_park_, 1); // REST
    after_sealed_take();
    return status::ok;
}

context::sealed_look context::look_at_sealed(std::uint64_t most) const noexcept {
    const state_word word = state_.load(base::acquire);
    EFD_CHECK(shared() || (is_sealed(word) && is_consistent(word)));
    const std::uint64_t huge = huge_.load(base::acquire);
    const std::uint64_t take = take_up_to(most, base_of(word) + huge, takes_one());
    EFD_CHECK(take <= base_of(word) + huge);
    return {huge, take};
}

bool context::take_as_seen(const sealed_look& look) noexcept {
    std::uint64_t expected = look.huge;
    // SEALED_PARK, commit
    return huge_.compare_exchange_strong(expected, look.huge - look.take, base::acq_rel, base::acquire);
}

void context::after_sealed_take() noexcept {
    // Writers wait with different values, so no one can be chosen for the others: all look again (K-082 to K-084).
    // SEALED_PARK, the changer's look
    if (has_sleeper(writer_park_.fetch_add(0, base::acq_rel))) wake_parked(writer_park_, os::everybody);
    notify_sealed_change(poll_out, poll_out);
}

status context::add_sealed(std::uint64_t n) noexcept {
    const std::uint64_t base = base_of(state_.load(base::acquire));
    turn_limit turns(*this);
    std::uint64_t huge = huge_.load(base::acquire);
    do {
        if (!turns.again()) return status::damaged;
        switch (admit_write(base + huge, n)) {
        case admission::invalid: return status::invalid;
        case admission::must_wait: return status::would_block;
        case admission::admitted: break;
        }
    } while (!huge_.compare_exchange_weak(huge, huge + n, base::acq_rel, base::acquire)); // SEALED_PARK, commit
    EFD_CHECK(n < ceiling - (base + huge)); // E2
    after_sealed_add(base + huge, n, 0);
    return status::ok;
}

void context::signal_sealed(std::uint32_t mask) noexcept {
    const std::uint64_t base = base_of(state_.load(base::acquire));
    turn_limit turns(*this);
    std::uint64_t huge = huge_.load(base::acquire);
    // SEALED_PARK, commit
    while (!huge_.compare_exchange_weak(huge, after_signal(base + huge) - base, base::acq_rel, base::acquire) &&
           turns.again()) {
    }
    EFD_CHECK(after_signal(base + huge) >= base + huge);
    after_sealed_add(base + huge, 1, mask); // also when saturated: the wake is due all the same (K-134)
}

void context::after_sealed_add(std::uint64_t before, std::uint64_t units, std::uint32_t mask) noexcept {
    trace_signal(*this, units);
    const park_word park = reader_park_.fetch_add(0, base::acq_rel); // SEALED_PARK, the changer's look
    if (has_sleeper(park) && units > 0) wake_parked(reader_park_, takes_one() ? units : 1);
    notify_sealed_change(poll_in | (before == 0 ? doorbell_hook::left_zero : 0U), poll_in | mask);
}

[[gnu::noinline]] read_result context::take_sealed_or_arrive(os::futex_wait_key* wait_key,
                                                             std::uint64_t most) noexcept {
    read_result got{};
    got.status = take_sealed(got.value, most);
    if (got.status != status::would_block || wait_key == nullptr) return got;
    const park_word before = reader_park_.fetch_or(asleep_mark | arrived_mark, base::acq_rel); // SEALED_PARK, announce
    EFD_CHECK(shared() || is_consistent_park(before));
    *wait_key = os::futex_wait_key{&reader_park_, before | asleep_mark | arrived_mark};
    got.status = take_sealed(got.value, most);
    return got;
}

status context::add_sealed_or_arrive(std::uint64_t n, os::futex_wait_key* wait_key) noexcept {
    const status first = add_sealed(n);
    if (first != status::would_block || wait_key == nullptr) return first;
    const park_word before = writer_park_.fetch_or(asleep_mark | arrived_mark, base::acq_rel); // SEALED_PARK, announce
    EFD_CHECK(shared() || is_consistent_park(before));
    *wait_key = os::futex_wait_key{&writer_park_, before | asleep_mark | arrived_mark};
    return add_sealed(n);
}

} // namespace efd::EFD_ABI::core
