// SPDX-License-Identifier: MIT
// The inside of a set, as the explorer makes it and looks at it: see set_world.hpp.
#include "explorer/set_world.hpp"
#include "explorer/tell.hpp"

#include "os/memory.hpp"
#include "os/process.hpp"
#include "watch/arena_half.hpp"

#include <new>

namespace efd::core {

void reservation_layout::name() {
    for (std::size_t i = 0; i < few; ++i) explore::name_place(&reservation_slot::at(i).word_, "slot");
}

bool reservation_layout::any_tied() noexcept {
    for (std::size_t i = 0; i < few; ++i)
        if (reservation_slot::step_of(reservation_slot::at(i).word_.load(base::acquire)) ==
            reservation_slot::step::tied)
            return true;
    return false;
}

} // namespace efd::core

namespace efd::watch {

using core::context;

set_core* set_layout::make(context& bell, context& bed) {
    auto* const set = new (os::map_zeroed(sizeof(set_core))) set_core;
    (void)set->ready_.make();
    set->bell_.store(&bell, base::release);
    set->bed_.store(&bed, base::release);
    set->refs_.init();
    set->right_in.store(os::process_number(), base::release);
    (void)set->make_segment(0); // the pages of the first places, as yet nobody's
    (void)set->make_rest(*set->find_member(0));
    return set;
}

set_core* set_layout::make_of_arena(context& bell, const core::set_claim& claim) {
    set_core* const set = make(bell, claim.slots->bed(claim.set));
    set->arena_ = new arena_half(claim);
    set->ready_.hide_top(true);
    return set;
}
void set_layout::join_descriptor(set_core& set) {
    member* const joining = set.take_place(0);
    joining->kind.store(member_kind::joining, base::release);
    joining->open();
    joining->kind.store(member_kind::descriptor, base::release);
}
void set_layout::skip_numbers(set_core& set, std::uint32_t up_to) { set.arena_->touched_.store(up_to, base::release); }

// As set_core::publish_bell, with numbers that name nothing.
void set_layout::give_pipe(set_core& set, bool by_owner) {
    constexpr int ringer = 5;
    constexpr int read_end = 6;
    core::set_bell& bell = set.arena_->bell();
    (void)bell.ringer.swap_in(ringer);
    (void)bell.read_end.swap_in(read_end);
    if (by_owner) set.publish_bell();
    set.arena_->has_bell.store(true, base::release);
    core::mark_word(set.arena_->entry().armed, 0);
    set.watch_for_ever();
    explore::name_place(&set.arena_->entry().armed, "armed");
}

void set_layout::give_bell(set_core& set, context& bell) { set.bell_.store(&bell, base::release); }
void set_layout::give_bed(set_core& set, context& bed) { set.bed_.store(&bed, base::release); }

// As set_core::create does with a set that has ended.
void set_layout::renew(set_core& set, context& bell, context& bed) {
    give_bell(set, bell);
    give_bed(set, bed);
    set.refs_.init();
}

void set_layout::skip(set_core& set, unsigned up_to) { set.touched_.store(up_to, base::release); }

void set_layout::leave_free(set_core& set, unsigned place) {
    skip(set, place);
    member* const left = set.claim_place();
    set.give_back_place(*left);
}

member* set_layout::place(set_core& set, int place) { return set.find_member(static_cast<std::uint32_t>(place)); }

member_rest* set_layout::rest(set_core& set, int place) { return &set.rest_of(*set_layout::place(set, place)); }

void set_layout::name(set_core& set) {
    using explore::name_place;
    name_place(&set.interested_, "interested");
    name_place(&set.bell_, "bell");
    name_place(&set.bed_, "bed");
    name_place(&set.cursor_, "cursor");
    name_place(&set.all_gate_, "all gate");
    name_place(&set.mutex_, "set's lock");
    name_place(&set.top, "top");
    name_place(&set.ready_.height_, "height");
    name_place(&set.ready_.at(0, 0), "bits 0..31");
    name_place(&set.ready_.at(0, 1), "bits 32..63");
    name_place(&set.ready_.at(1, 0), "bits above");
    if (set.is_of_arena()) {
        name_place(&set.arena_->entry().interested, "interest in the arena");
        name_place(&set.arena_->cursor, "cursor of marks");
        name_place(&set.arena_->deaths_walked, "deaths walked");
    }
    name_place(&set.touched_, "touched");
    name_place(&set.free_places_, "free places");
    name_place(&set.joined_, "joined");
    name_place(&set.ready_.carried_, "settled height");
    for (std::uint32_t i = 0; i < set.touched_.load(base::acquire); ++i) {
        if (set.find_member(i)->on_change == nullptr) continue;
        name_place(&set.find_member(i)->inside, "inside");
        name_place(&set.find_member(i)->object, "object");
        name_place(&set.find_member(i)->awaited, "awaited");
    }
}

// Without the segments, which do not change, and the link of ended sets, which is not the scenario's.
explore::region set_layout::plain(set_core& set) {
    auto* const first = reinterpret_cast<unsigned char*>(&set.mutex_);
    return {first, static_cast<std::size_t>(reinterpret_cast<unsigned char*>(&set.segment_) - first)};
}

unsigned set_layout::awaited(set_core& set) {
    unsigned number = 0;
    for (std::uint32_t i = 0; i < set.touched_.load(base::acquire); ++i)
        number += presence::number_in(set.find_member(i)->awaited.load(base::acquire));
    return number;
}

bool set_layout::bit(const ready_bitmap& map, std::uint32_t level, std::uint32_t index) {
    return (map.at(level, index / 32).load(base::acquire) >> (index % 32) & 1U) != 0;
}

// Whether a wait would find something; or, for a wait for all, everything.
bool set_layout::ready(set_core& set, bool all) {
    unsigned ready = 0;
    unsigned members = 0;
    for (std::uint32_t i = 0; i < set.touched_.load(base::acquire); ++i) {
        member& one = *set.find_member(i);
        if (one.kind.load(base::acquire) == member_kind::free) continue;
        ++members;
        if (member_ready(one)) ++ready;
    }
    return all ? members > 0 && ready == members : ready > 0;
}
bool set_layout::member_ready(member& one) {
    return one.inner != nullptr ? ready(*one.inner, false) : set_core::is_ready(one);
}

std::string set_layout::fault_of_member(set_core& set, std::uint32_t index) {
    member& one = *set.find_member(index);
    if (one.on_change == nullptr) return bit(set.ready_, 0, index) ? "a place that never was is marked" : "";
    const std::string who = "place " + std::to_string(index);
    const bool free = one.kind.load(base::acquire) == member_kind::free;
    const std::uint32_t inside = one.inside.load(base::acquire) & ~presence::generation_mask;
    if (inside != (free ? member::shut_mark : 0U)) return who + " counts those inside wrongly";
    const bool marked = bit(set.ready_, 0, index);
    if (free) return marked ? who + " is nobody's, and marked" : "";
    const bool ready = set_core::is_ready(one);
    if (marked == ready) return {};
    return who + (marked ? " is marked, and not ready" : " is ready, and not marked");
}

std::string set_layout::fault_of_bits(set_core& set) {
    const ready_bitmap& map = set.ready_;
    const std::uint32_t height = map.height_.load(base::acquire);
    for (std::uint32_t level = 0; level + 1 < height; ++level)
        for (std::uint32_t word = 0; word < 2; ++word)
            if (bit(map, level + 1, word) == ready_bitmap::is_empty(map.at(level, word).load(base::acquire)))
                return "level " + std::to_string(level + 1) + " does not say what is below it";
    const bool any = !ready_bitmap::is_empty(map.at(height - 1, 0).load(base::acquire));
    if (set.top.load(base::acquire) != &map.at(height - 1, 0)) return "the top is not the top";
    if ((set.interested_.load(base::acquire) & set_core::bell_watched_mark) == 0) return {};
    const context* const bell = set.bell_.load(base::acquire);
    if (bell == nullptr || (bell->count() > 0) == any) return {};
    return any ? "something is ready, and the set's context says no"
               : "nothing is ready, and the set's context says yes";
}

bool set_layout::is_marked_in_arena(set_core& set, std::uint32_t number) {
    const core::shared_sets& sets = set.arena_->claim.slots->sets;
    for (std::uint32_t level = 0; level < sets.shape.levels; ++level, number /= 32)
        if ((core::bits_of(sets.bitmaps[sets.shape.begin[level] + number / 32].load(base::acquire)) >> number % 32 &
             1U) == 0)
            return false;
    return true;
}

// A set of an arena keeps marks of members that are not ready until a thread looks at them. One that is ready has its
// mark here or in the arena, up to the top.
std::string set_layout::fault_of_marks(set_core& set) {
    for (std::uint32_t i = 0; i < set.touched_.load(base::acquire); ++i) {
        const member& one = *set.find_member(i);
        if (!one.is_taken() || one.object.load(base::acquire)->count() == 0) continue;
        const ready_bitmap& map = set.ready_;
        const bool is_noted = bit(map, 0, i) && (map.height_.load(base::acquire) == 1 || bit(map, 1, i / 32));
        if (!is_noted && !is_marked_in_arena(set, one.number_in_arena))
            return "place " + std::to_string(i) + " is ready, and marked neither here nor in the arena";
    }
    return {};
}

std::string set_layout::fault(set_core& set) {
    if (set.is_of_arena()) return fault_of_marks(set);
    for (std::uint32_t i = 0; i < set.touched_.load(base::acquire); ++i)
        if (std::string wrong = fault_of_member(set, i); !wrong.empty()) return wrong;
    return fault_of_bits(set);
}

} // namespace efd::watch
