// core/hold.cpp: taking from several objects in one step.
//
// HOLD. Each object's word is marked `held` by the step that shows its count to be above zero, and what will be taken
// is settled by that same step. Once all are held, all are taken from: at that moment every count was at least that
// high and nobody else could take. Then each is released. Whoever meets a held word waits for its release: readers and
// lookers before they answer, adds (which have landed, and are not part of the take) before they return. So nobody who
// saw one object after the take, or whose add came too late for it, has done anything to another object before it.
//
//     may happen                                    must not happen
//     T  holds A (3), holds B (1)                   T  takes 3 from A
//     W  adds 1 to A, waits                         R  reads A: EAGAIN, though A was never empty
//     T  takes 3 and 1, releases                    T  B is empty: gives 3 back
//     W  returns; A has 1
//
// One thread at a time holds (the caller sees to that). An object in the sealed regime has its count in another word
// than its marks and cannot be held; one such object can be among the others, taken from by its own single step while
// all others are held.
#include "core/hold.hpp"

#include <efd/detail/core/context.hpp>

#include "core/bell.hpp"
#include "os/futex.hpp"

namespace efd::EFD_ABI::core {
namespace {

// The gate: a number that moves with each release, and in its lowest bit whether somebody waits.
constinit base::atomic<std::uint32_t> gate{0};
constexpr std::uint32_t waiting_mark = 1;

} // namespace

state_word await_release(const base::atomic<state_word>& state) noexcept {
    for (;;) {
        std::uint32_t number = gate.load(base::acquire); // HOLD_GATE: before the look at the word
        const state_word seen = state.load(base::acquire);
        if (!is_held(seen)) return seen;
        if ((number & waiting_mark) == 0 &&
            !gate.compare_exchange_strong(number, number | waiting_mark, base::acq_rel, base::acquire))
            continue;
        (void)os::futex_wait(&gate, number | waiting_mark, forever, os::futex_scope::one_process);
    }
}

void open_hold_gate() noexcept {
    std::uint32_t number = gate.load(base::relaxed);
    while (!gate.compare_exchange_weak(number, (number | waiting_mark) + 1, base::acq_rel, base::relaxed)) {
    }
    if ((number & waiting_mark) != 0) os::futex_wake_and_count(&gate, os::everybody, os::futex_scope::one_process);
}

hold_end context::hold(std::uint64_t& amount) noexcept {
    state_word seen = state_.load(base::acquire);
    for (;;) {
        if (is_sealed(seen)) return hold_end::sealed;
        if (is_held(seen)) return hold_end::held_already; // by this caller: nobody else holds
        if (packed_count(seen) == 0) return hold_end::nothing_there;
        amount = take_from(packed_count(seen), semaphore());
        if (state_.compare_exchange_weak(seen, seen | hold_mark, base::acq_rel, base::acquire)) // HOLD, mark
            return hold_end::held;
    }
}

// Takes `amount`, which may be nothing, and lets go. Gives the word as it was.
state_word context::release_hold(std::uint64_t amount) noexcept {
    base::order_release(this);
    state_word seen = state_.load(base::acquire);
    for (;;) {
        const state_word left = left_by_read(seen, packed_count(seen) - amount) & ~hold_mark;
        if (!state_.compare_exchange_weak(seen, left, base::acq_rel, base::acquire)) continue; // HOLD, release
        if (amount > 0) base::order_acquire(this);
        return seen;
    }
}

// After all were released: what a read and, if adds have landed meanwhile, a write that left zero would tell.
void context::tell_of_held_take(state_word before, std::uint64_t amount) noexcept {
    if (amount == 0) return;
    const std::uint64_t rest = packed_count(before) - amount;
    if (has_bell(before)) tell_bell(rest == 0 ? poll_out : poll_in | bell::left_zero);
    if (is_watched(before)) notify(poll_out);
    if (rest == 0 || semaphore()) return; // in semaphore mode each add owes its own wake
    if (has_sleeper(park_of(before))) wake_packed(1);
    if (is_watched(before)) notify(poll_in);
}

} // namespace efd::EFD_ABI::core
