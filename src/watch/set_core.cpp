// SPDX-License-Identifier: MIT
// watch/set_core.cpp: see set_core.hpp. The life of a set, and how its members come and go.
#include "watch/set_core.hpp"

#include <efd/detail/base/check.hpp>

#include "core/deferred.hpp"
#include "os/futex.hpp"
#include "os/memory.hpp"
#include "os/process.hpp"

#include <new>
#include <pthread.h>

namespace efd::watch {

using base::status;
using core::context;

namespace {

// Sets that have ended and will be used again; late signallers may still touch them. Never destroyed, as the table of
// contexts.
constinit os::fork_lock free_mutex;
set_core* free_cores = nullptr;

// free_places_, a word: an index plus 1, and a stamp that each change moves.
constexpr std::uint32_t place_in(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }
constexpr std::uint64_t next_stamp(std::uint64_t word) noexcept { return ((word >> 32) + 1) << 32; }
static_assert(place_in(next_stamp(7)) == 0 && next_stamp(next_stamp(7) | 5) == std::uint64_t{2} << 32);

// No set is made, ended or put into another while the process is copied.
// A lock that throws here ends the program. NOLINTNEXTLINE(cert-err58-cpp)
[[maybe_unused]] const int fork_handlers = ::pthread_atfork(
    [] {
        nesting_mutex.before_fork();
        free_mutex.before_fork();
    },
    [] {
        free_mutex.after_fork();
        nesting_mutex.after_fork();
    },
    [] {
        free_mutex.after_fork_in_child();
        nesting_mutex.after_fork_in_child();
    });

} // namespace

// Null: out of memory.
set_core* set_core::take_memory() noexcept {
    {
        const std::lock_guard guard(free_mutex);
        if (set_core* const core = free_cores; core != nullptr) {
            free_cores = core->next_free_;
            return core;
        }
    }
    auto* const core = new (std::nothrow) set_core; // from the heap, so that leak checkers see what it holds
    if (core == nullptr) return nullptr;
    if (!core->ready_.make()) {
        delete core;
        return nullptr;
    }
    core->note_made();
    core->process_word = os::process_word();
    return core;
}

void set_core::give_memory_back() noexcept {
    const std::lock_guard guard(free_mutex);
    next_free_ = free_cores;
    free_cores = this;
}

// The reference to the bed is the set's from now on. False: out of memory; both are given back.
bool set_core::begin(set_core* fresh, context* bed) noexcept {
    context* const bell = fresh != nullptr && bed != nullptr ? context::create(0, 0) : nullptr;
    if (bell == nullptr) {
        if (bed != nullptr) bed->put();
        if (fresh != nullptr) fresh->give_memory_back();
        return false;
    }
    fresh->bell_.store(bell, base::release);                    // SET_BELL, birth: pairs with bell()
    fresh->bed_.store(bed, base::release);                      // SET_BELL, birth: pairs with the look at bed_
    fresh->right_in.store(os::process_number(), base::release); // FORK, made
    fresh->refs_.init();
    return true;
}

set_core* set_core::create() noexcept {
    set_core* const core = take_memory();
    return begin(core, context::create(0, 0)) ? core : nullptr;
}

void set_core::put() noexcept {
    const core::kref::put_result result = refs_.put();
    EFD_CHECK(result != core::kref::put_result::too_many);
    if (result != core::kref::put_result::last) return;
    interested_.store(0, base::relaxed);
    forget_places();
    if (is_of_arena()) end_bell();
    close_epolls();
    stands_in_.store(0, base::relaxed);
    bed_.exchange(nullptr, base::acq_rel)->put();  // SET_BELL
    bell_.exchange(nullptr, base::acq_rel)->put(); // SET_BELL
    if (is_of_arena()) end_arena_half();
    give_memory_back();
}

// Inside a callback another thread may be busy with a member: the member leaves once the callback has returned, and the
// set ends then.
void set_core::end() noexcept {
    repair_in_child(); // a child's set of an arena is its parent's, also without a member
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) (void)leave(index);
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

// As many segments as a huge page has room for. Those that another thread has made stay.
bool set_core::make_dense_segments(std::uint32_t number) noexcept {
    constexpr std::uint32_t together = os::huge_page / (segment_places * sizeof(member));
    static_assert(os::huge_page % (segment_places * sizeof(member)) == 0 && segments % together == 0);
    const std::uint32_t first = number / together * together;
    auto* const made = first == 0 ? nullptr : static_cast<member*>(os::map_zeroed_huge(os::huge_page));
    if (made == nullptr) return false;
    for (std::uint32_t i = 0; i < together; ++i) {
        member* none = nullptr;
        // Pairs with find_member().
        (void)segment_[first + i].compare_exchange_strong(none, made + std::size_t{i} * segment_places, base::acq_rel,
                                                          base::acquire);
    }
    return true;
}

// If another thread was first, the memory is lost; it was never touched.
bool set_core::make_segment(std::uint32_t index) noexcept {
    base::atomic<member*>& segment = segment_[index / segment_places];
    if (segment.load(base::acquire) != nullptr || make_dense_segments(index / segment_places)) return true;
    auto* const made = static_cast<member*>(os::map_zeroed(segment_places * sizeof(member)));
    member* none = nullptr;
    // Pairs with find_member().
    if (made != nullptr) (void)segment.compare_exchange_strong(none, made, base::acq_rel, base::acquire);
    return made != nullptr;
}

// As make_segment.
bool set_core::make_rest(const member& joining) noexcept {
    base::atomic<member_rest*>& rest = rest_[joining.index / segment_places];
    if (rest.load(base::acquire) != nullptr) return true;
    auto* const made = static_cast<member_rest*>(os::map_zeroed(segment_places * sizeof(member_rest)));
    member_rest* none = nullptr;
    // Pairs with rest_of().
    if (made != nullptr) (void)rest.compare_exchange_strong(none, made, base::acq_rel, base::acquire);
    return made != nullptr;
}

// PLACES. A place that was given back, or the next that never was in use. The stamp tells a first place that was taken
// and given back meanwhile from one that was first all the time.
member* set_core::claim_place() noexcept {
    std::uint64_t first = free_places_.load(base::acquire);
    while (place_in(first) != 0) {
        member& free = known_member(place_in(first) - 1);
        const std::uint64_t rest = next_stamp(first) | free.next_free.load(base::relaxed);
        if (free_places_.compare_exchange_weak(first, rest, base::acq_rel, base::acquire)) { // PLACES, pop
            EFD_CHECK(free.owner == this && free.index == place_in(first) - 1);
            return &free;
        }
    }
    std::uint32_t index = touched_.load(base::acquire);
    do {
        if (index >= ready_bitmap::most || !make_segment(index)) return nullptr;
    } while (!touched_.compare_exchange_weak(index, index + 1, base::acq_rel, base::acquire)); // PLACES, next
    member& fresh = known_member(index);
    if (fresh.owner != nullptr) return &fresh; // it was one of the set that had this memory before
    fresh.inside.store(member::shut_mark, base::relaxed);
    fresh.index = index;
    fresh.on_change = &on_member_change;
    fresh.owner = this;
    return &fresh;
}

// At the end of the set: the next one's places begin at 0 again, unless a place is still kept for a nesting to be
// forgotten.
void set_core::forget_places() noexcept {
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index)
        if (known_member(index).kind.load(base::acquire) != member_kind::free) return;
    free_places_.store(next_stamp(free_places_.load(base::relaxed)), base::relaxed);
    touched_.store(0, base::relaxed);
}

member* set_core::take_place(std::uint64_t token) noexcept {
    member* const place = claim_place();
    if (place == nullptr) return nullptr;
    on_top_change(ready_.grow(place->index + 1));
    place->token.store(token, base::release); // pairs with take_unentered()
    return place;
}

void set_core::give_back_place(member& gone) noexcept {
    EFD_CHECK(gone.owner == this && &gone == &known_member(gone.index));
    gone.inner = nullptr;
    gone.kind.store(member_kind::free, base::release); // PLACES, kind
    std::uint64_t first = free_places_.load(base::relaxed);
    do {
        gone.next_free.store(place_in(first), base::relaxed);
    } while (!free_places_.compare_exchange_weak(first, next_stamp(first) | (gone.index + 1), base::acq_rel,
                                                 base::relaxed)); // PLACES, push
}

// Inside a callback no thread waits: the lock's owner may wait for this very thread to leave a member.
bool set_core::lock_for_change(std::unique_lock<std::mutex>& lock) noexcept {
    repair_in_child();
    lock = std::unique_lock(mutex_, std::defer_lock);
    if (core::in_callback != 0) return lock.try_lock();
    lock.lock();
    return true;
}

status set_core::attach(member& joining, context& object) noexcept {
    if (object.shared()) return join_shared(joining, object);
    object.get();
    // PERMANENT, join: pairs with is_ready(), which a late notification may call
    joining.object.store(&object, base::release);
    const status result = object.attach_permanent(joining);
    if (result != status::ok) {
        joining.object.store(nullptr, base::release); // PERMANENT, join
        object.put();
    }
    return result;
}

status set_core::add(context& object, std::uint64_t token, int& place) noexcept {
    if (object.shared() && !may_have(object)) return status::not_supported;
    return join(object, nullptr, token, place);
}

status set_core::join(context& object, set_core* inner, std::uint64_t token, int& place) noexcept {
    repair_in_child();
    if (is_left_behind()) return status::stale;
    member* const joining = take_place(token);
    if (joining == nullptr) return status::no_memory;
    joining->inner = inner;
    if (inner != nullptr && !make_rest(*joining)) {
        give_back_place(*joining);
        return status::no_memory;
    }
    if (const status result = attach(*joining, object); result != status::ok) {
        give_back_place(*joining);
        return result;
    }
    // PLACES, kind: last but for the opening
    joining->kind.store(inner != nullptr ? member_kind::set : member_kind::object, base::release);
    joining->open();
    joined_.fetch_add(1, base::acq_rel); // ALL_MEMBERS
    place = static_cast<int>(joining->index);
    members_.fetch_add(1, base::relaxed);
    look_again(*joining); // WATCH, permanent: after the attachment
    return status::ok;
}

// Waits for threads that take from this member, and for no thread that is stopped elsewhere; for a descriptor also for
// a thread that adds or removes another one.
status set_core::remove(int place) noexcept {
    repair_in_child();
    if (is_left_behind()) return status::stale;
    return place < 0 ? status::invalid : leave(static_cast<std::uint32_t>(place));
}

status set_core::leave(std::uint32_t index) noexcept {
    repair_in_child();
    if (index >= touched_.load(base::acquire)) return status::invalid;
    member& leaving = known_member(index);
    const member_kind kind = leaving.kind.load(base::acquire);
    if (kind == member_kind::free || kind == member_kind::joining) return status::invalid;
    switch (leaving.shut()) {
    case shut_end::shut: break;
    case shut_end::busy: return status::deadlock;
    case shut_end::was_not_open: return status::invalid;
    }
    const bool is_descriptor = leaving.kind.load(base::acquire) == member_kind::descriptor;
    if (is_descriptor && !remove_descriptor(leaving)) {
        leaving.open();
        look_again(leaving);
        return status::deadlock;
    }
    context* const object = leaving.object.load(base::relaxed);
    const bool is_shared = object != nullptr && object->shared();
    if (is_shared)
        leave_shared(leaving, *object);
    else if (object != nullptr)
        object->detach_permanent(leaving);
    leaving.object.store(nullptr, base::release); // PERMANENT, leave
    // TAKE_UNENTERED, leave: a word that was never there before
    if (object != nullptr && leaving.inner == nullptr && !is_left_behind()) (void)object->watch();
    clear_unless_ready(leaving);
    const bool awaited =
        presence::number_in(leaving.awaited.load(base::acquire)) != 0; // ALL_SLEEP: perhaps all others are ready
    [[maybe_unused]] const std::uint32_t were = members_.fetch_sub(1, base::relaxed);
    EFD_CHECK(were > 0);
    if (leaving.inner != nullptr) {
        leave_nesting(leaving);
        forget_left_nestings();
    } else {
        give_back_place(leaving);
        if (object != nullptr && !is_left_behind()) object->unwatch_if_alone();
    }
    if (awaited) wake_those_for_all();
    if (object != nullptr) object->put();
    return status::ok;
}

} // namespace efd::watch
