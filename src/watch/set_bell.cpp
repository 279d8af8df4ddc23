// SPDX-License-Identifier: MIT
// watch/set_bell.cpp: the bell of a set of an arena, which makes its descriptor readable when a peer signals a member.
//
// The descriptor is the set's outer epoll. It watches three things: the doorbell of the private half, for members that
// are known to be ready and for signals by this process's own threads; the descriptors among the members; and the read
// end of a pipe that peers ring (core/set_bells.hpp). A try that found nothing empties the pipe, arms the set, and
// looks once more. If a try leaves ready members and the pipe has no byte for them, it rings the doorbell.
//
// SHARED_BELL, drawn in docs/races.md. The pipe hangs up when the last process that has rung it is gone. This process
// has a write end of its own until the first byte has come, since a pipe without one hangs up at once, and opens one
// again when it has seen the hang-up, or makes a new pipe: so epoll reports the hang-up once. prepare, publish and end
// run under the set's lock; all else in any thread, also in signal handlers.
#include "watch/set_core.hpp"

#include "os/bell_pipe.hpp"
#include "os/clock.hpp"
#include "os/epoll.hpp"
#include "os/errno.hpp"
#include "os/proc_fd.hpp"
#include "os/process.hpp"
#include "watch/arena_half.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace efd::watch {

using base::status;
using core::context;

// ---- Birth and end.

bool set_core::has_own_bell() const noexcept {
    if (!is_of_arena()) return true;
    const core::set_bell& bell = arena_->bell();
    return os::is_bell(bell.read_end.get(), bell.inode.load(base::relaxed));
}

// Makes a pipe, unless the set has one. No other process knows of it yet. Without /proc none could find it.
status set_core::prepare_bell() noexcept {
    if (has_own_bell()) return status::ok;
    if (!is_owned()) return status::stale;
    const std::uint32_t pid = os::pid_in_proc();
    if (pid == 0) return status::not_supported;
    os::bell_ends made;
    if (const int error = os::make_bell(made); error < 0) return os::status_of(error);
    arena_->pid.store(pid, base::relaxed);
    take_bell(made);
    return status::ok;
}

// In place of a former pipe, if there is one: the program may have closed its numbers.
void set_core::take_bell(const os::bell_ends& made) noexcept {
    core::set_bell& bell = arena_->bell();
    const std::uint64_t former = bell.inode.load(base::relaxed);
    os::close_bell_end(bell.read_end.swap_in(made.read_end), former);
    os::close_bell_end(bell.write_end.swap_in(made.write_end), former);
    bell.inode.store(made.inode, base::relaxed);
    arena_->is_deaf.store(0, base::relaxed);
}

// The look at the end finds signals that came before the arming.
void set_core::publish_bell() noexcept {
    if (!is_of_arena()) return;
    core::set_bell& bell = arena_->bell();
    core::set_entry& entry = arena_->entry();
    on_own_signal = [](core::own_bell& own) noexcept { static_cast<set_core&>(own).ring_own_bell(); };
    bell.own_since.store(os::process_number(), base::relaxed);
    bell.own.store(this, base::release); // pairs with ring_if_armed()
    // No bell, while bell_inode changes.
    entry.bell_at.store(0, base::release);                                 // pairs with ring()
    entry.bell_inode.store(bell.inode.load(base::relaxed), base::release); // pairs with ring()
    entry.bell_at.store(core::bell_at(arena_->pid.load(base::relaxed), bell.read_end.get()),
                        base::release);          // pairs with ring()
    arena_->has_bell.store(true, base::release); // pairs with after_try()
    core::mark_word(entry.armed, 0);             // SHARED_BELL, arm
    if (anything_ordered()) ring_own_bell();
}

void set_core::end_bell() noexcept {
    core::own_bell* const owner = arena_->bell().own.load(base::acquire);
    if (is_left_behind() || (owner != nullptr && owner != this)) return;   // now the bell of a later set
    if (arena_->is_own()) arena_->entry().bell_at.store(0, base::release); // pairs with ring()
    arena_->bell().close_ends();
}

// ---- Rung and silent.

// SET_BELL, as propagate_top: the set may have ended.
void set_core::ring_own_bell() noexcept {
    if ((interested_.load(base::acquire) & bell_watched_mark) == 0) return;
    context* const bell = bell_.load(base::acquire);
    if (bell == nullptr || !bell->get_unless_zero()) return;
    if (bell_.load(base::acquire) == bell) bell->signal_without_notify();
    bell->put();
}

// After each try. A try that took or looked may leave ready members for which no byte has come.
status set_core::after_try(status result) noexcept {
    if (!arena_->has_bell.load(base::acquire)) return result;
    if (result == status::would_block)
        silence_bell();
    else if (result == status::ok && core::bits_of(arena_->entry().armed.load(base::acquire)) != 0 && anything())
        ring_own_bell();
    return result;
}

// SHARED_BELL. The second look finds what was marked between the first look and the arming.
void set_core::silence_bell() noexcept {
    if (!has_own_bell()) return;
    const os::bell_found found = os::empty_bell(arena_->bell().read_end.get()); // SHARED_BELL, empty
    core::mark_word(arena_->entry().armed, 0);                                  // SHARED_BELL, arm
    if (found.was_rung) arena_->bell().write_end.close_end(arena_->bell().inode.load(base::relaxed));
    if (found.has_hung_up || arena_->is_deaf.load(base::relaxed) != 0) end_hang_up();
    const std::int64_t between_ns = arena_->claim.slots->first_look_ns > 0 ? arena_->claim.slots->last_look_ns : 0;
    if (const std::int64_t now_ns = os::now_ns();
        between_ns > 0 && now_ns >= arena_->next_search_ns.load(base::relaxed)) {
        arena_->next_search_ns.store(now_ns + between_ns, base::relaxed);
        look_for_dead();
    }
    if (anything_ordered()) ring_own_bell(); // SHARED_BELL, second look
}

// The last process that had rung is gone; it may have been killed between its add and its mark. If no descriptor is
// free for a new write end, the pipe leaves the epoll until one is.
void set_core::end_hang_up() noexcept {
    core::set_bell& bell = arena_->bell();
    const int read_end = bell.read_end.get();
    const std::uint64_t inode = bell.inode.load(base::relaxed);
    const int fresh = os::open_write_end(read_end, inode);
    if (fresh >= 0) {
        os::close_bell_end(bell.write_end.swap_in(fresh), inode);
        if (arena_->is_deaf.exchange(0, base::acq_rel) != 0) // pairs with itself: one thread adds it again
            (void)os::epoll_add(epoll_.load(base::acquire), read_end, core::poll_in, 0);
    } else if (!renew_bell() && arena_->is_deaf.exchange(1, base::acq_rel) == 0) { // pairs with the above
        os::epoll_remove(epoll_.load(base::acquire), read_end);
    }
    arena_->claim.look(arena_->claim.whose);
    walk_members();
}

// A process that has changed its user, or lost its /proc, cannot open an end of its own pipe. False: no descriptor is
// free. If another thread is changing the set, the pipe stays readable, and a later try comes here again.
bool set_core::renew_bell() noexcept {
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return true;
    os::bell_ends made;
    if (!is_owned() || os::make_bell(made) < 0) return false;
    const int epoll = epoll_.load(base::acquire);
    os::epoll_remove(epoll, arena_->bell().read_end.get());
    take_bell(made);
    (void)os::epoll_add(epoll, made.read_end, core::poll_in, 0);
    publish_bell();
    return true;
}

// The first descriptor has joined: wakes the waiters that sleep on the bed, so that they sleep in the epoll.
void set_core::move_sleepers() noexcept {
    const std::uint32_t sleepers = presence::number_in(interested_.load(base::acquire));
    for (std::uint32_t i = 0; i < sleepers; ++i) wake_sleeper();
}

} // namespace efd::watch
