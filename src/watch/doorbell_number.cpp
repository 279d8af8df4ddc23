// SPDX-License-Identifier: MIT
// watch/doorbell_number.cpp: the number of a doorbell: made, checked, made anew, closed.
//
// A number is ours if the kernel gave it to this doorbell last and the file behind it has our mark; os/eventfd.cpp
// checks both before it rings, silences, replaces or closes. The number of efd_eventfd is the program's own, and lent:
// since many are closed without any use, it has no mark and is not touched until a call names it. That first call gives
// the object a number of its own for the same file, and marks it (FIRST_USE in docs/races.md). If no number is free,
// the lent one is marked and used.
//
// REPAIR. In the child of a fork the number names the parent's doorbell, which the child must neither ring nor silence.
// The first thread that uses it there makes a new one behind it:
//
//     right_in_      set by                                 means
//     the process's  the thread that made or repaired it    the number and its state are of this process
//     repairing      the thread that repairs it             leave it alone; that thread looks at the count after it
//     another's      the fork, as it copies                 to be repaired; a busy thread is in another process
//
// A thread that finds `repairing` has changed the count before that, and its look at right_in_ is a step that also
// writes. The last step of a repair on right_in_ writes, too, and the look at the count comes after that: so it sees
// the change.
#include "watch/doorbell.hpp"

#include <efd/detail/base/check.hpp>

#include "os/errno.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"
#include "os/fork_lock.hpp"
#include "os/process.hpp"

#include <mutex>
#include <new>
#include <pthread.h>

namespace efd::watch {

using base::status;

namespace {

constexpr std::uint32_t repairing_mark = 1U << 31;

// Doorbells stay with their slots for ever; this is the list of all that were made.
base::atomic<doorbell*> all_doorbells{nullptr};

// Held while a number is made anew that was closed without efd. No thread holds it while the process is copied.
constinit os::fork_lock making_anew;

// A lock that throws here ends the program. NOLINTNEXTLINE(cert-err58-cpp)
[[maybe_unused]] const int fork_handlers = ::pthread_atfork(
    [] { making_anew.before_fork(); }, [] { making_anew.after_fork(); }, [] { making_anew.after_fork_in_child(); });

} // namespace

bool doorbell::is_lent(int place) noexcept { return (place & lent) != 0; }
bool doorbell::is_armed_way(int place) noexcept { return (place & armed_way) != 0; }
bool doorbell::is_every_way(int place) noexcept { return (place & every_way) != 0; }
ring_way doorbell::way_of(int place) noexcept {
    if (is_armed_way(place)) return ring_way::armed;
    return is_every_way(place) ? ring_way::every : ring_way::level;
}
int doorbell::mark_of(ring_way way) noexcept {
    switch (way) {
    case ring_way::level: return 0;
    case ring_way::armed: return armed_way;
    case ring_way::every: return every_way;
    }
    return 0;
}
bool doorbell::is_retired(int place) noexcept { return (place & retired) != 0; }

// -1: the number was closed without efd, and the kernel gave it to another doorbell; or no call has named it yet.
int doorbell::fd_here() const noexcept {
    const int place = place_.load(base::acquire);
    const int fd = place >> number_shift;
    if (!is_lent(place)) return os::is_owner(fd, this) ? fd : -1;
    return lent_is_used_.load(base::acquire) != 0 && os::is_owner(fd, lent_.owner) ? fd : -1;
}

doorbell::doorbell(core::context& slot) noexcept : object_(slot), place_(nowhere) { on_change = &on_change_of_object; }

doorbell* doorbell::of_slot(core::context& object) noexcept {
    if (core::doorbell_hook* const hook = object.hook_of_slot(); hook != nullptr) return static_cast<doorbell*>(hook);
    auto* const made = new (std::nothrow) doorbell(object);
    if (made == nullptr) return nullptr;
    core::doorbell_hook* const hook = object.attach_hook(*made);
    if (hook != made) {
        delete made; // another thread was first, or there is no memory for the watchers
        return static_cast<doorbell*>(hook);
    }
    os::tell_forks_apart();
    made->next_made_ = all_doorbells.load(base::relaxed);
    // Pairs with renew_all().
    while (!all_doorbells.compare_exchange_weak(made->next_made_, made, base::release, base::relaxed)) {
    }
    return made;
}

status doorbell::open(core::context& object, ring_way way, int& fd) noexcept {
    if (object.shared()) return status::not_supported;
    doorbell* const self = of_slot(object);
    return self == nullptr ? status::no_memory : self->open_here(way, fd);
}

status doorbell::open_here(ring_way way, int& fd) noexcept {
    int place = place_.load(base::acquire);
    if (place == nowhere) {
        const bool readable = way != ring_way::armed && object_.count() > 0;
        const int made = os::make_doorbell(readable);
        if (made < 0) return os::status_of(made);
        os::note_owner(made, this);
        right_in_.store(os::process_number(), base::release); // REPAIR, made
        const int wanted = made << number_shift | mark_of(way);
        EFD_CHECK(wanted >> number_shift == made && way_of(wanted) == way && !is_lent(wanted) && !is_retired(wanted));
        // Pairs with fd_here(): the number's owner is noted before.
        if (place_.compare_exchange_strong(place, wanted, base::acq_rel, base::acquire)) {
            place = wanted;
            if (readable) note_born_ringing();
        } else {
            os::close_fd(made); // another thread was first
        }
    } else if (!is_retired(place)) {
        if (const status result = make_anew(place); result != status::ok) return result;
    }
    if (way_of(place) != way || is_retired(place)) return status::invalid;
    if (way != ring_way::armed) object_.watch_level();
    fd = place >> number_shift;
    return status::ok;
}

// A doorbell whose number was closed without efd gets a new one; else nothing is done.
status doorbell::make_anew(int& place) noexcept {
    const std::lock_guard guard(making_anew);
    place = place_.load(base::acquire);
    const std::uint32_t process = os::process_number();
    if (!repair_in_child() || os::is_marked(fd_here())) return status::ok;
    if (take_number_again(-1)) {
        place = place_.load(base::acquire);
        return status::ok;
    }
    const int made = os::make_doorbell(false);
    if (made < 0) return os::status_of(made);
    right_in_.exchange(process | repairing_mark, base::acq_rel); // REPAIR
    os::note_owner(made, this);
    const auto lost = static_cast<std::uint32_t>(rings_done());
    rings_begun_.fetch_sub(lost, base::acq_rel); // REPAIR, rings: none has begun
    rings_done_.fetch_sub(lost, base::acq_rel);  // REPAIR, rings: none is done
    full_.store(0, base::relaxed);
    place = made << number_shift | (place & (armed_way | every_way | retired));
    place_.store(place, base::release);         // REPAIR, number: pairs with fd_here()
    right_in_.exchange(process, base::acq_rel); // REPAIR
    return status::ok;
}

void doorbell::note_born_ringing() noexcept {
    rings_begun_.fetch_add(1, base::acq_rel); // LEVEL, begun
    rings_done_.fetch_add(1, base::acq_rel);  // LEVEL, done
}

status doorbell::adopt(core::context& object, const lent_number& number) noexcept {
    doorbell* const self = of_slot(object);
    if (self == nullptr) return status::no_memory;
    EFD_CHECK(number.fd >= 0 && number.way != ring_way::armed);
    if (object.count() > 0) self->note_born_ringing();
    self->lent_ = number;
    self->inherits_.store(number.inherited ? 1 : 0, base::relaxed);
    self->right_in_.store(os::process_number(), base::relaxed);
    // Pairs with fd_here(): what is lent is written before.
    self->place_.store(number.fd << number_shift | lent | mark_of(number.way), base::release);
    object.watch_level_without_notify();
    return status::ok;
}

file::open_file*& doorbell::file_of(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    EFD_CHECK(self != nullptr);
    return self->file_;
}

bool doorbell::has_own_number(core::context& object) noexcept {
    const auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    return self != nullptr && !is_lent(self->place_.load(base::acquire));
}

// FIRST_USE. Several calls may do so at once: all have numbers of one file, and one of these stays.
void doorbell::give_own_number(core::context& object, int own) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    EFD_CHECK(self != nullptr && own >= 0);
    os::mark(own);
    os::note_owner(own, self);
    int place = self->place_.load(base::acquire);
    while (is_lent(place)) {
        const int marks = place & (armed_way | every_way | retired);
        if (self->place_.compare_exchange_weak(place, own << number_shift | marks, base::acq_rel, base::acquire))
            return;
    }
    os::note_owner(own, nullptr);
    os::close_known_fd(own);
}

// The program has closed the number that the object has for itself, by closefrom(3) perhaps, and has kept one of its
// own: another is taken for the same file (FIRST_USE, again). It differs from the closed one, so of several threads one
// changes the place. True: the object has another number than `failed`, taken by this thread or by one that was first.
[[gnu::noinline]] bool doorbell::take_number_again(int failed) noexcept {
    if (lent_.dup_kept == nullptr) return false;
    int place = place_.load(base::acquire);
    if (place == nowhere || is_lent(place) || is_retired(place)) return false;
    if (const int fd = fd_here(); os::is_marked(fd)) return fd != failed;
    const int own = lent_.dup_kept(object_, lent_.fd, place >> number_shift);
    if (own < 0) return false;
    os::note_owner(own, this);
    const int marks = place & (armed_way | every_way);
    if (place_.compare_exchange_strong(place, own << number_shift | marks, base::acq_rel, base::acquire)) return true;
    os::note_owner(own, nullptr); // another thread was first, or the file is gone
    os::close_known_fd(own);
    return !is_retired(place);
}

void doorbell::use_lent_number(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    os::mark(self->lent_.fd);
    self->lent_is_used_.store(1, base::release); // FIRST_USE, lent: pairs with fd_here()
}

void doorbell::end_use_of_lent_number(core::context& object) noexcept {
    static_cast<doorbell*>(object.hook_of_slot())->lent_is_used_.store(0, base::release); // FIRST_USE, lent
}

bool doorbell::is_used(core::context& object) noexcept {
    const auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    return self != nullptr && !self->is_unused();
}

bool doorbell::is_unused() const noexcept {
    return is_lent(place_.load(base::acquire)) && lent_is_used_.load(base::acquire) == 0;
}

// For a caller that must renew all numbers in the child of a fork, also those that no call names: decides by what the
// file is. In the process that made the number nothing is to be renewed.
bool doorbell::use_as_made() noexcept {
    if (right_in_.load(base::acquire) == os::process_number() || !os::is_owner(lent_.fd, lent_.owner)) return false;
    if (!os::is_doorbell_as_made(lent_.fd, object_.count() > 0)) return false;
    use_lent_number(object_);
    return true;
}

void doorbell::let_inherit(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    if (self == nullptr || self->inherits_.exchange(1, base::acq_rel) != 0) return; // INHERITED, once
    object.watch_level();                                                           // from here on adds notify again
}

// A concurrent on_change may still use the number, which therefore stays taken until the end of the object.
void doorbell::retire(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    if (self == nullptr) return;
    const int place = self->place_.load(base::acquire);
    if (place == nowhere || is_armed_way(place)) return;
    self->place_.fetch_or(armed_way | retired, base::acq_rel); // FIRST_USE, again: take_number_again may change it
    (void)os::replace_doorbell(self->fd_here());
}

[[gnu::noinline]] void doorbell::close_own_number() noexcept {
    const int fd = fd_here();
    if (fd < 0) return;
    os::note_owner(fd, nullptr);
    os::close_fd(fd);
}

// The last reference is gone, so no thread can be busy here.
void doorbell::end() noexcept {
    if (!is_lent(place_.load(base::relaxed))) close_own_number();
    forget();
    lent_.on_renewed = nullptr;
    lent_.dup_kept = nullptr;
    lent_is_used_.store(0, base::relaxed);
    inherits_.store(0, base::relaxed);
    place_.store(nowhere, base::release); // pairs with open_here() of the slot's next object
}

void doorbell::repair_in_child(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    if (self != nullptr && self->place_.load(base::acquire) != nowhere) (void)self->repair_in_child();
}

int doorbell::number_of(core::context& object) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    if (self == nullptr) return -1;
    if (const int fd = self->fd_here(); os::is_marked(fd)) return fd;
    return self->take_number_again(-1) ? self->fd_here() : -1;
}

// Whether the number is right in this process; repairs it if it was not.
bool doorbell::repair_in_child() noexcept {
    const std::uint32_t process = os::process_number();
    const std::uint32_t word = right_in_.load(base::acquire);
    return word == process || repair_slow(word, process);
}

bool doorbell::repair_slow(std::uint32_t word, std::uint32_t process) noexcept {
    EFD_CHECK((process & repairing_mark) == 0);
    const std::uint32_t repairing = process | repairing_mark;
    while (!right_in_.compare_exchange_weak(word, repairing, base::acq_rel, base::acquire)) // REPAIR
        if (word == process) return true;
    if (word == repairing) return false;
    const bool is_own = make_own();
    forget();                                                   // a busy thread is not in this process
    right_in_.exchange(is_own ? process : word, base::acq_rel); // REPAIR
    if (!is_own || is_armed_way(place_.load(base::relaxed))) return is_own;
    look_unless_busy(); // another thread of the child may be there already
    return true;
}

// Also true if the number was closed without efd: then it belongs to no doorbell, and is checked before each use.
bool doorbell::make_own() noexcept {
    (void)take_number_again(-1);
    const int fd = fd_here();
    if (!os::replace_doorbell(fd)) return !os::is_marked(fd);
    if (lent_.on_renewed != nullptr) lent_.on_renewed(object_, fd, lent_.fd);
    return true;
}

status doorbell::renew_all() noexcept {
    status first = status::ok;
    for (doorbell* self = all_doorbells.load(base::acquire); self != nullptr; self = self->next_made_) {
        const int place = self->place_.load(base::acquire);
        if (place == nowhere || is_retired(place) || !self->object_.get_unless_zero()) continue;
        if (!self->is_unused() || self->use_as_made()) {
            int fd = -1;
            const status result = self->open_here(way_of(place), fd);
            if (first == status::ok && result != status::ok) first = result;
        }
        self->object_.put();
    }
    return first;
}

} // namespace efd::watch
