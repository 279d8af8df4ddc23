// SPDX-License-Identifier: MIT
// watch/set_fork.cpp: a set in the child of a fork.
//
// FORK (core/fork_repair.hpp). The first call of the child that takes, looks, adds or removes repairs the set. Threads
// that were inside, slept or waited for all do not exist there. Bits are set anew from the counts, since a marker may
// have been stopped half-way. A member that was just being removed stays a member, or is removed. The epolls are the
// parent's, so the child's own take their numbers. Other threads of the child wait for the repair, which no handler
// interrupts.
//
// The thread that forked may be in the midst of a wait, if a signal handler forked: presence.hpp. The lock of
// descriptors and nesting is made anew if another thread held it. A place that another thread was about to take for an
// object is lost, and nothing else.
#include "watch/set_core.hpp"

#include "core/fork_repair.hpp"
#include "os/epoll.hpp"
#include "os/futex.hpp"
#include "os/process.hpp"
#include "watch/doorbell.hpp"

#include <new>

namespace efd::watch {
namespace {

base::atomic<set_core*> all_sets{nullptr};

} // namespace

// Once for each set_core, when it is made.
void set_core::note_made() noexcept {
    os::tell_forks_apart();
    next_made_ = all_sets.load(base::relaxed);
    while (!all_sets.compare_exchange_weak(next_made_, this, base::release, base::relaxed)) { // pairs with renew_all()
    }
}

base::status set_core::renew_all() noexcept {
    base::status first = doorbell::renew_all();
    for (set_core* set = all_sets.load(base::acquire); set != nullptr; set = set->next_made_) {
        if (!set->has_descriptors()) continue;
        set->repair_in_child();
        const std::lock_guard guard(set->mutex_);
        if (!set->has_descriptors() || set->are_own()) continue;
        const base::status result = set->make_epolls_anew();
        if (first == base::status::ok) first = result;
    }
    return first;
}

void set_core::repair_in_child() noexcept {
    core::repair_in_child(right_in, [this](std::uint32_t /*former*/) { repair(); });
}

// A waiter of the parent may have slept on the bed, whose marks cost the next signal one call and no more.
void set_core::repair() noexcept {
    forget_threads();
    const std::uint32_t places = touched_.load(base::acquire);
    std::uint32_t members = 0;
    std::uint32_t descriptors = 0;
    for (std::uint32_t index = 0; index < places; ++index) {
        member& one = known_member(index);
        if (one.owner == nullptr) continue; // never in use
        (void)ready_.unmark_unless(index, [] { return false; });
        take_back_or_let_go(one);
        if (!one.is_taken()) continue;
        ++members;
        if (one.kind.load(base::acquire) == member_kind::descriptor) ++descriptors;
    }
    members_.store(members, base::relaxed);
    descriptor_members_.store(descriptors, base::release); // pairs with has_kernel_members()
    if (is_of_arena()) return leave_behind();
    renew_lock();
    if (has_descriptors() && !renew_epolls()) close_epolls();
    ready_.hide_top(has_descriptors());
    for (std::uint32_t index = 0; index < places; ++index) {
        const member& one = known_member(index);
        if (one.inner != nullptr) one.inner->repair_in_child();
        if (!is_ready(one)) continue;
        ready_.mark(index);
        on_top_change(top_change::marked);
    }
    sync_set_count(ready_.anything_ordered() ? top_change::marked : top_change::emptied);
}

// One thread may be here after all: this one, in a signal handler that forked. When it is back in its wait it must not
// sleep on: it finds a unit on the bed, or the gate moved.
void set_core::forget_threads() noexcept {
    if (presence::forget_all(interested_) > 0) wake_sleeper();
    bool is_awaited = false;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) {
        member& one = known_member(index);
        if (one.owner == nullptr) continue;
        (void)presence::forget_all(one.inside);
        if (presence::forget_all(one.awaited) > 0) is_awaited = true;
    }
    if (is_awaited) wake_those_for_all();
}

// Every thread of the child repairs the set before it takes the lock. So if it is taken now, its owner is not in this
// process, and has left half changed what the lock guards.
void set_core::renew_lock() noexcept {
    if (mutex_.try_lock()) {
        mutex_.unlock();
        bearer_of_.clear(); // some may have left by the repair
    } else {
        ::new (static_cast<void*>(&mutex_)) std::mutex;
        ::new (static_cast<void*>(&bearer_of_)) std::vector<std::uint32_t>; // the memory of the old one is lost
    }
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) {
        const member& one = known_member(index);
        if (one.kind.load(base::acquire) != member_kind::descriptor) continue;
        if (const std::int32_t descriptor = rest_of(one).descriptor; descriptor >= 0)
            (void)note_number(descriptor, one);
    }
}

// Another thread, which is not in this process, was about to add or remove this one. As long as it has an object it is
// a member; after that it has left. A descriptor that was about to join or leave is none.
void set_core::take_back_or_let_go(member& one) noexcept {
    const member_kind kind = one.kind.load(base::acquire);
    if (kind == member_kind::joining || (kind == member_kind::descriptor && !one.is_open())) {
        one.inside.fetch_or(member::shut_mark, base::acq_rel); // MEMBER_SHUT, shut
        return give_back_place(one);
    }
    if (one.is_open() || (kind != member_kind::object && kind != member_kind::set)) return;
    if (core::context* const object = one.object.load(base::acquire); object != nullptr) {
        if (!object->shared()) { // an object of an arena has cells where others have watchers
            object->detach_permanent(one);
            (void)object->attach_permanent(one);
        }
        one.open();
    } else if (kind == member_kind::object) {
        give_back_place(one);
    }
}

// A number that the program closed before, and that now names a file of the same identity, is registered as that
// member; only the parent's epoll can distinguish the two.
bool set_core::renew_epolls() noexcept {
    const int outer = epoll_.load(base::relaxed);
    const int inner = inner_epoll_.load(base::relaxed);
    doorbell::repair_in_child(bell());
    if (!are_own()) return make_epolls_anew() == base::status::ok;
    if (!os::replace_epoll(inner) || !os::replace_epoll(outer)) return false;
    if (os::epoll_add(outer, doorbell::number_of(bell()), core::poll_in, 0) != 0) return false;
    if (os::epoll_add(outer, inner, core::poll_in, 0) != 0) return false;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) register_again(known_member(index), inner);
    return true;
}

} // namespace efd::watch
