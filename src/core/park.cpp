// core/park.cpp: threads asleep. The one wait loop, and the one way to wake.
//
// Who sleeps is known to the kernel's futex queue alone, so a sleeper that is interrupted, times out or is killed
// leaves nothing behind that must be repaired. A waker takes a turn, stamps it into the park word (which clears
// `arrived`, so that whoever is not asleep yet will not fall asleep), wakes, learns in the same call whether others
// still sleep, and clears `asleep` only if not, if no later turn was taken and if nobody arrived: WAKE_SETTLE.
//
// The promise to every other sleeper: a thread that was chosen always tries to take before it leaves, so no wake is
// lost with it. The kernel says `interrupted` and `timed_out` only to those whom no waker has chosen. That is also how
// data beats a signal (K-097), while what the handler itself writes is left to the next read (K-093). May be called
// from any thread and from signal handlers.
#include <efd/detail/core/context.hpp>

#include "core/operation.hpp"
#include "os/clock.hpp"
#include "os/futex.hpp"

#include <bit>

namespace efd::EFD_ABI::core {

using base::status;

namespace {

// How many sleepers a wake is for: where one could be killed with the wake in its hands, all (PROOF section 0).
int how_many(const context& object, std::uint64_t units) noexcept {
    if (units == 0) return 0;
    const bool all = object.shared() || units >= static_cast<std::uint64_t>(os::everybody);
    return all ? os::everybody : static_cast<int>(units);
}

// Sleeps until a waker or a cancel comes. Where the kernel or a sandbox has no sleep on two words the waiter announces
// itself anew, as one that sleeps on the object's alone.
os::wait_end sleep_on(const sleep_spot& spot, cancel_word* own, std::int64_t deadline_ns,
                      os::futex_scope scope) noexcept {
    if (own == nullptr || own->sleeps_plainly()) return os::futex_wait(spot.word, spot.expected, deadline_ns, scope);
    const os::private_word beside{own->futex(), cancel_word::expected()};
    os::wait_end end = os::wait_end::changed;
    if (!os::futex_wait_either(beside, spot.word, spot.expected, deadline_ns, scope, end)) own->sleep_plainly();
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

// The wait loop. Each turn announces the caller, or ends the operation by what it found.
status context::sleep_for(operation& op, const wait_terms& terms, cancel_word* own) noexcept {
    if (op.of == side::reader) linger(terms);
    for (;;) {
        sleep_spot spot;
        const status now = attempt(op, &spot);
        if (now != status::would_block) return now;
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
// and found nothing, it takes the mark away.
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
        if (is_sealed(seen)) return wake_left_asleep();
        if (!has_sleeper(park_of(seen))) return; // a later waker found nobody left
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

// SEAL: wakes those who slept on the packed word when it was sealed, unless that is done. Whoever changes the count
// does so, since the sealer may be stopped. With a reference: a caller that has outlived the object may
// help the one that lives here now, but must not take a mark from it that was made after its wake.
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
    const std::uint32_t turn = take_turn();
    park_word seen = park.load(base::acquire);
    do {
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

// Makes every sleeper of one side look again, for a cancelled one among them that sleeps on the object's word alone. A
// waiter whose look at its own word came before the cancel has announced itself before that, and is seen here.
void context::kick(const operation& op) noexcept {
    if (op.of == side::writer) {
        if (has_sleeper(writer_park_.load(base::acquire))) wake_parked(writer_park_, os::everybody);
        return;
    }
    const state_word seen = state_.load(base::acquire);
    if (is_sealed(seen) ? has_left_asleep(seen) : has_sleeper(park_of(seen))) wake_packed(os::everybody);
    if (has_sleeper(reader_park_.load(base::acquire))) wake_parked(reader_park_, os::everybody);
}

// A wake for nobody: asks the kernel whether anyone of this side is left, and clears the mark if not.
void context::tidy(const operation& op) noexcept {
    if (op.of == side::writer) return wake_parked(writer_park_, 0);
    if (is_sealed(state_.load(base::acquire))) return wake_parked(reader_park_, 0);
    wake_packed(0);
}

} // namespace efd::EFD_ABI::core
