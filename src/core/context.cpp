// SPDX-License-Identifier: MIT
// core/context.cpp: read, write and signal where the inline half does not do: they look twice, sleep or wake.
//
// Read it from top to bottom: a read that sleeps, from the public call to the take; what a sleeper leaves behind; the
// write; the wakes; a cancel. The count is in the state word here; sealed.cpp has huge counts. Any thread; also in
// signal handlers.
//
// SIGNAL_PARK: an add and a reader's announcement are steps on one word, so either the add sees the mark or the reader
// sees the unit. The kernel's futex queue alone knows which threads sleep. So a sleeper that is interrupted, times out
// or is killed leaves at most a mark, which costs a later add one system call. A thread that a waker has chosen always
// tries to take before it returns, so no wake is lost with it. The kernel returns `interrupted` only to a thread that
// no waker has chosen. So units beat a signal (K-097), and units that the handler itself writes wait for the next read
// (K-093).
#include <efd/detail/core/context.hpp>

#include <efd/detail/base/check.hpp>

#include "core/cancel_word.hpp"
#include "core/shared_slots.hpp"
#include "core/trace.hpp"
#include "core/watchers.hpp"
#include "os/clock.hpp"
#include "os/futex.hpp"

#include <algorithm>
#include <bit>

namespace efd::EFD_ABI::core {

using base::status;

enum class side : unsigned char { reader, writer }; // readers wait for data, writers for room

// What a caller that may have to wait is about to do. One wait loop serves both sides. Lives on the stack of one call.
struct operation {
    side of;
    std::uint64_t amount; // a writer's: what to add; a reader's: the most to take, or as_mode; then what was taken
    bool restarts = true; // its sleep, after a handler with SA_RESTART
};

// ---- A read that sleeps: from the call to the take.

read_result context::read_slow(const wait_opts& opts) noexcept { return read_slow(opts, as_mode); }

read_result context::read_slow(const wait_opts& opts, std::uint64_t most) noexcept {
    base::order_release(this);
    operation op{side::reader, most};
    const status result = wait_for(op, opts);
    if (result == status::ok) base::order_acquire(this);
    if (result == status::would_block) notify_found_nothing();
    EFD_CHECK(result != status::ok || op.amount > 0);
    return {op.amount, result};
}

read_result context::take_now() noexcept {
    base::order_release(this);
    const read_result now = take_or_arrive(nullptr, as_mode);
    if (now.status == status::ok) base::order_acquire(this);
    if (now.status == status::would_block) notify_found_nothing();
    EFD_CHECK(now.status != status::ok || now.value > 0);
    return now;
}

status context::wait_for(operation& op, const wait_opts& opts) noexcept {
    const bool never =
        opts.blocking == blocking::never || (opts.blocking == blocking::as_flagged && (flags() & flag_nonblock) != 0);
    const status at_once = try_once(op, nullptr);
    if (never || at_once != status::would_block) return at_once;
    if (opts.deadline_ns != forever && os::now_ns() >= opts.deadline_ns) { // one look after it, and no sleep
        const status last_look = try_once(op, nullptr);
        return last_look == status::would_block ? status::timed_out : last_look;
    }
    if (in_callback != 0) return status::deadlock;
    if (opts.stop == nullptr || !opts.stop->stop_possible()) return sleep_for(op, opts, nullptr);
    cancel_word own; // outlives the callback, whose end the destructor of on_stop awaits
    const auto cancel_us = [this, &op, &own] { cancel(op, own); };
    const std::stop_callback on_stop(*opts.stop, cancel_us);
    return sleep_for(op, opts, &own);
}

namespace {

// Sleeps until a waker or a cancel comes. Where the kernel or a sandbox has no sleep on two words, the waiter announces
// itself again and sleeps on the object's word alone.
os::wait_end sleep_on(const os::futex_wait_key& wait_key, cancel_word* own, std::int64_t deadline_ns,
                      os::futex_scope scope) noexcept {
    if (own == nullptr || own->sleeps_plainly())
        return os::futex_wait(wait_key.word, wait_key.expected, deadline_ns, scope);
    const os::futex_wait_key beside{own->futex(), cancel_word::expected()};
    os::wait_end result = os::wait_end::changed;
    if (!os::futex_wait_either(beside, wait_key, deadline_ns, scope, result)) own->sleep_plainly();
    return result;
}

} // namespace

// The wait loop. Each round announces the caller, or ends the operation with what it found. Beside shared memory it
// also wakes by itself and looks again, which is a round like any other.
status context::sleep_for(operation& op, const wait_opts& opts, cancel_word* own) noexcept {
    if (op.of == side::reader) linger(opts);
    looks own_looks = looks_beside(*this);
    for (;;) {
        os::futex_wait_key wait_key;
        if (const status now = try_once(op, &wait_key); now != status::would_block) return now;
        EFD_CHECK(wait_key.word != nullptr && is_announced(wait_key.expected));
        if (met_death met; opts.owner_death && is_orphaned(*this, met)) { // ORPHAN, look
            const status last_look = give_up_wait(op, status::owner_dead);
            if (last_look != status::owner_dead || may_report(*this, met)) return last_look;
            continue;
        }
        if (own != nullptr && !own->may_sleep()) return give_up_wait(op, status::cancelled); // CANCEL, look
        const std::int64_t until_ns =
            own_looks.any() ? std::min(opts.deadline_ns, own_looks.after(os::now_ns())) : opts.deadline_ns;
        const bool is_reported = is_traced();
        const std::uint32_t sleeper = is_reported ? trace::sleeps(*this, op.of == side::writer) : 0;
        const os::wait_end slept =
            op.restarts ? sleep_on(wait_key, own, until_ns, scope_of(*this))
                        : os::futex_wait_until_handler(wait_key.word, wait_key.expected, until_ns, scope_of(*this));
        if (is_reported) trace::awoke(*this, sleeper);
        switch (slept) {
        case os::wait_end::woken: learn_from_wake(); [[fallthrough]];
        case os::wait_end::changed:
            if (is_overdue(*this, opts)) return give_up_wait(op, status::timed_out);
            break;
        case os::wait_end::interrupted: clear_stale_asleep(op); return status::interrupted;
        case os::wait_end::timed_out:
            if (until_ns == opts.deadline_ns) return give_up_wait(op, status::timed_out);
            break; // LOOK
        case os::wait_end::no_memory_there: return status::damaged;
        }
    }
}

status context::try_once(operation& op, os::futex_wait_key* wait_key) noexcept {
    return op.of == side::reader ? hand_over(take_or_arrive(wait_key, op.amount), op.amount)
                                 : add_or_arrive(op.amount, wait_key);
}

// Takes, or returns would_block; with a wait_key the caller is then announced as a sleeper, with that key.
read_result context::take_or_arrive(os::futex_wait_key* wait_key, std::uint64_t most) noexcept {
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    do {
        EFD_CHECK(shared() || is_consistent(word));
        if (is_sealed(word)) return take_sealed_or_arrive(wait_key, most);
        if (is_reserved(word)) {
            word = end_reservation(word);
            continue;
        }
        const std::uint64_t count = packed_count(word);
        if (count > 0) {
            const std::uint64_t take = take_up_to(most, count, takes_one());
            const state_word left = after_read(word, count - take);
            EFD_CHECK(take > 0 && take <= count && packed_count(left) == count - take);
            EFD_CHECK(shared() || is_consistent(left));
            if (!state_.compare_exchange_weak(word, left, base::acq_rel, base::acquire))
                continue; // pairs with the adds
            if (is_traced()) trace::took(*this, take);
            if (most != as_mode && take < count && !takes_one() && has_sleeper(park_of(word))) wake_packed(1); // REST
            if (has_doorbell(word) && packed_count(left) == 0) notify_doorbell(poll_out); // LEVEL, unring
            if (is_watched(word)) notify(poll_out);
            return {take, status::ok};
        }
        if (wait_key == nullptr) return {0, status::would_block};
        // ARRIVE: the mark is made, or found made, on a word whose count is zero. Any later add sees it.
        const std::uint32_t generation = has_sleeper(park_of(word)) ? 0 : next_generation();
        const park_word announced = with_arrival(park_of(word), generation);
        EFD_CHECK(is_announced(announced) && packed_count(word) == 0 && !is_reserved(word));
        if (announced == park_of(word) ||
            state_.compare_exchange_weak(word, with_park(word, announced), base::acq_rel, base::acquire)) { // ARRIVE
            *wait_key = os::futex_wait_key{state_futex(), announced};
            return {0, status::would_block};
        }
    } while (turns.again());
    return {0, status::damaged};
}

const void* context::state_futex() const noexcept {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&state_);
    return bytes + (std::endian::native == std::endian::little ? 0 : sizeof(park_word));
}

// CHOSEN: a thread that times out or is cancelled tries to take once more, since a waker may have chosen it meanwhile.
// If it finds nothing and no other thread sleeps, it clears the mark.
status context::give_up_wait(operation& op, status why) noexcept {
    const status last_look = try_once(op, nullptr);
    if (last_look != status::would_block) return last_look;
    clear_stale_asleep(op);
    return why;
}

// A wake for no sleeper: asks the kernel whether any of this side is left, and clears the mark if not.
void context::clear_stale_asleep(const operation& op) noexcept {
    if (op.of == side::writer) return wake_parked(writer_park_, 0);
    if (is_sealed(state_.load(base::acquire))) return wake_parked(reader_park_, 0);
    wake_packed(0);
}

// ---- A write and a signal; one that waits for room goes through the wait loop above.

// A blind add met a sealed word (it had no effect and starts again), or a mark (it stands).
status context::write_attention(state_word old, std::uint64_t n) noexcept {
    if (is_sealed(old)) [[unlikely]]
        return write_slow(n);
    after_packed_add(old, n, 0);
    return status::ok;
}

status context::write_as(operation op, const wait_opts& opts) noexcept {
    base::order_release(this);
    const status result = wait_for(op, opts);
    if (result == status::ok) base::order_acquire(this); // of the reader that made room
    return result;
}

[[gnu::noinline]] status context::write_slow(std::uint64_t n, const wait_opts& opts) noexcept {
    return write_as({side::writer, n}, opts);
}
status context::write_until_handler(std::uint64_t n) noexcept { return write_as({side::writer, n, false}, {}); }

// A call of its own, so that its caller needs no frame for the options.
[[gnu::noinline]] status context::write_slow(std::uint64_t n) noexcept { return write_slow(n, wait_opts{}); }

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

// Adds, or says would_block (no room); a writer that must wait, or that brings a huge count, seals the word first.
status context::add_or_arrive(std::uint64_t n, os::futex_wait_key* wait_key) noexcept {
    if (n == ceiling) return status::invalid;
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    while (!is_sealed(word)) {
        EFD_CHECK(shared() || is_consistent(word));
        if (!turns.again()) return status::damaged;
        if (is_reserved(word)) {
            word = end_reservation(word);
            continue;
        }
        const std::uint64_t count = packed_count(word);
        if (n < packed_limit && count + n < packed_limit) {
            if (!state_.compare_exchange_weak(word, with_count(word, count + n), base::acq_rel, base::acquire))
                continue; // SIGNAL_PARK, publish
            after_packed_add(word, n, 0);
            return status::ok;
        }
        if (wait_key == nullptr && admit_write(count, n) == admission::must_wait) return status::would_block;
        seal();
        word = state_.load(base::acquire);
    }
    return add_sealed_or_arrive(n, wait_key);
}

// The add stands; old is what it found. A watched word without another mark needs only the call to its watchers.
void context::after_packed_add(state_word old, std::uint64_t n, std::uint32_t mask) noexcept {
    EFD_CHECK(!is_sealed(old) && (shared() || is_consistent(old)));
    if (is_traced() || needs_attention(with_count(old, packed_count(old) + n) & ~state_word{watched_mark})) [[unlikely]]
        handle_marks_after_add(old, n);
    if (is_watched(old)) notify(poll_in | mask);
}

// Decides a reservation, seals a huge count, wakes the readers that can go on now, rings the doorbell.
[[gnu::noinline]] void context::handle_marks_after_add(state_word old, std::uint64_t n) noexcept {
    trace_signal(*this, n);
    const bool was_reserved = is_reserved(old);
    if (was_reserved)
        (void)end_reservation(state_.load(base::acquire)); // RESERVE: the take is decided before this add returns
    if (packed_count(old) + n >= packed_limit) seal();
    // OWED. Every add that meets the mark makes a wake of its own. An add that left this to the add that left zero
    // would return while a reader sleeps beside units, for as long as the other thread is stopped before its wake.
    if (has_sleeper(park_of(old)) && n > 0) wake_packed(takes_one() ? n : 1);
    // If the word was reserved, a thread that looked before the add may have found its units gone: zero.
    const bool left_zero = n > 0 && (packed_count(old) == 0 || was_reserved);
    if (is_armed(old) || (was_reserved && n > 0 && has_doorbell(old))) // LEVEL, ring; EVERY: an add of zero, too
        notify_doorbell(poll_in | (left_zero ? doorbell_hook::left_zero : 0U));
}

// ---- Wakes. A waker stamps a new generation into the park word; that clears `arrived`, so a thread that is not asleep
// yet does not fall asleep. It wakes, and learns in the same call whether others still sleep. It clears `asleep` only
// if none does, no later generation was stamped and no reader has arrived: CLEAR_ASLEEP.

namespace {

// OWED: how many sleepers a wake is for; in shared memory one to spare, in case a woken thread is killed.
int how_many(const context& object, std::uint64_t units) noexcept {
    if (units == 0) return 0;
    if (units >= static_cast<std::uint64_t>(os::everybody)) return os::everybody;
    return static_cast<int>(units) + (is_in_shared_range(&object) ? 1 : 0);
}

// The number of threads woken; greater than `most` if there may be more sleepers.
int wake_sleepers(context& object, const void* word, int most) noexcept {
    const int woken = os::futex_wake_and_count(word, most, scope_of(object));
    if (is_traced()) trace::woke(object, std::min(woken, most));
    return woken;
}

} // namespace

void context::wake_packed(std::uint64_t units) noexcept {
    const std::uint32_t generation = next_generation();
    turn_limit turns(*this); // at its end the wake is made all the same
    state_word word = state_.load(base::acquire);
    do {
        if (is_reserved(word)) word = end_reservation(word);
        if (is_sealed(word)) return wake_left_asleep();
        if (!has_sleeper(park_of(word))) return; // a later waker found no sleeper left
        EFD_CHECK(shared() || is_consistent(word));
        EFD_CHECK(shared() || is_consistent(with_park(word, with_claim(park_of(word), generation))));
    } while (!state_.compare_exchange_weak(word, with_park(word, with_claim(park_of(word), generation)), base::acq_rel,
                                           base::acquire) && // CLEAR_ASLEEP, claim
             turns.again());
    if (units > 0) note_wake();
    const int most = how_many(*this, units);
    if (wake_sleepers(*this, state_futex(), most) > most) return; // others still sleep
    word = state_.load(base::acquire);
    while (!is_sealed(word) && may_clear_asleep(park_of(word), generation) &&
           !state_.compare_exchange_weak(word, with_park(word, without_asleep(park_of(word))), base::acq_rel,
                                         base::acquire) && // CLEAR_ASLEEP, clear
           turns.again()) {
    }
}

// The same on a park word: CLEAR_ASLEEP.
void context::wake_parked(base::atomic<park_word>& park, std::uint64_t units) noexcept {
    const std::uint32_t generation = next_generation();
    turn_limit turns(*this);
    park_word word = park.load(base::acquire);
    do {
        EFD_CHECK(shared() || is_consistent_park(word));
        if (!has_sleeper(word)) return;
    } while (!park.compare_exchange_weak(word, with_claim(word, generation), base::acq_rel, base::acquire) &&
             turns.again());
    if (units > 0) note_wake();
    const int most = how_many(*this, units);
    if (wake_sleepers(*this, &park, most) > most) return;
    word = park.load(base::acquire);
    while (may_clear_asleep(word, generation) &&
           !park.compare_exchange_weak(word, without_asleep_same_generation(word), base::acq_rel, base::acquire) &&
           turns.again()) {
    }
}

// SEAL: wakes the readers that slept on the packed word when it was sealed, unless a thread has done so. Every thread
// that changes the count calls this, since the sealer may be stopped. The reference keeps one object in the slot from
// the wake to the clearing. Without it this thread could clear the mark of the slot's next object, which needs its own
// wake.
void context::wake_left_asleep() noexcept {
    if (!local().refs.get_unless_zero()) return;
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    if (has_left_asleep(word)) {
        (void)wake_sleepers(*this, state_futex(), os::everybody);
        while (has_left_asleep(word) &&
               !state_.compare_exchange_weak(word, word & ~state_word{left_asleep_mark}, base::acq_rel,
                                             base::acquire) && // SEAL, woken
               turns.again()) {
        }
    }
    put();
}

// ---- A cancel.

// CANCEL. Wakes this one waiter, if it sleeps or may be about to.
void context::cancel(const operation& op, cancel_word& own) noexcept {
    switch (own.cancel()) {
    case cancel_word::sleeper::none: return;
    case cancel_word::sleeper::on_this:
        (void)os::futex_wake_and_count(own.futex(), os::everybody, os::futex_scope::one_process);
        return;
    case cancel_word::sleeper::on_object: return wake_all_for_cancel(op);
    }
}

// Makes every sleeper of one side look again, to reach a cancelled one that sleeps on the object's word alone. A waiter
// announces itself before it looks at its own word. So this finds every waiter that looked before the cancel.
void context::wake_all_for_cancel(const operation& op) noexcept {
    if (op.of == side::writer) {
        if (has_sleeper(writer_park_.load(base::acquire))) wake_parked(writer_park_, os::everybody);
        return;
    }
    const state_word word = state_.load(base::acquire);
    if (is_sealed(word) ? has_left_asleep(word) : has_sleeper(park_of(word))) wake_packed(os::everybody);
    if (has_sleeper(reader_park_.load(base::acquire))) wake_parked(reader_park_, os::everybody);
}

} // namespace efd::EFD_ABI::core
