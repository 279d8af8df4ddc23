// watch/set_core.cpp: see set_core.hpp. Life of a set, and its members coming and going.
#include "watch/set_core.hpp"

#include "core/held_back.hpp"
#include "os/memory.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <new>
#include <pthread.h>

namespace efd::watch {

using base::status;
using core::context;

namespace {

// Sets that ended, to be begun again; late signallers may still touch them. Never destroyed, as the table of contexts.
std::mutex free_mutex;
set_core* free_cores = nullptr;

// Held while a set goes into another or leaves it, so that none comes to stand inside itself. Each search over sets has
// a number, by which it knows where it was.
std::mutex nesting_mutex;
std::uint64_t last_visit = 0;

// No set is being made, ended or put into another while the process is copied.
// A lock that throws here ends the program. NOLINTNEXTLINE(cert-err58-cpp)
[[maybe_unused]] const int fork_handlers = ::pthread_atfork(
    [] {
        nesting_mutex.lock();
        free_mutex.lock();
    },
    [] {
        free_mutex.unlock();
        nesting_mutex.unlock();
    },
    [] {
        free_mutex.unlock();
        nesting_mutex.unlock();
    });

} // namespace

set_core* set_core::create() noexcept {
    set_core* core = nullptr;
    {
        const std::lock_guard guard(free_mutex);
        core = free_cores;
        if (core != nullptr) free_cores = core->next_free_;
    }
    if (core == nullptr) {
        core = new (std::nothrow) set_core; // from the heap, so that leak checkers see what it holds
        if (core == nullptr) return nullptr;
        if (!core->ready_.make()) {
            delete core;
            return nullptr;
        }
        core->note_made();
    }
    context* const bell = context::create(0, 0);
    context* const bed = bell != nullptr ? context::create(0, 0) : nullptr;
    if (bed == nullptr) {
        if (bell != nullptr) bell->put();
        const std::lock_guard guard(free_mutex);
        core->next_free_ = free_cores;
        free_cores = core;
        return nullptr;
    }
    core->bell_.store(bell, base::release);
    core->bed_.store(bed, base::release);
    core->home_.store(os::process_number(), base::release);
    core->ready_.hide_top(false); // a fork may have hidden it
    core->refs_.init();
    return core;
}

void set_core::put() noexcept {
    if (refs_.put() != core::kref::put_result::last) return;
    interested_.store(0, base::relaxed);
    close_epolls();
    stands_in_ = 0;
    bed_.exchange(nullptr, base::acq_rel)->put(); // SET_BELL
    bell_.exchange(nullptr, base::acq_rel)->put();
    const std::lock_guard guard(free_mutex);
    next_free_ = free_cores;
    free_cores = this;
}

// Inside a callback others may be busy with a member: it leaves once the callback has returned, and the set ends then.
void set_core::end() noexcept {
    for (std::uint32_t index = 0; index < touched_; ++index) (void)remove(static_cast<int>(index));
    if (members() == 0) return put();
    ending_.owner = this;
    ending_.callback = [](core::deferred_work& work) { static_cast<ending_work&>(work).owner->end(); };
    core::defer(ending_);
}

member* set_core::find_member(std::uint32_t index) noexcept {
    if (index >= ready_bitmap::most) return nullptr;
    member* const segment = segment_[index / segment_places].load(base::acquire);
    return segment == nullptr ? nullptr : segment + index % segment_places;
}

// The place of this index, made when first needed. Under the lock.
member* set_core::place_for(std::uint32_t index) noexcept {
    base::atomic<member*>& segment = segment_[index / segment_places];
    if (segment.load(base::relaxed) == nullptr) {
        void* const memory = os::map_zeroed(segment_places * sizeof(member));
        if (memory == nullptr) return nullptr;
        segment.store(static_cast<member*>(memory), base::release);
    }
    member* const place = segment.load(base::relaxed) + index % segment_places;
    if (index >= touched_) { // the smallest free index is at most one beyond all that were ever used
        new (place) member;
        place->home = this;
        place->index = index;
        place->tell = &told;
        touched_ = index + 1;
        known_.store(touched_, base::release); // ALL_MEMBERS
    }
    return place;
}

member* set_core::take_place(std::uint64_t token) noexcept {
    const int index = places_.alloc();
    if (index == core::ida::none) return nullptr;
    const auto number = static_cast<std::uint32_t>(index);
    member* const place = number < ready_bitmap::most ? place_for(number) : nullptr;
    if (place == nullptr) {
        places_.free(index);
        return nullptr;
    }
    changed(ready_.grow(number + 1));
    place->token = token;
    return place;
}

void set_core::give_back_place(member& gone) noexcept {
    gone.kind = member_kind::free;
    gone.inner = nullptr;
    places_.free(static_cast<int>(gone.index));
}

// Inside a callback nobody waits: the lock's owner may wait for this very thread to leave a member.
bool set_core::lock_for_change(std::unique_lock<std::mutex>& lock) noexcept {
    come_home();
    lock = std::unique_lock(mutex_, std::defer_lock);
    if (core::in_callback != 0) return lock.try_lock();
    lock.lock();
    return true;
}

status set_core::attach(member& joining, context& object) noexcept {
    object.get();
    joining.object.store(&object, base::release);
    const status end = object.attach_standing(joining);
    if (end != status::ok) {
        joining.object.store(nullptr, base::release);
        object.put();
    }
    return end;
}

status set_core::add(context& object, std::uint64_t token, int& place) noexcept {
    return join(object, nullptr, token, place);
}

status set_core::join(context& object, set_core* inner, std::uint64_t token, int& place) noexcept {
    const core::callbacks_later no_callbacks;
    std::unique_lock<std::mutex> lock;
    if (!lock_for_change(lock)) return status::deadlock;
    member* const joining = take_place(token);
    if (joining == nullptr) return status::no_memory;
    joining->kind = inner != nullptr ? member_kind::set : member_kind::object;
    joining->inner = inner;
    if (const status end = attach(*joining, object); end != status::ok) {
        give_back_place(*joining);
        return end;
    }
    joining->open();
    joined_.fetch_add(1, base::acq_rel); // ALL_MEMBERS
    place = static_cast<int>(joining->index);
    members_.fetch_add(1, base::relaxed);
    look_again(*joining); // WATCH, standing: after the attachment
    return status::ok;
}

// Whether `wanted` stands in this set, at whatever depth. Under the lock of all nesting, as all that follows here.
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
    const core::callbacks_later no_callbacks;
    const std::lock_guard nesting(nesting_mutex);
    if (inner.reaches(*this, ++last_visit)) return status::invalid;
    if (!inner.has_room_above(*this, ++last_visit)) return status::too_deep;
    if (!note_nesting(inner)) return status::no_memory;
    status end = inner.begin_to_stand_in_another();
    if (end == status::ok) {
        end = join(inner.bell(), &inner, token, place);
        if (end != status::ok) inner.end_to_stand_in_another();
    }
    if (end != status::ok) forget_nesting(inner);
    return end;
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

// One lock decides between a set that comes to stand in another and its first descriptor: not both.
status set_core::begin_to_stand_in_another() noexcept {
    const std::lock_guard guard(mutex_);
    if (descriptor_members_ > 0) return status::invalid;
    ++stands_in_;
    get();
    watch_for_ever();
    return status::ok;
}

void set_core::end_to_stand_in_another() noexcept {
    {
        const std::lock_guard guard(mutex_);
        --stands_in_;
    }
    put();
}

status set_core::remove(int place) noexcept {
    const core::callbacks_later no_callbacks;
    std::unique_lock<std::mutex> lock;
    if (!lock_for_change(lock)) return status::deadlock;
    member* const leaving = place < 0 ? nullptr : find_member(static_cast<std::uint32_t>(place));
    const bool known = leaving != nullptr && static_cast<std::uint32_t>(place) < touched_;
    if (!known || leaving->kind == member_kind::free) return status::invalid;
    if (!leaving->shut()) return status::deadlock;
    set_core* const inner = leaving->inner;
    context* const object = leaving->object.load(base::relaxed);
    if (leaving->kind == member_kind::descriptor) {
        remove_descriptor(*leaving);
    } else if (object->detach_standing(*leaving) == status::deadlock) {
        leaving->open();
        look_again(*leaving);
        return status::deadlock;
    }
    leaving->object.store(nullptr, base::release);
    settle(*leaving);
    const bool awaited = leaving->awaited.load(base::acquire) != 0; // ALL_SLEEP: perhaps all others are ready
    give_back_place(*leaving);
    members_.fetch_sub(1, base::relaxed);
    lock.unlock();
    if (awaited) wake_those_for_all();
    if (object != nullptr) object->put();
    if (inner != nullptr) {
        const std::lock_guard nesting(nesting_mutex);
        forget_nesting(*inner);
        inner->end_to_stand_in_another();
    }
    return status::ok;
}

} // namespace efd::watch
