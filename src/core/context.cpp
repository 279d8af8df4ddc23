// SPDX-License-Identifier: MIT
// core/context.cpp: the slow half of read, write and signal while the word is packed.
//
// May be called from any thread and from signal handlers. The one race, SIGNAL_PARK, is drawn in docs/races.md: an add
// and a reader's announcement are steps on one word, so either the add sees the mark or the reader sees the unit.
#include <efd/detail/core/context.hpp>

#include "core/bell.hpp"
#include "core/operation.hpp"

namespace efd::EFD_ABI::core {

using base::status;

void context::init(std::uint64_t initval, unsigned flags, int id) noexcept {
    EFD_CHECK(id >= 0 && (flags & ~(flag_semaphore | flag_nonblock | flag_cloexec | flag_shared)) == 0);
    const bool packed = initval < packed_limit;
    flags_.store(flags, base::relaxed);
    id_ = id;
    huge_.store(packed ? 0 : initval, base::relaxed);
    linger_misses_.store(0, base::relaxed);
    linger_skips_.store(0, base::relaxed);
    // BIRTH: a thread that meets the slot through a stale pointer sees a dead object or all of this one.
    state_.store(packed ? with_count(0, initval) : sealed_from(0), base::release);
    refs_.init();
}

void context::set_nonblock(bool on) noexcept {
    if (on)
        flags_.fetch_or(flag_nonblock, base::relaxed);
    else
        flags_.fetch_and(~flag_nonblock, base::relaxed);
}

taken context::read_slow(const wait_terms& terms) noexcept { return read_slow(terms, as_mode); }

taken context::read_slow(const wait_terms& terms, std::uint64_t most) noexcept {
    base::order_release(this);
    operation op{side::reader, most};
    const status end = wait_for(op, terms);
    if (end == status::ok) base::order_acquire(this);
    if (end == status::would_block) tell_of_nothing();
    EFD_CHECK(end != status::ok || op.amount > 0);
    return {op.amount, end};
}

taken context::take_now() noexcept {
    base::order_release(this);
    const taken now = take_or_arrive(nullptr, as_mode);
    if (now.end == status::ok) base::order_acquire(this);
    if (now.end == status::would_block) tell_of_nothing();
    EFD_CHECK(now.end != status::ok || now.value > 0);
    return now;
}

[[gnu::noinline]] status context::write_slow(std::uint64_t n, const wait_terms& terms) noexcept {
    base::order_release(this);
    operation op{side::writer, n};
    const status end = wait_for(op, terms);
    if (end == status::ok) base::order_acquire(this); // of the reader that made room
    return end;
}

// The add was void.
[[gnu::noinline]] status context::write_void(std::uint64_t n) noexcept { return write_slow(n, wait_terms{}); }

// A blind add met a sealed word (the add is void and starts again), or a mark (the add stands).
status context::write_attention(state_word old, std::uint64_t n) noexcept {
    if (is_sealed(old)) [[unlikely]]
        return write_void(n);
    after_packed_add(old, n, 0);
    return status::ok;
}

void context::signal_attention(state_word old, std::uint32_t mask) noexcept {
    if (is_sealed(old))
        signal_sealed(mask);
    else
        after_packed_add(old, 1, mask);
}

bool context::signal_mask(std::uint32_t mask) noexcept {
    if (!signal_allowed()) return false;
    base::order_release(this);
    const state_word old = state_.fetch_add(one_unit, base::acq_rel); // SIGNAL_PARK, publish
    if (needs_attention(old)) signal_attention(old, mask);
    return true;
}

status context::attempt(operation& op, os::futex_wait_key* spot) noexcept {
    return op.of == side::reader ? hand_over(take_or_arrive(spot, op.amount), op.amount)
                                 : add_or_arrive(op.amount, spot);
}

// Takes, or says would_block; with a spot, would_block means that the caller is announced as a sleeper there.
taken context::take_or_arrive(os::futex_wait_key* spot, std::uint64_t most) noexcept {
    state_word seen = state_.load(base::acquire);
    for (;;) {
        EFD_CHECK(is_consistent(seen));
        if (is_sealed(seen)) return take_sealed_or_arrive(spot, most);
        if (is_held(seen)) {
            seen = end_hold(seen);
            continue;
        }
        const std::uint64_t there = packed_count(seen);
        if (there > 0) {
            const std::uint64_t take = take_up_to(most, there, semaphore());
            const state_word left = left_by_read(seen, there - take);
            EFD_CHECK(take > 0 && take <= there && is_consistent(left) && packed_count(left) == there - take);
            if (!state_.compare_exchange_weak(seen, left, base::acq_rel, base::acquire)) continue;
            if (most != as_mode && take < there && !semaphore() && has_sleeper(park_of(seen))) wake_packed(1); // REST
            if (has_bell(seen) && packed_count(left) == 0) tell_bell(poll_out); // LEVEL, unring
            if (is_watched(seen)) notify(poll_out);
            return {take, status::ok};
        }
        if (spot == nullptr) return {0, status::would_block};
        // ARRIVE: the mark is made, or found made, on a word whose count is zero. Any later add sees it.
        const std::uint32_t turn = has_sleeper(park_of(seen)) ? 0 : take_turn();
        const park_word announced = arrived(park_of(seen), turn);
        EFD_CHECK(is_announced(announced) && packed_count(seen) == 0 && !is_held(seen));
        if (announced == park_of(seen) ||
            state_.compare_exchange_weak(seen, with_park(seen, announced), base::acq_rel, base::acquire)) {
            *spot = os::futex_wait_key{state_futex(), announced};
            return {0, status::would_block};
        }
    }
}

// Adds, or says would_block (no room); a writer that must wait, or that brings a huge count, seals the word first.
status context::add_or_arrive(std::uint64_t n, os::futex_wait_key* spot) noexcept {
    if (n == ceiling) return status::invalid;
    state_word seen = state_.load(base::acquire);
    while (!is_sealed(seen)) {
        EFD_CHECK(is_consistent(seen));
        if (is_held(seen)) {
            seen = end_hold(seen);
            continue;
        }
        const std::uint64_t there = packed_count(seen);
        if (n < packed_limit && there + n < packed_limit) {
            if (!state_.compare_exchange_weak(seen, with_count(seen, there + n), base::acq_rel, base::acquire))
                continue;
            after_packed_add(seen, n, 0);
            return status::ok;
        }
        if (spot == nullptr && admit_write(there, n) == admission::must_wait) return status::would_block;
        seal();
        seen = state_.load(base::acquire);
    }
    return add_sealed_or_arrive(n, spot);
}

// The add stands; old is what it found. A watched word without another mark needs only the call to its watchers.
void context::after_packed_add(state_word old, std::uint64_t n, std::uint32_t mask) noexcept {
    EFD_CHECK(!is_sealed(old) && is_consistent(old));
    if (needs_attention(with_count(old, packed_count(old) + n) & ~state_word{watched_mark})) [[unlikely]]
        seal_wake_ring(old, n);
    if (is_watched(old)) notify(poll_in | mask);
}

// Seals if the count grew huge, then wakes the readers that the add lets on.
[[gnu::noinline]] void context::seal_wake_ring(state_word old, std::uint64_t n) noexcept {
    const bool was_held = is_held(old);
    if (was_held) (void)end_hold(state_.load(base::acquire)); // HOLD: the take is decided before this add returns
    if (packed_count(old) + n >= packed_limit) seal();
    // OWED. Every add that meets the mark makes a wake of its own. If it relied on the add that left zero, it would
    // return beside a sleeper for as long as that one is stopped before its wake.
    if (has_sleeper(park_of(old)) && n > 0) wake_packed(semaphore() ? n : 1);
    // To a thread that looked before the add, a held count may have been gone.
    const bool left_zero = n > 0 && (packed_count(old) == 0 || was_held);
    if (is_armed(old) || (was_held && n > 0 && has_bell(old))) // LEVEL, ring; EVERY, armed: also for nothing
        tell_bell(poll_in | (left_zero ? bell::left_zero : 0U));
}

} // namespace efd::EFD_ABI::core
