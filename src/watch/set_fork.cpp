// SPDX-License-Identifier: MIT
// watch/set_fork.cpp: a set in the child of a fork.
//
// FORK. The child has a copy of everything at a moment in which other threads were in the midst of calls, and has none
// of those threads. The first call that takes, looks, adds or removes there brings the set home. Threads that were
// inside, slept or waited for all are gone; bits are set anew from the counts, as a marker may have been on its way; a
// member that was just being removed is still a member, or gone; and the epolls, which the parent goes on to use, are
// replaced behind their numbers by the child's own. Other threads of the child wait for that, which no handler
// interrupts.
//
// Not repaired: the lock of descriptors and nesting, if another thread was just adding or removing such a member. A
// place that another thread was about to take for an object is lost, and nothing else.
#include "watch/set_core.hpp"

#include "os/descriptor.hpp"
#include "os/futex.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "watch/doorbell.hpp"

namespace efd::watch {
namespace {

constexpr std::uint32_t moving_mark = 1U << 31;

base::atomic<set_core*> all_sets{nullptr};

} // namespace

// Once for each set_core, when it is made.
void set_core::note_made() noexcept {
    os::tell_forks_apart();
    next_made_ = all_sets.load(base::relaxed);
    while (!all_sets.compare_exchange_weak(next_made_, this, base::release, base::relaxed)) {
    }
}

base::status set_core::renew_all() noexcept {
    base::status first = doorbell::renew_all();
    for (set_core* set = all_sets.load(base::acquire); set != nullptr; set = set->next_made_) {
        if (!set->has_descriptors()) continue;
        set->come_home();
        const std::lock_guard guard(set->mutex_);
        if (!set->has_descriptors() || set->are_own()) continue;
        const base::status end = set->make_epolls_anew();
        if (first == base::status::ok) first = end;
    }
    return first;
}

void set_core::come_home() noexcept {
    const std::uint32_t here = os::process_number();
    const std::uint32_t seen = home.load(base::acquire);
    if (seen != here) [[unlikely]]
        move_home(seen, here);
}

[[gnu::noinline]] void set_core::move_home(std::uint32_t seen, std::uint32_t here) noexcept {
    const std::uint32_t moving = here | moving_mark;
    const os::signals_blocked no_handlers;
    while (seen != here) {
        if (seen == moving) {
            (void)os::futex_wait(&home, moving, core::forever, os::futex_scope::one_process);
            seen = home.load(base::acquire);
        } else if (home.compare_exchange_weak(seen, moving, base::acq_rel, base::acquire)) {
            repair();
            home.store(here, base::release);
            os::futex_wake_and_count(&home, os::everybody, os::futex_scope::one_process);
            return;
        }
    }
}

// A waiter of the parent may have slept on the bed, whose marks cost the next signal one call and no more.
void set_core::repair() noexcept {
    interested_.fetch_and(watched_mark, base::acq_rel);
    const std::uint32_t places = touched_.load(base::acquire);
    std::uint32_t members = 0;
    for (std::uint32_t index = 0; index < places; ++index) {
        member& one = known_member(index);
        if (one.home == nullptr) continue; // never in use
        one.inside.fetch_and(member::shut_mark, base::acq_rel);
        one.awaited.store(0, base::relaxed);
        (void)ready_.unmark_unless(index, [] { return false; });
        take_back_or_let_go(one);
        if (one.is_taken()) ++members;
    }
    members_.store(members, base::relaxed);
    if (has_descriptors() && !renew_epolls()) close_epolls();
    ready_.hide_top(has_descriptors());
    for (std::uint32_t index = 0; index < places; ++index) {
        const member& one = known_member(index);
        if (one.inner != nullptr) one.inner->come_home();
        if (!is_ready(one)) continue;
        ready_.mark(index);
        changed(top_change::marked);
    }
    follow(ready_.anything_in_order() ? top_change::marked : top_change::emptied);
}

// Another thread, which is not in this process, was about to add or remove this one. As long as it has an object it is
// a member; after that it has left.
void set_core::take_back_or_let_go(member& one) noexcept {
    const member_kind kind = one.kind.load(base::acquire);
    if (one.is_open() || (kind != member_kind::object && kind != member_kind::set)) return;
    if (core::context* const object = one.object.load(base::acquire); object != nullptr) {
        object->detach_standing(one);
        (void)object->attach_standing(one);
        one.open();
    } else if (kind == member_kind::object) {
        give_back_place(one);
    }
}

// A number that the program closed before, and that now names a file of the same identity, is registered as that
// member; only the parent's epoll can tell the two apart.
bool set_core::renew_epolls() noexcept {
    const int outer = epoll_.load(base::relaxed);
    const int inner = inner_epoll_.load(base::relaxed);
    doorbell::come_home(bell());
    if (!are_own()) return make_epolls_anew() == base::status::ok;
    if (!os::replace_epoll(inner) || !os::replace_epoll(outer)) return false;
    if (os::epoll_add(outer, doorbell::number_of(bell()), core::poll_in, 0) != 0) return false;
    if (os::epoll_add(outer, inner, core::poll_in, 0) != 0) return false;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) register_again(known_member(index), inner);
    return true;
}

} // namespace efd::watch
