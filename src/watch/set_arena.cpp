// SPDX-License-Identifier: MIT
// watch/set_arena.cpp: what a set of an arena has beside the private parts of every set.
//
// The members that are objects of the arena have numbers of their own, which stand in the objects' cells. Who signals
// one, in any process, marks its number in the arena (core/shared_sets.hpp). A thread of the owner that takes, looks or
// is about to sleep first collects one word of those marks: it looks at the members that they name, and marks the ready
// ones in the set's own bitmap, from which all else goes on as in every set; a take may take one of them at once. So no
// byte of the arena decides more than which member is looked at.
//
// SHARED_SLEEP: as SET_SLEEP. A waiter states its interest here and in the arena, then looks at the top of the marks,
// then at its own top, and sleeps on the bed. A collector marks its own bitmap before it clears in the arena, so the
// second look finds what it took away before the first. Any thread, also in signal handlers.
#include "watch/set_core.hpp"

#include <efd/detail/base/check.hpp>

#include "core/shared_slots.hpp"
#include "os/clock.hpp"
#include "watch/arena_half.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace efd::watch {

using base::status;
using core::context;

namespace {

constexpr std::uint32_t vain_rounds_most = 1U << 16;
constexpr std::uint32_t words_per_clock = 64;
constexpr std::uint32_t bits_of_word = 32;

bool is_late(std::int64_t deadline_ns) noexcept { return deadline_ns != core::forever && os::now_ns() >= deadline_ns; }

} // namespace

// A try whose deadline has passed has this time all the same, so that it meets every word beside honest peers.
bool set_core::is_out_of_time(sweep& over) noexcept {
    constexpr std::int64_t grace_ns = 5'000'000;
    if (over.deadline_ns == core::forever || over.words % words_per_clock != 0) return false;
    const std::int64_t now_ns = os::now_ns();
    if (over.until_ns == 0) over.until_ns = std::max(over.deadline_ns, now_ns) + grace_ns;
    return now_ns >= over.until_ns;
}

// ---- Birth and death.

set_core* set_core::create(const core::set_claim& claim) noexcept {
    auto* const half = new (std::nothrow) arena_half(claim);
    set_core* const core = half != nullptr && half->is_complete() ? take_memory() : nullptr;
    context& bed = claim.slots->bed(claim.set);
    bed.get();
    if (begin(core, &bed) && core != nullptr) {
        core->arena_ = half;
        core->ready_.hide_top(true); // a try looks at the marks as well
        return core;
    }
    delete half;
    claim.give_back(claim.whose, claim, true);
    return nullptr;
}

void set_core::end_arena_half() noexcept {
    const core::set_claim claim = arena_->claim;
    const bool is_owner = !is_left_behind();
    delete arena_;
    arena_ = nullptr;
    ready_.hide_top(false);
    claim.give_back(claim.whose, claim, is_owner);
}

// FORK. The set is the parent's; its bed and its marks stay as they are.
void set_core::leave_behind() noexcept {
    renew_lock();
    close_epolls();                                    // the numbers alone: what they name is the parent's as well
    arena_->is_left_behind.store(true, base::release); // FORK, repaired
}

bool set_core::is_left_behind() const noexcept {
    return arena_ != nullptr && arena_->is_left_behind.load(base::acquire);
}

// Neither in the child of a fork, nor if the other processes hold this one for dead.
bool set_core::is_owned() const noexcept { return !is_left_behind() && arena_->is_own(); }

// ---- Members.

bool set_core::may_have(const context& object) const noexcept {
    return arena_ != nullptr && core::find_shared_slots(object) == arena_->claim.slots;
}

status set_core::join_shared(member& joining, context& object) noexcept {
    EFD_CHECK(may_have(object));
    if (!arena_->is_own()) return status::stale;
    const std::uint32_t number = arena_->claim_number(joining.index);
    if (number == arena_half::none) return status::no_memory;
    object.get();
    joining.number_in_arena = number;
    joining.object.store(&object, base::release); // PERMANENT, join
    const status result = object.join_set(arena_->claim.cell_for(number));
    if (result != status::ok) {
        joining.object.store(nullptr, base::release); // PERMANENT, join
        arena_->give_back_number(number);
        object.put();
    }
    return result;
}

void set_core::leave_shared(member& leaving, context& object) noexcept {
    if (is_left_behind()) return;
    object.leave_set(arena_->claim.cell_for(leaving.number_in_arena));
    arena_->give_back_number(leaving.number_in_arena);
}

// ---- Marks.

// SHARED_COLLECT. One word of marks. Those that name nobody go as well. No waiter is woken for what is noted here: each
// was woken by the signal that made the mark, or looks at both tops after it. would_block: all is collected, or every
// word was met once, or it is late.
status set_core::collect(sweep& over) noexcept {
    if (!is_owned()) return status::stale; // which nobody marks any more
    if (!arena_->bits.anything()) return status::would_block;
    if (over.words == 0) over.next = arena_->cursor.load(base::relaxed);
    ++over.words;
    if (over.words > arena_->claim.slots->sets.shape.size[0] + 1 || is_out_of_time(over)) return status::would_block;
    const core::shared_bitmap::marked_word found = arena_->bits.find(over.next);
    if (core::bits_of(found.value) == 0) return status::would_block;
    for (std::uint32_t bits = core::bits_of(found.value); bits != 0; bits &= bits - 1) {
        const std::uint32_t number = found.index * bits_of_word + static_cast<std::uint32_t>(std::countr_zero(bits));
        const std::uint32_t place = arena_->place_of(number);
        if (place == arena_half::none) continue;
        member& one = known_member(place);
        if (over.at_once != nullptr && !over.is_taken && take_unentered(one, *over.at_once)) {
            over.is_taken = true;
            cursor_.store(place + 1, base::relaxed);
            continue;
        }
        if (!is_ready(one)) continue;
        ready_.mark(place); // SHARED_COLLECT, note
        ++over.noted;
    }
    over.next = found.index + 1;
    arena_->cursor.store(over.next, base::relaxed);
    arena_->bits.clear(found);
    return status::ok;
}

// A try goes on until something is taken or every word was met once: a mark that was there when it began is in one of
// them, whatever stands in the others. Where no member is noted, one that a mark names is taken without a note. Noted
// members go first: one that is marked anew for ever would else starve them.
[[gnu::noinline]] status set_core::take_from_arena(set_event& got, std::int64_t deadline_ns) noexcept {
    sweep over{deadline_ns};
    if (!ready_.anything() && !has_kernel_members()) over.at_once = &got;
    for (;;) {
        const status collected = collect(over);
        if (collected == status::stale) return collected;
        if (over.is_taken) {
            drain_stale_bell();
            return status::ok;
        }
        const status result = take_noted(got);
        if (result != status::would_block || collected != status::ok) return result;
    }
}

status set_core::look_in_arena(std::span<set_event> room, std::size_t& number, std::int64_t deadline_ns) noexcept {
    for (sweep over{deadline_ns};;) {
        status collected = status::ok;
        const std::size_t enough = over.noted + room.size();
        while (over.noted < enough && collected == status::ok) collected = collect(over);
        if (collected == status::stale) return collected;
        const status result = look_at_noted(room, number);
        if (result != status::would_block || collected != status::ok) return result;
    }
}

bool set_core::anything() const noexcept { return (arena_ != nullptr && arena_->bits.anything()) || ready_.anything(); }

// SHARED_SLEEP, look: the marks first.
bool set_core::anything_ordered() noexcept {
    if (arena_ != nullptr && arena_->bits.anything_ordered()) return true;
    return ready_.anything_ordered();
}

// A round that found marks and nothing ready. Each is for a mark that was made, so honest peers do not reach the limit;
// a hostile one may mark for ever.
status set_core::after_vain_round(std::uint32_t rounds, const core::wait_opts& opts) noexcept {
    if (rounds >= vain_rounds_most) return status::damaged;
    return is_late(opts.deadline_ns) ? status::timed_out : status::would_block;
}

// ---- A waiter.

// SHARED_SLEEP. Once for each waiter, with a new stamp; later only where a peer has written over it.
void set_core::begin_interest_in_arena(bool is_first) noexcept {
    if (arena_ == nullptr) return;
    core::stamped_word& interested = arena_->entry().interested;
    if (is_first || core::bits_of(interested.load(base::relaxed)) == 0) core::mark_word(interested, 0);
}

// SHARED_SLEEP, end. The word is read first, then the number of waiters: one that comes after that look has moved it.
void set_core::end_interest_in_arena() noexcept {
    if (arena_ == nullptr || is_left_behind()) return;
    std::uint64_t word = arena_->entry().interested.load(base::acquire);
    if (core::bits_of(word) == 0 || presence::number_in(interested_.load(base::acquire)) != 0) return;
    if (!arena_->is_own()) return; // a later owner's interest has another stamp
    (void)arena_->entry().interested.compare_exchange_strong(word, core::without_bits(word), base::acq_rel,
                                                             base::relaxed); // SHARED_SLEEP, end
}

core::looks set_core::looks_of_sleeper() const noexcept {
    if (arena_ == nullptr || !os::restarts_waits_with_deadline()) return {0, 0};
    return {arena_->claim.slots->first_look_ns, arena_->claim.slots->last_look_ns};
}

// SHARED_BED. Where the set has ended meanwhile, and its arena, the bed may be an object of another arena. No arena of
// this process ends while a thread is counted here, and one that is counted after the set has ended finds no bed.
void set_core::wake_in_arena(context& bed) noexcept {
    core::bed_wakers.fetch_add(1, base::acq_rel);                      // SHARED_BED, come
    if (bed_.load(base::acquire) == &bed) (void)bed.signal_deferred(); // SHARED_BED, look
    core::bed_wakers.fetch_sub(1, base::acq_rel);                      // SHARED_BED, leave
}

void set_core::walk_members() noexcept {
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index)
        if (is_ready(known_member(index))) ready_.mark(index);
}

// SHARED_DEATH. A peer that was killed before its mark has left units that no mark tells of. The number of deaths is
// read before the walk: one that comes during it makes the next look walk again.
void set_core::look_for_dead() noexcept {
    arena_->claim.look(arena_->claim.whose);
    const std::uint32_t deaths = arena_->deaths();
    if (deaths == arena_->deaths_walked.load(base::acquire)) return;
    walk_members();
    arena_->deaths_walked.store(deaths, base::release); // SHARED_DEATH, walked
}

} // namespace efd::watch
