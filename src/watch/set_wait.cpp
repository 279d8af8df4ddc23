// SPDX-License-Identifier: MIT
// watch/set_wait.cpp: the waiting half of a set: mark, find, take, sleep.
//
// SET_SLEEP, drawn in docs/races.md: a marker signals only if a waiter is interested; a waiter states its interest,
// looks at the top by a step that also writes, and then sleeps on the bed. A try looks at several words in turn, and a
// member may become ready behind it, under a top that is not empty. So a try that found nothing allows sleep only if
// its last look was at an empty top. All of this may run in signal handlers, except waits with a stop token.
#include "watch/set_core.hpp"

#include <efd/detail/base/check.hpp>

#include "core/deferred.hpp"
#include "core/shared_slots.hpp"
#include "core/trace.hpp"
#include "os/clock.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <iterator>

namespace efd::watch {

using base::status;
using core::context;

namespace {

constexpr std::uint32_t vain_turns_most = 4096; // beside shared memory, and more than there are members

// The count and all marks are in this word, and a removal changes it.
constexpr bool can_take_whole(core::state_word word) noexcept {
    return !core::is_sealed(word) && !core::is_reserved(word) && core::is_watched(word) && core::packed_count(word) > 0;
}
static_assert(can_take_whole(core::one_unit | core::watched_mark) && !can_take_whole(core::watched_mark));
static_assert(!can_take_whole(core::one_unit | core::watched_mark | core::reserved_mark));

} // namespace

void set_core::on_member_change(core::permanent_watcher& watcher, std::uint32_t key) noexcept {
    auto& one = static_cast<member&>(watcher);
    EFD_CHECK(one.owner != nullptr && one.index < ready_bitmap::most);
    const bool is_add = (key & core::poll_in) != 0;
    if (is_add) one.owner->ready_.mark(one.index);                                                  // SET_MARK
    if (presence::number_in(one.awaited.load(base::acquire)) != 0) one.owner->wake_those_for_all(); // ALL_SLEEP
    if (is_add) {
        one.owner->on_top_change(top_change::marked);
        if (is_ready(one)) return; // SET_MARK: this look comes after the mark
    }
    one.owner->clear_unless_ready(one); // the read that notifies took it meanwhile, or the member left
}

// SET_MARK: the bit is cleared only in a word in which no thread has marked since the count was seen zero. So a thread
// that is stopped here, or comes late, clears no mark that a later write has made.
void set_core::clear_unless_ready(member& one) noexcept {
    on_top_change(ready_.unmark_unless(one.index, [&one] { return is_ready(one); }));
}

// The member was marked, but could not be entered: its bit is cleared unless the place is open. A thread that opens the
// place looks after that.
void set_core::skip_closed_member(member& one) noexcept {
    on_top_change(ready_.unmark_unless(one.index, [&one] { return one.is_open(); })); // SET_MARK, shut
}

// The place is open now: a mark that was made before may have been cleared.
void set_core::look_again(member& one) noexcept {
    if (!is_ready(one)) return;
    ready_.mark(one.index);
    on_top_change(top_change::marked);
    clear_unless_ready(one); // SET_MARK
}

void set_core::on_top_change(top_change change) noexcept {
    if (change == top_change::none) return;
    if ((interested_.load(base::acquire) & ~presence::generation_mask) != 0) sync_set_count(change); // SET_SLEEP
}

void set_core::sets_to_sync::add(set_core& set, top_change change) noexcept {
    for (std::size_t i = 0; i < number_; ++i) {
        if (waiting_[i].set != &set) continue;
        if (change == top_change::marked) waiting_[i].change = change; // looks at the top as well
        return;
    }
    if (number_ == std::size(waiting_)) return set.sync_set_count(change); // sets have moved meanwhile
    waiting_[number_++] = {&set, change};
}

set_core* set_core::sets_to_sync::next(top_change& change) noexcept {
    if (number_ == 0) return nullptr;
    const one first = waiting_[0];
    std::move(waiting_ + 1, waiting_ + number_, waiting_);
    --number_;
    change = first.change;
    return first.set;
}

// The top has changed: wakes a sleeper, and updates the bell and all sets above. One set after the other, from a list,
// so the stack does not grow with the depth.
[[gnu::noinline]] void set_core::sync_set_count(top_change change) noexcept {
    sets_to_sync all;
    for (set_core* set = this; set != nullptr; set = all.next(change)) set->propagate_top(change, all);
}

// SET_BELL: a marker may come after the set has ended. With a reference, and if the context is still the set's own, it
// is not another object that was born in the same slot.
void set_core::propagate_top(top_change change, sets_to_sync& all) noexcept {
    const std::uint32_t interest = interested_.load(base::acquire);
    if (change == top_change::marked && presence::number_in(interest) != 0) wake_sleeper();
    if ((interest & bell_watched_mark) == 0) return;
    context* const bell = bell_.load(base::acquire);
    if (bell == nullptr || !bell->get_unless_zero()) return;
    if (bell_.load(base::acquire) == bell) {
        if (change == top_change::marked) bell->signal_without_notify();
        if (change == top_change::emptied || !ready_.anything_ordered()) drain_bell(*bell);
        core::each_permanent(bell->watcher_word(), [&all](core::permanent_watcher& one) { on_inner_change(one, all); });
    }
    bell->put();
}

void set_core::wake_sleeper() noexcept {
    context* const bed = bed_.load(base::acquire);
    if (bed == nullptr) return;
    if (bed->shared()) return wake_in_arena(*bed);
    if (!bed->get_unless_zero()) return;
    if (bed_.load(base::acquire) == bed) (void)bed->signal_deferred();
    bed->put();
}

// SET_TOP: the bell's word is read first, then the top; only the word that was read is drained. A marker that comes
// after the look at the top changes the word, or comes after the drain.
void set_core::drain_bell(context& bell) noexcept {
    for (;;) {
        const core::state_word word = bell.look();
        if (core::packed_count(word) == 0 || anything() || bell.drain_without_notify(word)) return;
    }
}

// A member that is a set: its object is that set's bell.
void set_core::on_inner_change(core::permanent_watcher& watcher, sets_to_sync& all) noexcept {
    auto& outer = static_cast<member&>(watcher);
    if (is_ready(outer)) {
        outer.owner->ready_.mark(outer.index);
        all.add(*outer.owner, top_change::marked);
    }
    const top_change change = outer.owner->ready_.unmark_unless(outer.index, [&outer] { return is_ready(outer); });
    if (change != top_change::none) all.add(*outer.owner, change);
}

// From now on the bell is kept true for outside watchers.
void set_core::watch_for_ever() noexcept {
    // SET_TOP, watch: the look at the top comes after this step
    if ((interested_.fetch_or(bell_watched_mark, base::acq_rel) & bell_watched_mark) != 0) return;
    sync_set_count(ready_.anything_ordered() ? top_change::marked : top_change::emptied);
}

std::uint32_t set_core::find(std::uint32_t start) noexcept {
    const found_member found = ready_.find(start);
    on_top_change(found.change);
    return found.index;
}

// TAKE_UNENTERED, drawn in docs/races.md: the object's word is read before the look that says that it stands here, and
// the take compares it. A removal leaves a word that was never there before, so a take that succeeds came before the
// removal returned. Kind and token are read after that look, so they belong to the membership whose word was read.
// False: not taken; the caller enters.
bool set_core::take_unentered(member& one, set_event& got) noexcept {
    context* const object = one.object.load(base::acquire);
    if (object == nullptr) return false;
    const core::state_word word = object->look(); // TAKE_UNENTERED, word
    if (!can_take_whole(word) || object->takes_one()) return false;
    if (one.object.load(base::acquire) != object) return false; // TAKE_UNENTERED, look
    if (one.kind.load(base::acquire) != member_kind::object) return false;
    const std::uint64_t token = one.token.load(base::acquire);
    base::order_release(object);
    if (!object->drain_without_notify(word)) return false; // TAKE_UNENTERED, take
    base::order_acquire(object);
    if (core::is_traced()) core::trace::took(*object, core::packed_count(word));
    object->notify(core::poll_out);
    got = {token, core::packed_count(word), core::poll_in, token};
    return true;
}

// The same for a look: the token is read between two looks at the word, and no removal or joining comes between two
// that are alike.
bool set_core::look_unentered(const member& one, set_event& got) const noexcept {
    const context* const object = one.object.load(base::acquire);
    if (object == nullptr) return false;
    const core::state_word word = object->look(); // LOOK_UNENTERED, word
    if (!can_take_whole(word)) return false;
    if (one.object.load(base::acquire) != object) return false; // LOOK_UNENTERED, look
    if (one.kind.load(base::acquire) != member_kind::object) return false;
    const std::uint64_t token = one.token.load(base::acquire);
    if (object->look() != word) return false; // LOOK_UNENTERED, again
    got = {token, 0, core::poll_in, token};
    return true;
}

// The caller is inside the member.
status set_core::take_from(member& one, set_event& got) noexcept {
    if (one.inner != nullptr) {
        const status result = one.inner->take_ready(got);
        if (result == status::ok) got.token = one.token.load(base::relaxed); // and the origin stays
        return result;
    }
    context* const object = one.object.load(base::relaxed);
    if (object == nullptr) return status::would_block; // a descriptor; the mark is of the object that stood here before
    std::uint64_t value = 0;
    const status result = object->try_read(value);
    EFD_CHECK(result != status::ok || value > 0);
    if (result == status::ok) got = one.event(value, core::poll_in);
    return result;
}

// would_block also for a member that left.
[[gnu::noinline]] status set_core::take_entered(member& one, set_event& got) noexcept {
    std::uint32_t visit = 0;
    if (!one.enter(visit)) {
        skip_closed_member(one);
        return status::would_block;
    }
    const status result = take_from(one, got);
    // The take has notified the member of an object, but not of an object of an arena.
    if (result == status::would_block || is_of_arena()) clear_unless_ready(one);
    one.exit(visit);
    return result;
}

status set_core::take_ready(set_event& got, std::int64_t deadline_ns) noexcept {
    repair_in_child();
    return is_of_arena() ? after_try(take_from_arena(got, deadline_ns)) : take_noted(got);
}

status set_core::take_noted(set_event& got) noexcept {
    std::uint32_t turns = 0;
    const bool with_kernel = has_kernel_members();
    if (with_kernel && kernel_is_next() && take_descriptor(got) == status::ok) return status::ok;
    std::uint32_t at = cursor_.load(base::relaxed);
    for (;;) {
        const std::uint32_t found = find(at);
        if (found == ready_bitmap::nobody) break;
        member& one = known_member(found);
        at = found + 1;
        if (take_unentered(one, got)) {
            if (is_of_arena()) clear_unless_ready(one); // the take has notified no member that is of the arena
            cursor_.store(at, base::relaxed);
            return status::ok;
        }
        const status result = take_entered(one, got);
        if (result == status::would_block) {
            if (is_of_arena() && ++turns > touched_.load(base::relaxed) + vain_turns_most)
                return status::damaged; // a count that a peer changes for ever
            continue;
        }
        cursor_.store(at, base::relaxed);
        return result;
    }
    drain_stale_bell();
    return with_kernel ? take_descriptor(got) : status::would_block;
}

// The bell says ready, and the set is not: another thread has yet to drain it, or a signal rang for units that are
// gone.
void set_core::drain_stale_bell() noexcept {
    if (interested_.load(base::relaxed) >= bell_watched_mark && bell().count() > 0 && !ready_.anything())
        sync_set_count(top_change::emptied);
}

status set_core::look_ready(std::span<set_event> room, std::size_t& number, std::int64_t deadline_ns) noexcept {
    repair_in_child();
    number = 0;
    return is_of_arena() ? after_try(look_in_arena(room, number, deadline_ns)) : look_at_noted(room, number);
}

status set_core::look_at_noted(std::span<set_event> room, std::size_t& number) noexcept {
    const bool with_kernel = has_kernel_members();
    number = with_kernel && kernel_is_next() ? look_descriptors(room) : 0;
    const std::size_t of_kernel = number;
    const std::uint32_t start = cursor_.load(base::relaxed);
    std::uint32_t at = start;
    bool wrapped = false;
    while (number < room.size()) {
        const std::uint32_t found = find(at);
        if (found == ready_bitmap::nobody) break;
        if (found < at) {
            if (wrapped) break;
            wrapped = true;
        }
        if (wrapped && found >= start) break;
        at = found + 1;
        member& one = known_member(found);
        if (look_unentered(one, room[number])) {
            ++number;
            continue;
        }
        std::uint32_t visit = 0;
        if (!one.enter(visit)) {
            skip_closed_member(one);
            continue;
        }
        if (is_ready(one)) // a descriptor is not: its mark is of the object that stood here before
            room[number++] = one.event(0, core::poll_in);
        else
            clear_unless_ready(one);
        one.exit(visit);
    }
    if (number > of_kernel) cursor_.store(at, base::relaxed);
    if (number == of_kernel) drain_stale_bell();
    if (with_kernel && of_kernel == 0 && number < room.size()) number += look_descriptors(room.subspan(number));
    return number > 0 ? status::ok : status::would_block;
}

// One wait loop for all ways to wait. The signal that ended a sleep is used up, while other members may be ready for
// other waiters: it is passed on (BATON).
template <class TryOnce>
status set_core::wait_with(const core::wait_opts& opts, TryOnce try_once) noexcept {
    core::callbacks_later no_callbacks; // none runs in the midst of a take. It ends last, as a callback may end the set
    const status at_once = try_once();
    if (at_once != status::would_block || opts.blocking == core::blocking::never) return at_once;
    if (core::in_callback != 0)
        return opts.deadline_ns != core::forever && os::now_ns() >= opts.deadline_ns ? status::timed_out
                                                                                     : status::deadlock;
    std::uint32_t process = os::process_number();
    std::uint32_t found = interested_.fetch_add(1, base::acq_rel); // SET_SLEEP
    core::looks looks = looks_of_sleeper();
    bool is_first = true;
    status result = status::would_block;
    while (result == status::would_block) {
        reregister_after_fork(process, found);
        if (is_left_behind()) {
            result = status::stale;
            break;
        }
        begin_interest_in_arena(is_first);
        is_first = false;
        std::uint32_t rounds = 0;
        while (result == status::would_block && anything_ordered()) { // SET_SLEEP, look
            result = try_once();
            if (result == status::would_block && is_of_arena()) result = after_vain_round(rounds++, opts);
        }
        if (result != status::would_block) break;
        no_callbacks.end();
        const status slept = sleep(opts, looks);
        no_callbacks.begin();
        if (slept == status::interrupted) {
            result = slept;
            break;
        }
        result = try_once();
        if (anything()) wake_sleeper(); // BATON
        if (result != status::would_block) break;
        if (slept != status::ok)
            result = slept;
        else if (opts.deadline_ns != core::forever && os::now_ns() >= opts.deadline_ns)
            result = status::timed_out; // also where the sleep always ends at once
    }
    presence::leave(interested_, found);
    end_interest_in_arena();
    return result;
}

// FORK. A signal handler may have forked, and have returned in the child: there the repair counts no waiter, and has
// left a unit on the bed for this one. The number of the process was read before this waiter was counted.
void set_core::reregister_after_fork(std::uint32_t& process, std::uint32_t& found) noexcept {
    const std::uint32_t current = os::process_number();
    if (process == current) [[likely]]
        return;
    process = current;
    repair_in_child();
    if (!presence::is_same_generation(interested_.load(base::acquire), found))
        found = interested_.fetch_add(1, base::acq_rel);
}

// LOOK: a waiter of an arena's set wakes by itself, in case a peer was killed before its mark or its wake.
status set_core::sleep(const core::wait_opts& opts, core::looks& looks) noexcept {
    std::uint64_t signals = 0;
    const std::int64_t until_ns =
        looks.any() ? std::min(opts.deadline_ns, looks.after(os::now_ns())) : opts.deadline_ns;
    const core::wait_opts until{until_ns, opts.stop, core::blocking::always};
    const status slept = has_kernel_members() ? sleep_in_kernel(until) : bed().read(signals, until);
    if (slept != status::timed_out || until_ns == opts.deadline_ns) return slept;
    look_for_dead();
    return status::ok;
}

status set_core::try_any(set_event& got) noexcept {
    const core::callbacks_later no_callbacks;
    return take_ready(got);
}

status set_core::wait_any(set_event& got, const core::wait_opts& opts) noexcept {
    return wait_with(opts, [&] { return take_ready(got, opts.deadline_ns); });
}

status set_core::wait_ready(std::span<set_event> room, std::size_t& number, const core::wait_opts& opts) noexcept {
    if (room.empty()) return status::invalid;
    return wait_with(opts, [&] { return look_ready(room, number, opts.deadline_ns); });
}

} // namespace efd::watch
