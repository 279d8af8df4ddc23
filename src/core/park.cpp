// SPDX-License-Identifier: MIT
// core/park.cpp: threads asleep. The one wait loop, and the one way to wake.
//
// Only the kernel's futex queue knows which threads sleep, so a sleeper that is interrupted, times out or is killed
// leaves nothing to repair. A waker takes a turn and stamps it into the park word; that clears `arrived`, so a thread
// that is not asleep yet does not fall asleep. It wakes, and learns in the same call whether others still sleep. It
// clears `asleep` only if none does, no later turn was taken and no reader has arrived: WAKE_SETTLE.
//
// The promise to every other sleeper: a chosen thread always tries to take before it leaves, so no wake is lost with
// it. The kernel returns `interrupted` and `timed_out` only to threads that no waker has chosen. That is also how data
// beats a signal (K-097), while what the handler itself writes is left to the next read (K-093). May be called from any
// thread and from signal handlers.
#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>

#include "core/operation.hpp"
#include "os/clock.hpp"
#include "os/futex.hpp"

#include <bit>

namespace efd::EFD_ABI::core {

using base::status;

namespace {

// OWED: how many sleepers a wake is for; all in shared memory, where a woken thread may be killed before it takes.
int how_many(const context& object, std::uint64_t units) noexcept {
    if (units == 0) return 0;
    const bool all = object.shared() || units >= static_cast<std::uint64_t>(os::everybody);
    return all ? os::everybody : static_cast<int>(units);
}

// Sleeps until a waker or a cancel comes. Where the kernel or a sandbox has no sleep on two words, the waiter announces
// itself again and sleeps on the object's word alone.
os::wait_end sleep_on(const os::futex_wait_key& spot, cancel_word* own, std::int64_t deadline_ns,
                      os::futex_scope scope) noexcept {
    if (own == nullptr || own->sleeps_plainly()) return os::futex_wait(spot.word, spot.expected, deadline_ns, scope);
    const os::futex_wait_key beside{own->futex(), cancel_word::expected()};
    os::wait_end end = os::wait_end::changed;
    if (!os::futex_wait_either(beside, spot, deadline_ns, scope, end)) own->sleep_plainly();
    return end;
}

} // namespace

const void* context::state_futex() const noexcept {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&state_);
    return bytes + (std::endian::native == std::endian::little ? 0 : sizeof(park_word));
}

status context::wait_for(operation& op, const wait_terms& terms) noexcept {
    const bool never =
        terms.sleep == patience::never || (terms.sleep == patience::as_flagged && (flags() & flag_nonblock) != 0);
    const status at_once = attempt(op, nullptr);
    if (never || at_once != status::would_block) return at_once;
    if (in_callback != 0) return status::deadlock;
    if (terms.deadline_ns != forever && os::now_ns() >= terms.deadline_ns) { // one look after it, and no sleep
        const status last_look = attempt(op, nullptr);
        return last_look == status::would_block ? status::timed_out : last_look;
    }
    if (terms.stop == nullptr || !terms.stop->stop_possible()) return sleep_for(op, terms, nullptr);
    cancel_word own; // outlives the callback, whose end the destructor of on_stop awaits
    const auto cancel_us = [this, &op, &own] { cancel(op, own); };
    const std::stop_callback on_stop(*terms.stop, cancel_us);
    return sleep_for(op, terms, &own);
}

// The wait loop. Each round announces the caller, or ends the operation with what it found.
status context::sleep_for(operation& op, const wait_terms& terms, cancel_word* own) noexcept {
    if (op.of == side::reader) linger(terms);
    for (;;) {
        os::futex_wait_key spot;
        const status now = attempt(op, &spot);
        if (now != status::would_block) return now;
        EFD_CHECK(spot.word != nullptr && is_announced(spot.expected));
        if (own != nullptr && !own->may_sleep()) return leave(op, status::cancelled); // CANCEL, look
        switch (sleep_on(spot, own, terms.deadline_ns, scope_of(*this))) {
        case os::wait_end::woken: learn_from_wake(); break;
        case os::wait_end::changed: break;
        case os::wait_end::interrupted: tidy(op); return status::interrupted;
        case os::wait_end::timed_out: return leave(op, status::timed_out);
        }
    }
}

// CHOSEN: a thread that leaves tries to take once more, since a waker may have chosen it. If it was the last sleeper
// and found nothing, it clears the mark.
status context::leave(operation& op, status why) noexcept {
    const status last_look = attempt(op, nullptr);
    if (last_look != status::would_block) return last_look;
    tidy(op);
    return why;
}

void context::wake_packed(std::uint64_t units) noexcept {
    const std::uint32_t turn = take_turn();
    state_word seen = state_.load(base::acquire);
    do {
        if (is_held(seen)) seen = end_hold(seen);
        if (is_sealed(seen)) return wake_left_asleep();
        if (!has_sleeper(park_of(seen))) return; // a later waker found no sleeper left
        EFD_CHECK(is_consistent(seen) && is_consistent(with_park(seen, claimed(park_of(seen), turn))));
    } while (!state_.compare_exchange_weak(seen, with_park(seen, claimed(park_of(seen), turn)), base::acq_rel,
                                           base::acquire)); // WAKE_SETTLE, claim
    if (units > 0) note_wake();
    const int most = how_many(*this, units);
    if (os::futex_wake_and_count(state_futex(), most, scope_of(*this)) > most) return; // others still sleep
    seen = state_.load(base::acquire);
    while (!is_sealed(seen) && may_settle(park_of(seen), turn) &&
           !state_.compare_exchange_weak(seen, with_park(seen, settled(park_of(seen))), base::acq_rel,
                                         base::acquire)) { // WAKE_SETTLE, settle
    }
}

// SEAL: wakes the readers that slept on the packed word when it was sealed, unless that is done. Every thread that
// changes the count does so, since the sealer may be stopped. It needs a reference: a caller that has outlived the
// object may help the one that lives in the slot now, but must not clear a mark of it that was made after the wake.
void context::wake_left_asleep() noexcept {
    if (!refs_.get_unless_zero()) return;
    state_word seen = state_.load(base::acquire);
    if (has_left_asleep(seen)) {
        os::futex_wake_and_count(state_futex(), os::everybody, scope_of(*this));
        while (has_left_asleep(seen) && !state_.compare_exchange_weak(seen, seen & ~state_word{left_asleep_mark},
                                                                      base::acq_rel, base::acquire)) { // SEAL, woken
        }
    }
    put();
}

void context::wake_parked(base::atomic<park_word>& park, std::uint64_t units) noexcept {
    EFD_CHECK(&park == &reader_park_ || &park == &writer_park_);
    const std::uint32_t turn = take_turn();
    park_word seen = park.load(base::acquire);
    do {
        EFD_CHECK(is_consistent_park(seen));
        if (!has_sleeper(seen)) return;
    } while (!park.compare_exchange_weak(seen, claimed(seen, turn), base::acq_rel, base::acquire));
    if (units > 0) note_wake();
    const int most = how_many(*this, units);
    if (os::futex_wake_and_count(&park, most, scope_of(*this)) > most) return;
    seen = park.load(base::acquire);
    while (may_settle(seen, turn) &&
           !park.compare_exchange_weak(seen, settled_keeping_turn(seen), base::acq_rel, base::acquire)) {
    }
}

// CANCEL. Wakes this one waiter, if it sleeps or may be about to.
void context::cancel(const operation& op, cancel_word& own) noexcept {
    switch (own.cancel()) {
    case cancel_word::sleeper::none: return;
    case cancel_word::sleeper::on_this:
        (void)os::futex_wake_and_count(own.futex(), os::everybody, os::futex_scope::one_process);
        return;
    case cancel_word::sleeper::on_object: return kick(op);
    }
}

// Makes every sleeper of one side look again, to reach a cancelled one that sleeps on the object's word alone. A waiter
// that looked at its own word before the cancel announced itself before that, and is seen here.
void context::kick(const operation& op) noexcept {
    if (op.of == side::writer) {
        if (has_sleeper(writer_park_.load(base::acquire))) wake_parked(writer_park_, os::everybody);
        return;
    }
    const state_word seen = state_.load(base::acquire);
    if (is_sealed(seen) ? has_left_asleep(seen) : has_sleeper(park_of(seen))) wake_packed(os::everybody);
    if (has_sleeper(reader_park_.load(base::acquire))) wake_parked(reader_park_, os::everybody);
}

// A wake for no sleeper: asks the kernel whether any of this side is left, and clears the mark if not.
void context::tidy(const operation& op) noexcept {
    if (op.of == side::writer) return wake_parked(writer_park_, 0);
    if (is_sealed(state_.load(base::acquire))) return wake_parked(reader_park_, 0);
    wake_packed(0);
}

} // namespace efd::EFD_ABI::core
