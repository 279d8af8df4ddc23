// SPDX-License-Identifier: MIT
// watch/set_descriptors.cpp: kernel descriptors among the members of a set.
//
// They are registered with an epoll of their own, so that a look takes exactly as many events as there is room for: an
// event that the kernel reports only once (EPOLLET, EPOLLONESHOT) is never taken and dropped. A second epoll contains
// the first and the set's bell; waiters sleep on it and foreign loops watch it, so it stays when the first is replaced.
//
// The kernel knows a registration by file and number together, and forgets it when the last number of the file is
// closed. So a number may be closed without efd: then another file may get it, and the old file may live on in a
// duplicate, with a registration that cannot be addressed any more. A member whose number was added again gives it up,
// and removes nothing. If the kernel reports a member that left, a fresh epoll replaces the old one; it gets only the
// members that are registered in the old one by the number they came with.
//
// add and remove hold the set's lock; looks from any thread and from signal handlers.
#include "watch/set_core.hpp"

#include "core/deferred.hpp"
#include "os/clock.hpp"
#include "os/epoll.hpp"
#include "os/errno.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"
#include "watch/arena_half.hpp"
#include "watch/doorbell.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

namespace efd::watch {

using base::status;

namespace {

// A ring of epolls is refused as a set within itself is.
status refusal_of(int negative_errno) noexcept {
    return negative_errno == -ELOOP ? status::invalid : os::status_of(negative_errno);
}

} // namespace

std::uint64_t set_core::beside(const member& one) const noexcept {
    constexpr int generation_shift = 32;
    return std::uint64_t{rest_of(one).generation} << generation_shift | one.index;
}

// The two epolls, with the bell and the first in the second.
status set_core::make_two(int bell_fd, int& inner, int& outer) const noexcept {
    inner = os::make_epoll();
    if (inner < 0) return os::status_of(inner);
    outer = os::make_epoll();
    int error = outer < 0 ? outer : 0;
    if (error == 0) error = os::epoll_add(outer, bell_fd, core::poll_in, 0);
    if (error == 0) error = os::epoll_add(outer, inner, core::poll_in, 0);
    if (error == 0 && is_of_arena()) error = os::epoll_add(outer, arena_->bell().read_end.get(), core::poll_in, 0);
    if (error != 0) {
        if (outer >= 0) os::close_fd(outer);
        os::close_fd(inner);
        return os::status_of(error);
    }
    os::note_owner(inner, this);
    os::note_owner(outer, this);
    return status::ok;
}

status set_core::make_epolls() noexcept {
    if (stands_in_.load(base::relaxed) > 0) return status::invalid;
    if (has_descriptors()) return are_own() ? status::ok : make_epolls_anew();
    int bell_fd = -1;
    if (const status result = doorbell::open(bell(), ring_way::level, bell_fd); result != status::ok) return result;
    if (const status result = prepare_bell(); result != status::ok) return result;
    int inner = -1;
    int outer = -1;
    if (const status result = make_two(bell_fd, inner, outer); result != status::ok) return result;
    watch_for_ever();
    inner_epoll_.store(inner, base::relaxed);
    epoll_.store(outer, base::release); // pairs with has_descriptors(): the inner epoll is stored before
    ready_.hide_top(true);
    publish_bell();
    return status::ok;
}

// EPOLL_NUMBER. Whether the numbers of the epolls, and of the bell in one of them, are still this set's: they may have
// been closed without efd, and name other files now.
bool set_core::are_own() const noexcept {
    return os::is_own(inner_epoll_.load(base::acquire), this) && os::is_own(epoll_.load(base::acquire), this) &&
           doorbell::number_of(bell()) >= 0 && has_own_bell();
}

// Under the lock. Makes new numbers for what was closed; members whose numbers still name the same files are
// registered.
status set_core::make_epolls_anew() noexcept {
    int bell_fd = -1;
    if (const status result = doorbell::open(bell(), ring_way::level, bell_fd); result != status::ok) return result;
    if (const status result = prepare_bell(); result != status::ok) return result;
    int inner = -1;
    int outer = -1;
    if (const status result = make_two(bell_fd, inner, outer); result != status::ok) return result;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) register_again(known_member(index), inner);
    // EPOLL_NUMBER, renew
    for (const int old : {inner_epoll_.exchange(inner, base::acq_rel), epoll_.exchange(outer, base::acq_rel)})
        if (old != inner && old != outer && os::is_own(old, this)) os::close_fd(old);
    publish_bell();
    return status::ok;
}

// ok also if another thread is changing the set: then a later look checks again.
status set_core::see_that_they_are_own() noexcept {
    if (are_own()) return status::ok;
    const core::callbacks_later no_callbacks;
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    return !lock.owns_lock() || are_own() ? status::ok : make_epolls_anew();
}

// As add did, if the number still names the same file.
void set_core::register_again(const member& one, int inner) noexcept {
    if (one.kind.load(base::acquire) != member_kind::descriptor) return;
    const member_rest& rest = rest_of(one);
    if (rest.descriptor < 0 || rest.has_fired.load(base::relaxed) != 0) return;
    if (os::identity_of(rest.descriptor) == rest.file)
        (void)os::epoll_add(inner, rest.descriptor, rest.events, beside(one));
}

void set_core::close_epolls() noexcept {
    bearer_of_.clear();
    const int outer = epoll_.exchange(-1, base::acq_rel); // pairs with has_descriptors()
    if (outer < 0) return;
    const int inner = inner_epoll_.exchange(-1, base::acq_rel); // pairs with are_own()
    for (const int one : {outer, inner}) {
        if (!os::is_own(one, this)) continue;
        os::note_owner(one, nullptr);
        os::close_fd(one);
    }
    ready_.hide_top(is_of_arena());
}

// The kernel has accepted the number: a member that came with it before has lost it to another file.
status set_core::note_number(int descriptor, const member& bearer) noexcept {
    const auto number = static_cast<std::size_t>(descriptor);
    try {
        if (number >= bearer_of_.size()) bearer_of_.resize(number + 1);
    } catch (const std::bad_alloc&) {
        return status::no_memory;
    }
    if (bearer_of_[number] != 0) rest_of(known_member(bearer_of_[number] - 1)).descriptor = -1;
    bearer_of_[number] = bearer.index + 1;
    return status::ok;
}

status set_core::add(int descriptor, std::uint32_t events, std::uint64_t token, int& place) noexcept {
    const core::callbacks_later no_callbacks;
    forget_left_nestings();
    std::unique_lock<std::mutex> lock;
    if (!lock_for_change(lock)) return status::deadlock;
    if (is_of_arena() && !is_owned()) return status::stale;
    if (const status result = make_epolls(); result != status::ok) return result;
    member* const joining = take_place(token);
    if (joining == nullptr) return status::no_memory;
    if (!make_rest(*joining)) {
        give_back_place(*joining);
        return status::no_memory;
    }
    member_rest& rest = rest_of(*joining);
    rest.descriptor = descriptor;
    rest.file = os::identity_of(descriptor);
    rest.events = events;
    ++rest.generation;
    rest.has_fired.store(0, base::relaxed);
    // PLACES, kind: what the kernel's report needs is written before
    joining->kind.store(member_kind::joining, base::release);
    joining->open();
    const int inner = inner_epoll_.load(base::relaxed);
    const int error = os::epoll_add(inner, descriptor, events, beside(*joining));
    status result = error == 0 ? note_number(descriptor, *joining) : refusal_of(error);
    if (result != status::ok) {
        if (error == 0) os::epoll_remove(inner, descriptor);
        // Without a wait: a look that has entered meanwhile finds nothing to take, and goes.
        joining->inside.fetch_or(member::shut_mark, base::acq_rel); // MEMBER_SHUT, shut
        give_back_place(*joining);
        return result;
    }
    joining->kind.store(member_kind::descriptor, base::release); // PLACES, kind
    joined_.fetch_add(1, base::acq_rel);                         // ALL_MEMBERS
    place = static_cast<int>(joining->index);
    members_.fetch_add(1, base::relaxed);
    if (descriptor_members_.fetch_add(1, base::acq_rel) == 0 && is_of_arena()) move_sleepers(); // pairs with sleep()
    return status::ok;
}

// The member is shut. False inside a callback, while another thread adds or removes one.
bool set_core::remove_descriptor(member& leaving) noexcept {
    const core::callbacks_later no_callbacks;
    std::unique_lock<std::mutex> lock;
    if (!lock_for_change(lock)) return false;
    descriptor_members_.fetch_sub(1, base::acq_rel); // pairs with has_kernel_members()
    std::int32_t& descriptor = rest_of(leaving).descriptor;
    if (descriptor < 0) return true; // its number is another member's
    if (are_own()) os::epoll_remove(inner_epoll_.load(base::relaxed), descriptor);
    if (const auto number = static_cast<std::size_t>(descriptor); number < bearer_of_.size())
        bearer_of_[number] = 0; // smaller if the child of a fork had no memory for it
    descriptor = -1;
    return true;
}

bool set_core::kernel_is_next() noexcept {
    if (until_kernel_next_.fetch_sub(1, base::relaxed) > 0) return false;
    until_kernel_next_.store(kernel_next_after, base::relaxed);
    return true;
}

[[gnu::noinline]] status set_core::take_descriptor(set_event& got) noexcept {
    set_event one{};
    if (look_descriptors(std::span(&one, 1)) == 0) return status::would_block;
    got = one;
    return status::ok;
}

// The member that still stands where it stood when this was registered; the caller is inside it then.
member* set_core::reported_member(std::uint64_t registered, std::uint32_t& visit) noexcept {
    member* const one = find_member(static_cast<std::uint32_t>(registered));
    if (one == nullptr || !one->enter(visit)) return nullptr;
    const member_kind kind = one->kind.load(base::acquire);
    const bool is_descriptor = kind == member_kind::descriptor || kind == member_kind::joining;
    if (is_descriptor && beside(*one) == registered) return one;
    one->exit(visit);
    return nullptr;
}

// What the kernel says of the descriptors among the members.
[[gnu::noinline]] std::size_t set_core::look_descriptors(std::span<set_event> room) noexcept {
    constexpr std::size_t most = 32;
    os::epoll_found found[most];
    std::size_t filled = 0;
    if (!os::is_own(inner_epoll_.load(base::acquire), this) && see_that_they_are_own() != status::ok) return 0;
    for (int round = 0; round < 2 && filled == 0; ++round) {
        const int inner = inner_epoll_.load(base::acquire);
        if (!os::is_own(inner, this)) break;
        const std::size_t number = os::epoll_look(inner, std::span(found, std::min(room.size(), most)));
        for (std::size_t i = 0; i < number; ++i) {
            std::uint32_t visit = 0;
            member* const one = reported_member(found[i].beside, visit);
            if (one == nullptr) continue;
            member_rest& rest = rest_of(*one);
            if ((rest.events & os::epoll_one_shot) != 0) rest.has_fired.store(1, base::relaxed);
            room[filled++] = one->event(0, found[i].events);
            one->exit(visit);
        }
        if (filled == number) break;
        forget_dead_numbers();
    }
    return filled;
}

// The kernel reports a member that left, and will do so for ever. If another thread is changing the set, the next look
// deals with it.
void set_core::forget_dead_numbers() noexcept {
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock() || !are_own()) return;
    const int inner = inner_epoll_.load(base::relaxed);
    const int fresh = os::make_epoll();
    if (fresh < 0) return;
    const std::uint32_t places = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < places; ++index) {
        const member& one = known_member(index);
        if (one.kind.load(base::acquire) != member_kind::descriptor) continue;
        const member_rest& rest = rest_of(one);
        if (rest.descriptor < 0 || rest.has_fired.load(base::relaxed) != 0) continue;
        if (os::epoll_has(inner, rest.descriptor, rest.events, beside(one)))
            (void)os::epoll_add(fresh, rest.descriptor, rest.events, beside(one));
    }
    if (os::epoll_replace(fresh, inner))
        (void)os::epoll_add(epoll_.load(base::relaxed), inner, core::poll_in, 0); // the old one has left it
}

// No number is free for a bell that a stop rings: looks for the stop now and then.
status set_core::sleep_without_a_number(int epoll, const core::wait_opts& opts) noexcept {
    constexpr std::int64_t between_looks_ns = 10'000'000;
    for (;;) {
        if (opts.stop->stop_requested()) return status::cancelled;
        const std::int64_t next_look = std::min(os::now_ns() + between_looks_ns, opts.deadline_ns);
        switch (os::poll_readable(std::span(&epoll, 1), next_look)) {
        case os::poll_end::ready: return status::ok;
        case os::poll_end::interrupted: return status::interrupted;
        case os::poll_end::timed_out: break;
        }
        if (next_look == opts.deadline_ns) return status::timed_out;
    }
}

// With kernel descriptors among the members the thread sleeps in the kernel's poll, on the epoll that contains the
// bell.
status set_core::sleep_in_kernel(const core::wait_opts& opts) noexcept {
    if (const status result = see_that_they_are_own(); result != status::ok) return result;
    const int epoll = epoll_.load(base::acquire);
    os::poll_end result = os::poll_end::ready;
    if (opts.stop == nullptr || !opts.stop->stop_possible()) {
        result = os::poll_readable(std::span(&epoll, 1), opts.deadline_ns);
    } else {
        const int cancel_fd = os::make_doorbell(false);
        if (cancel_fd < 0) return sleep_without_a_number(epoll, opts);
        {
            const std::stop_callback on_stop(*opts.stop, [cancel_fd] { os::ring_doorbell(cancel_fd, 1); });
            const int both[] = {epoll, cancel_fd};
            result = os::poll_readable(both, opts.deadline_ns);
        }
        os::close_fd(cancel_fd);
        if (opts.stop->stop_requested()) return status::cancelled;
    }
    if (result == os::poll_end::ready) return status::ok;
    return result == os::poll_end::timed_out ? status::timed_out : status::interrupted;
}

status set_core::open_descriptor(int& fd) noexcept {
    const core::callbacks_later no_callbacks;
    repair_in_child();
    const std::lock_guard guard(mutex_);
    if (is_of_arena()) {
        if (!is_owned()) return status::stale;
        if (const status result = make_epolls(); result != status::ok) return result;
    }
    if (has_descriptors()) {
        const status result = are_own() ? status::ok : make_epolls_anew();
        if (result == status::ok) fd = epoll_.load(base::relaxed);
        return result;
    }
    const status result = doorbell::open(bell(), ring_way::level, fd);
    if (result == status::ok) watch_for_ever();
    return result;
}

} // namespace efd::watch
