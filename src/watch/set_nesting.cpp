// SPDX-License-Identifier: MIT
// watch/set_nesting.cpp: sets among the members of a set: which may stand where, and how they come and go.
//
// Owns the sets above and below each set, under one lock for all: a set must not come to stand inside itself, and no
// set may have more than most_above above it, which only a look at all of them can tell. So a thread that adds a set
// waits for another that adds one. A removal does not: it pushes a note, and the next owner of the lock forgets the
// nesting.
#include "watch/set_core.hpp"

#include "core/deferred.hpp"

#include <algorithm>
#include <new>

namespace efd::watch {

using base::status;

namespace {

// Each search over sets has a number, by which it knows the sets that it has visited.
std::uint64_t last_visit = 0;

// Members that were sets and have left, newest first; the sets above and below still name each other.
constinit base::atomic<member*> left_nestings{nullptr};

} // namespace

// Whether `wanted` stands in this set, at any depth. Under the lock of all nesting, as all that follows here.
bool set_core::reaches(const set_core& wanted, std::uint64_t visit) noexcept {
    if (this == &wanted) return true;
    if (visited_down_ == visit) return false;
    visited_down_ = visit;
    return std::any_of(inner_sets_.begin(), inner_sets_.end(),
                       [&](set_core* inner) { return inner->reaches(wanted, visit); });
}

// How many sets are above this one, without those that this visit has seen.
std::size_t set_core::count_above(std::uint64_t visit) noexcept {
    std::size_t above = 0;
    for (set_core* const outer : outer_sets_) {
        if (outer->visited_up_ == visit) continue;
        outer->visited_up_ = visit;
        above += 1 + outer->count_above(visit);
    }
    return above;
}

// Whether this set, and each that stands in it, may have `outer` above it as well.
bool set_core::has_room_above(set_core& outer, std::uint64_t visit) noexcept {
    if (visited_down_ == visit) return true;
    visited_down_ = visit;
    const std::uint64_t upward = ++last_visit;
    std::size_t above = count_above(upward);
    if (outer.visited_up_ != upward) {
        outer.visited_up_ = upward;
        above += 1 + outer.count_above(upward);
    }
    return above <= most_above && std::all_of(inner_sets_.begin(), inner_sets_.end(),
                                              [&](set_core* inner) { return inner->has_room_above(outer, visit); });
}

status set_core::add(set_core& inner, std::uint64_t token, int& place) noexcept {
    if (core::in_callback != 0) return status::deadlock;
    if (inner.is_of_arena()) return status::not_supported;
    const core::callbacks_later no_callbacks;
    const status result = add_nested(inner, token, place);
    forget_left_nestings();
    return result;
}

status set_core::add_nested(set_core& inner, std::uint64_t token, int& place) noexcept {
    const std::lock_guard nesting(nesting_mutex);
    forget_all_left();
    if (inner.reaches(*this, ++last_visit)) return status::invalid;
    if (!inner.has_room_above(*this, ++last_visit)) return status::too_deep;
    if (!note_nesting(inner)) return status::no_memory;
    status result = inner.begin_to_stand_in_another();
    if (result == status::ok) {
        result = join(inner.bell(), &inner, token, place);
        if (result != status::ok) inner.end_to_stand_in_another();
    }
    if (result != status::ok) forget_nesting(inner);
    return result;
}

bool set_core::note_nesting(set_core& inner) noexcept {
    try {
        inner_sets_.push_back(&inner);
    } catch (const std::bad_alloc&) {
        return false;
    }
    try {
        inner.outer_sets_.push_back(this);
    } catch (const std::bad_alloc&) {
        inner_sets_.pop_back();
        return false;
    }
    return true;
}

void set_core::forget_nesting(set_core& inner) noexcept {
    inner_sets_.erase(std::find(inner_sets_.begin(), inner_sets_.end(), &inner));
    inner.outer_sets_.erase(std::find(inner.outer_sets_.begin(), inner.outer_sets_.end(), this));
}

// One lock decides between nesting a set and adding its first descriptor: not both.
status set_core::begin_to_stand_in_another() noexcept {
    repair_in_child();
    const std::lock_guard guard(mutex_);
    if (descriptor_members_.load(base::acquire) > 0) return status::invalid;
    stands_in_.fetch_add(1, base::relaxed);
    get();
    watch_for_ever();
    return status::ok;
}

void set_core::end_to_stand_in_another() noexcept {
    stands_in_.fetch_sub(1, base::relaxed);
    put();
}

// NESTING_LEFT. The present or next owner of the lock of all nesting forgets a set that has left; the leaving thread
// does not wait for the lock.
void set_core::leave_nesting(member& leaving) noexcept {
    member*& next = leaving.owner->rest_of(leaving).next_left;
    next = left_nestings.load(base::relaxed);
    while (!left_nestings.compare_exchange_weak(next, &leaving, base::acq_rel, base::relaxed)) {
    } // NESTING_LEFT, push
}

// Under the lock of all nesting. The places are free from here on.
void set_core::forget_all_left() noexcept {
    member* left = left_nestings.exchange(nullptr, base::acq_rel); // NESTING_LEFT, take
    while (left != nullptr) {
        member* const after = left->owner->rest_of(*left).next_left;
        set_core& inner = *left->inner;
        left->owner->forget_nesting(inner);
        left->owner->give_back_place(*left);
        inner.end_to_stand_in_another();
        left = after;
    }
}

// A thread that finds the lock taken leaves all to its owner, which looks once more after giving it back: by a step, so
// that a thread that pushes later finds the lock free.
void set_core::forget_left_nestings() noexcept {
    member* nobody = nullptr;
    while (
        !left_nestings.compare_exchange_strong(nobody, nullptr, base::acq_rel, base::acquire)) { // NESTING_LEFT, look
        nobody = nullptr;
        const std::unique_lock<os::fork_lock> nesting(nesting_mutex, std::try_to_lock);
        if (!nesting.owns_lock()) return;
        forget_all_left();
    }
}

} // namespace efd::watch
