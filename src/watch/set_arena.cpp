// SPDX-License-Identifier: MIT
// watch/set_arena.cpp: what a set of an arena has beside the private parts of every set.
//
// The members that are objects of the arena have numbers of their own, which stand in the objects' cells. Who signals
// one, in any process, marks its number in the arena (core/shared_sets.hpp). A thread of the owner that takes, looks or
// is about to sleep first collects one word of those marks: it looks at the members that they name, and marks the ready
// ones in the set's own bitmap, from which all else goes on as in every set. So no byte of the arena decides more than
// which member is looked at.
//
// SHARED_SLEEP: as SET_SLEEP. A waiter states its interest here and in the arena, then looks at the top of the marks,
// then at its own top, and sleeps on the bed. A collector marks its own bitmap before it clears in the arena, so the
// second look finds what it took away before the first. Any thread, also in signal handlers.
#include "watch/set_core.hpp"

#include <efd/detail/base/check.hpp>

#include "core/shared_slots.hpp"
#include "os/clock.hpp"
#include "os/shared_memory.hpp"

#include <bit>
#include <new>

namespace efd::watch {

using base::status;
using core::context;

namespace {

constexpr std::uint32_t free_mark = 1U << 31;
constexpr std::uint32_t vain_rounds_most = 1U << 16;
constexpr std::uint32_t rounds_per_clock = 64;
constexpr std::uint32_t bits_of_word = 32;

constexpr std::uint64_t next_stamp(std::uint64_t word) noexcept { return ((word >> 32) + 1) << 32; }

} // namespace

class arena_half {
  public:
    static constexpr std::uint32_t none = UINT32_MAX;

    explicit arena_half(const core::set_claim& given) noexcept
        : claim(given), bits(given.slots->sets.bitmap(given.set)), deaths_walked(deaths()),
          places_(static_cast<base::atomic<std::uint32_t>*>(os::map_zeroed_unreserved(places_bytes()))) {}
    ~arena_half() {
        if (places_ != nullptr) os::unmap(places_, places_bytes());
    }
    arena_half(const arena_half&) = delete;
    arena_half& operator=(const arena_half&) = delete;

    [[nodiscard]] bool is_complete() const noexcept { return places_ != nullptr; }
    [[nodiscard]] core::set_entry& entry() const noexcept { return claim.slots->sets.entries[claim.set]; }
    // Not if the other processes hold this one for dead.
    [[nodiscard]] bool is_own() const noexcept { return entry().tenant.load(base::acquire) == claim.tenant; }
    [[nodiscard]] std::uint32_t deaths() const noexcept { return claim.slots->sets.deaths->load(base::acquire); }

    // A number for the member at that place; none: all are in use. As PLACES: the first free one, or the next that
    // never was in use; the stamp tells a first one that was taken and given back from one that was first all the time.
    [[nodiscard]] std::uint32_t claim_number(std::uint32_t place) noexcept {
        const std::uint32_t number = free_or_fresh_number();
        if (number != none) places_[number].store(place + 1, base::release); // before the cell that names it
        return number;
    }
    void give_back_number(std::uint32_t number) noexcept {
        std::uint64_t first = free_.load(base::relaxed);
        do {
            places_[number].store(core::bits_of(first) | free_mark, base::relaxed);
        } while (!free_.compare_exchange_weak(first, next_stamp(first) | (number + 1), base::acq_rel,
                                              base::relaxed)); // PLACES, push
    }
    // none: no member has the number.
    [[nodiscard]] std::uint32_t place_of(std::uint32_t number) const noexcept {
        const std::uint32_t place =
            number < claim.slots->sets.shape.members ? places_[number].load(base::acquire) : free_mark;
        return place == 0 || (place & free_mark) != 0 ? none : place - 1;
    }

    const core::set_claim claim;
    core::shared_bitmap bits;
    base::atomic<std::uint32_t> cursor{0}; // the word of marks that is collected next
    base::atomic<std::uint32_t> deaths_walked;
    base::atomic<bool> is_left_behind{false};

  private:
    [[nodiscard]] std::uintptr_t places_bytes() const noexcept {
        return std::uintptr_t{claim.slots->sets.shape.members} * sizeof(base::atomic<std::uint32_t>);
    }
    [[nodiscard]] std::uint32_t free_or_fresh_number() noexcept {
        std::uint64_t first = free_.load(base::acquire);
        while (core::bits_of(first) != 0) {
            const std::uint32_t number = core::bits_of(first) - 1;
            const std::uint64_t rest = next_stamp(first) | (places_[number].load(base::relaxed) & ~free_mark);
            if (free_.compare_exchange_weak(first, rest, base::acq_rel, base::acquire)) return number; // PLACES, pop
        }
        std::uint32_t number = touched_.load(base::relaxed);
        do {
            if (number >= claim.slots->sets.shape.members) return none;
        } while (!touched_.compare_exchange_weak(number, number + 1, base::acq_rel, base::relaxed)); // PLACES, next
        return number;
    }

    base::atomic<std::uint32_t>* places_; // by number: one more than the place, or free_mark and the next free one
    base::atomic<std::uint64_t> free_{0}; // a stack: the first one's number plus 1, above it a stamp
    base::atomic<std::uint32_t> touched_{0};
};

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
    arena_->is_left_behind.store(true, base::release); // FORK, repaired
}

bool set_core::is_left_behind() const noexcept {
    return arena_ != nullptr && arena_->is_left_behind.load(base::acquire);
}

// ---- Members.

bool set_core::may_have(const context& object) const noexcept {
    return arena_ != nullptr && core::find_shared_slots(object) == arena_->claim.slots;
}

status set_core::join_shared(member& joining, context& object) noexcept {
    EFD_CHECK(may_have(object));
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

// SHARED_COLLECT. Marks that name nobody go as well. No waiter is woken for what is noted here: each was woken by the
// signal that made the mark, or looks at both tops after it.
status set_core::collect(std::size_t room) noexcept {
    if (is_left_behind()) return status::stale;
    for (std::size_t collected = 0; collected < room; collected += bits_of_word) {
        if (!arena_->bits.anything()) return status::ok;
        if (!arena_->is_own()) return status::stale;
        const core::shared_bitmap::marked_word found = arena_->bits.find(arena_->cursor.load(base::relaxed));
        for (std::uint32_t bits = core::bits_of(found.value); bits != 0; bits &= bits - 1) {
            const std::uint32_t number =
                found.index * bits_of_word + static_cast<std::uint32_t>(std::countr_zero(bits));
            const std::uint32_t place = arena_->place_of(number);
            if (place != arena_half::none && is_ready(known_member(place))) ready_.mark(place); // SHARED_COLLECT, note
        }
        arena_->cursor.store(found.index + 1, base::relaxed);
        if (core::bits_of(found.value) != 0) arena_->bits.clear(found);
    }
    return status::ok;
}

bool set_core::anything() const noexcept { return (arena_ != nullptr && arena_->bits.anything()) || ready_.anything(); }

// SHARED_SLEEP, look: the marks first.
bool set_core::anything_in_order() noexcept {
    if (arena_ != nullptr && arena_->bits.anything_in_order()) return true;
    return ready_.anything_in_order();
}

// A round that found marks and nothing ready. Each is for a mark that was made, so honest peers do not reach the limit;
// a hostile one may mark for ever.
status set_core::after_vain_round(std::uint32_t rounds, const core::wait_opts& opts) const noexcept {
    if (rounds >= vain_rounds_most) return status::damaged;
    const bool is_time = rounds % rounds_per_clock == 0 && opts.deadline_ns != core::forever;
    return is_time && os::now_ns() >= opts.deadline_ns ? status::timed_out : status::would_block;
}

// ---- A waiter.

// SHARED_SLEEP. Before each sleep, as a peer may have written over it.
void set_core::state_interest() noexcept {
    if (arena_ != nullptr && !is_left_behind()) core::mark_word(arena_->entry().interested, 0);
}

// SHARED_SLEEP, end. The word is read first, then the number of waiters: one that comes after that look has moved it.
void set_core::end_interest() noexcept {
    if (arena_ == nullptr || is_left_behind()) return;
    std::uint64_t word = arena_->entry().interested.load(base::acquire);
    if (core::bits_of(word) == 0 || presence::number_in(interested_.load(base::acquire)) != 0) return;
    (void)arena_->entry().interested.compare_exchange_strong(word, core::without_bits(word), base::acq_rel,
                                                             base::relaxed); // SHARED_SLEEP, end
}

core::looks set_core::looks_of_sleeper() const noexcept {
    if (arena_ == nullptr || !os::restarts_waits_with_deadline()) return {0, 0};
    return {arena_->claim.slots->first_look_ns, arena_->claim.slots->last_look_ns};
}

// SHARED_DEATH. A peer that was killed before its mark has left units that no mark tells of. The number of deaths is
// read before the walk: one that comes during it makes the next look walk again.
void set_core::look_for_dead() noexcept {
    arena_->claim.look(arena_->claim.whose);
    const std::uint32_t deaths = arena_->deaths();
    if (deaths == arena_->deaths_walked.load(base::acquire)) return;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index)
        if (is_ready(known_member(index))) ready_.mark(index);
    arena_->deaths_walked.store(deaths, base::release); // SHARED_DEATH, walked
}

} // namespace efd::watch
