// SPDX-License-Identifier: MIT
// watch/doorbell.cpp: see doorbell.hpp.
//
// The word, and the race LEVEL:
//
//     bit    set by                            cleared by                       wrongly set        wrongly clear
//     busy   a thread that finds it clear      the busy thread, as it lets go   never              never
//     look   a thread that changed the count   the busy thread, before it looks a look too many    never
//     taking the busy thread, to silence       the same, after it               a ring too many    never
//     calls  a thread that finds look set      the busy thread, before it looks never              never
//     gen.   the call that makes calls full    nothing                          never              never
//
// Every change of the count that a watcher could see is followed by a request, and every request by a later look at the
// count: so the last look sees the last change, whatever the order of those before it.
//
// An add that left zero rings by itself, not through the busy thread. A ring wakes a loop on another processor and
// takes time. The read of that loop silences the doorbell, and must not have to wait for the end of the ring
// (STALE_RING). So a ring can come between a look at zero and the silence that follows, and be lost in it; or it can
// come after a read has taken everything. Two numbers keep that right: rings begun, and rings done, both less those
// that silences have taken. If none has begun, there is nothing to silence, and a thread that looks at a count above
// zero rings itself. If none is done, no thread can say yet that the doorbell has rung.
//
// A thread that is busy, or inside a ring, may be stopped there. So an add relies on neither: it rings by itself unless
// a ring is done and no thread is taking rings away (SURELY_RUNG).
#include "watch/doorbell.hpp"

#include <efd/detail/base/check.hpp>

#include "core/trace.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"

#include <algorithm>

namespace efd::watch {

using base::status;

namespace {

constexpr std::uint32_t busy_mark = 1U << 0;
constexpr std::uint32_t look_mark = 1U << 1;
constexpr std::uint32_t taking_mark = 1U << 2;
constexpr std::uint32_t one_call = 1U << 3; // four bits, which carry over into the generation
#ifdef EFD_ATOMIC_MODEL
std::uint32_t call_step = one_call; // more: fewer requests overtake
#else
constexpr std::uint32_t call_step = one_call;
#endif
constexpr std::uint32_t generation_mask = ~std::uint32_t{0} << 7;

constexpr std::uint32_t generation_of(std::uint32_t word) noexcept { return word & generation_mask; }
constexpr bool is_unanswered(std::uint32_t word) noexcept {
    return (word & (busy_mark | look_mark)) == (busy_mark | look_mark);
}
static_assert(generation_of(0x77) == 0 && generation_of(0x7f) == 0 && generation_of(0x7f + one_call) != 0);

constexpr std::uint64_t full = core::ceiling - 1; // held so, a kernel's eventfd is readable and not writable

// What a level descriptor must hold to say what poll says. User space cannot make it say POLLERR.
constexpr std::uint64_t to_hold(std::uint64_t count) noexcept {
    if (count == 0) return 0;
    return (core::poll_mask(count) & core::poll_out) != 0 ? 1 : full;
}
static_assert(to_hold(0) == 0 && to_hold(1) == 1 && to_hold(core::ceiling - 2) == 1);
static_assert(to_hold(core::ceiling - 1) == full && to_hold(core::ceiling) == full);

} // namespace

#ifdef EFD_ATOMIC_MODEL
void doorbell::let_second_request_overtake(bool on) noexcept { call_step = on ? one_call << 3 : one_call; }
#endif

status doorbell::arm(core::context& object, std::uint32_t events, std::uint32_t& ready) noexcept {
    auto* const self = static_cast<doorbell*>(object.hook_of_slot());
    const int place = self == nullptr ? nowhere : self->place_.load(base::acquire);
    if (place == nowhere || !is_armed_way(place) || is_retired(place) || events == 0) return status::invalid;
    (void)self->repair_in_child();
    object.linger_before_arming();
    ready = object.arm_doorbell(events);
    return status::ok;
}

void doorbell::on_change_of_object(core::doorbell_hook& hook, core::context& object, std::uint32_t key) noexcept {
    auto& self = static_cast<doorbell&>(hook);
    EFD_CHECK(&object == &self.object_); // a doorbell stays with its slot
    const int place = self.place_.load(base::acquire);
    if (place == nowhere) return;
    if (key == core::poll_hup) return self.end();
    if (!self.repair_in_child()) return;
    if (is_armed_way(place)) return self.on_change_armed(key);
    if (key == found_nothing) return self.doubt();
    if (self.found_nothing_.load(base::relaxed) != 0) self.found_nothing_.store(0, base::relaxed);
    if (is_every_way(place) && (key & core::poll_in) != 0) {
        self.on_change_every();
    } else {
        if (self.inherits_.load(base::relaxed) != 0 && key != core::poll_out && self.stands_rung(key)) return;
        // Only a count above zero is rung for: a late adder may meet an object that was born in the slot of its own.
        if ((key & left_zero) != 0 && to_hold(object.count()) == 1) self.ring();
    }
    self.answer(key);
}

// LEVEL. A look after the change, and for an add a ring that is surely made.
void doorbell::answer(std::uint32_t key) noexcept {
    const std::uint32_t word = request();
    const bool is_busy = (word & busy_mark) != 0;
    const std::uint64_t wanted = key != core::poll_out && !surely_rung(word) ? to_hold(object_.count()) : 0;
    // A full doorbell is filled by the look itself: after a ring before it, watchers would see room that does not
    // exist.
    const bool makes_sure = wanted == 1 || (wanted == full && is_busy);
    if (makes_sure) ring();
    // A thread that has rung requests a look that comes after the ring.
    if (!is_busy) return look(word);
    if (makes_sure) look_unless_busy();
}

// EVERY. An edge for this add: a ring where none is surely done, else a write of zero, so that the descriptor never
// fills. If an edge is taken away with the rings, SURELY_RUNG makes it again: the thread that took them, or this add.
void doorbell::on_change_every() noexcept {
    const bool rings = to_hold(object_.count()) == 1 && !surely_rung(word_.load(base::acquire));
    if (!rings || !ring()) make_edge();
}

// NOTHING. Consecutive reads that find nothing come from a loop that is woken for nothing: a completion of the
// kernel's, or another process, has written to the descriptor, or a jump has left a ring there. So the kernel is asked,
// ever more rarely as long as it says that nothing is wrong.
void doorbell::doubt() noexcept {
    const std::uint32_t in_a_row = found_nothing_.load(base::relaxed) + 1;
    const std::uint32_t after = doubt_after_.load(base::relaxed);
    found_nothing_.store(in_a_row < after ? in_a_row : 0, base::relaxed);
    if (in_a_row < after) return;
    const bool is_readable = os::is_readable(fd_here());
    doubt_after_.store(is_readable ? first_doubt : after < last_doubt ? 2 * after : last_doubt, base::relaxed);
    if (!is_readable) return;
    doubted_.fetch_or(doubted_at_zero, base::release);
    look_unless_busy();
}

// A look that comes after this moment: by this thread, or by the one that is busy.
void doorbell::look_unless_busy() noexcept {
    if (const std::uint32_t word = request(); (word & busy_mark) == 0) look(word);
}

// By the busy thread, which is to show `wanted`.
std::uint32_t doorbell::take_doubt(std::uint64_t wanted) noexcept {
    const std::uint32_t doubts = wanted == 0 ? doubted_at_zero | doubted_always : doubted_always;
    if ((doubted_.load(base::acquire) & doubts) == 0) return 0;
    // OVERTAKEN: an overtaken thread may take the doubt at the same time, and look at it earlier
    return doubted_.fetch_and(~doubts, base::acq_rel) & doubts;
}

// INHERITED. A process that posix_spawn(3), or vfork and exec, started has the descriptor, too, and may read it: then
// it is silent beside a count above zero, and no thread here is notified. So every add notifies the doorbell, and one
// that doubles the count asks the kernel. True: a ring is there, and nothing is to be done.
bool doorbell::stands_rung(std::uint32_t key) noexcept {
    if ((key & left_zero) != 0) {
        looked_at_.store(1, base::relaxed);
        return false;
    }
    if (!surely_rung(word_.fetch_or(0, base::acq_rel))) return false;
    const std::uint64_t count = object_.count();
    if (to_hold(count) != 1 || full_.load(base::relaxed) != 0) return false;
    if (count < 2 * looked_at_.load(base::relaxed)) return true;
    looked_at_.store(count, base::relaxed);
    const int fd = fd_here();
    if (os::is_marked(fd) && os::is_readable(fd)) return true; // a closed number counts as readable
    ring();
    return false;
}

// ARM. The ring comes before the mark is cleared, so an add that finds no mark knows that the ring is made.
void doorbell::on_change_armed(std::uint32_t key) noexcept {
    core::state_word arm = 0;
    if (key == 0 || !object_.wants_ring(key, arm)) return;
    ring_armed();
    object_.end_arm(arm);
}

void doorbell::forget() noexcept {
    doubted_.store(0, base::relaxed);
    found_nothing_.store(0, base::relaxed);
    doubt_after_.store(first_doubt, base::relaxed);
    full_.store(0, base::relaxed);
    looked_at_.store(1, base::relaxed);
    rings_begun_.store(0, base::relaxed);
    rings_done_.store(0, base::relaxed);
    word_.store(0, base::relaxed);
}

// By the number that is here, or by the one that comes in its place if it is lost.
bool doorbell::write_here(std::uint64_t n) noexcept {
    const int fd = fd_here();
    return os::ring_doorbell(fd, n) || (take_number_again(fd) && os::ring_doorbell(fd_here(), n));
}

// False: it is shown full.
bool doorbell::ring() noexcept {
    if (core::is_traced()) core::trace::rang(object_, 1);
    rings_begun_.fetch_add(1, base::acq_rel); // LEVEL, begun
    const bool rung = write_here(1);
    if (rung)
        rings_done_.fetch_add(1, base::acq_rel); // LEVEL, done
    else
        rings_begun_.fetch_sub(1, base::acq_rel); // LEVEL, not begun
    return rung;
}

// A write of zero: watchers look, and the descriptor holds what it held.
void doorbell::make_edge() noexcept {
    if (core::is_traced()) core::trace::rang(object_, 0);
    (void)write_here(0);
}

// These are not counted: watchers of an armed doorbell watch for edges.
void doorbell::ring_armed() noexcept {
    if (core::is_traced()) core::trace::rang(object_, 1);
    if (os::ring_doorbell(fd_here(), 1)) return;
    (void)os::silence_doorbell(fd_here());
    os::ring_doorbell(fd_here(), 1);
}

// Requests a look, and returns the word as it was. If it shows no busy thread, the caller is the busy thread now and
// must look itself. The sixteenth request without an answer returns such a word, too: the busy thread may have left by
// a longjmp, or is stopped.
std::uint32_t doorbell::request() noexcept {
    for (;;) {
        std::uint32_t word = word_.fetch_or(look_mark | busy_mark, base::acq_rel); // LEVEL, request
        if (!is_unanswered(word)) return word;
        do {
            const std::uint32_t called = word + call_step;
            if (!word_.compare_exchange_weak(word, called, base::acq_rel, base::acquire)) continue; // LEVEL, call
            if (generation_of(called) == generation_of(word)) return word;
            doubted_.fetch_or(doubted_always, base::release); // OVERTAKEN: the earlier busy thread may not come back
            word_.fetch_and(~taking_mark, base::acq_rel);     // SURELY_RUNG, left: the mark of the earlier busy thread
            return called & ~busy_mark;
        } while (is_unanswered(word));
    }
}

// SURELY_RUNG. A ring is in the descriptor, and no thread was about to take it away at the step that gave `word`.
bool doorbell::surely_rung(std::uint32_t word) const noexcept { return (word & taking_mark) == 0 && rings_done() > 0; }

// By the busy thread. If it has taken rings away, some may be of adds that have returned: so it makes sure of a ring,
// as an add does. If it was slow to answer, another thread has moved the generation on and is busy itself. Then it
// requests one more look at what it did meanwhile.
void doorbell::look(std::uint32_t word) noexcept {
    EFD_CHECK((word & busy_mark) == 0); // no thread was, so the caller is
    std::uint32_t generation = generation_of(word);
    std::uint32_t current = generation | look_mark | busy_mark;
    bool took = false;
    for (;;) {
        if (generation_of(current) != generation) {
            doubted_.fetch_or(doubted_always, base::release); // OVERTAKEN: two wrote the numbers at the same time
            current = request();
            if ((current & busy_mark) != 0) return;
            generation = generation_of(current);
            current |= busy_mark | look_mark;
        }
        EFD_CHECK((current & busy_mark) != 0 && generation_of(current) == generation);
        const bool asked = (current & look_mark) != 0;
        const std::uint32_t left = generation | (asked ? busy_mark : 0);
        if (!word_.compare_exchange_weak(current, left, base::acq_rel, base::acquire)) continue; // LEVEL, let go
        if (!asked) return;
        show(object_.count(), took);
        current = word_.load(base::acquire);
    }
}

// By the busy thread: brings the descriptor to what it must hold, and the marks of the word to that.
void doorbell::show(std::uint64_t count, bool& took) noexcept {
    const std::uint64_t wanted = to_hold(count);
    const std::uint32_t doubt = take_doubt(wanted);
    if ((doubt & doubted_always) != 0) empty(took);
    const bool was_full = full_.load(base::relaxed) != 0;
    if (was_full != (wanted == full)) {
        // While it is silent watchers may see room. So a doorbell that holds nothing is filled without a silence.
        if (was_full || rings_begun_.load(base::acquire) != 0) (void)silence(took);
        full_.store(wanted == full && write_here(full) ? 1 : 0, base::relaxed);
    }
    if (wanted == 0) {
        if (doubt == doubted_at_zero || rings_begun_.load(base::acquire) != 0) (void)silence(took);
        return;
    }
    if (wanted == 1 && (doubt != 0 || rings_begun_.load(base::acquire) == 0 || (took && rings_done() <= 0))) ring();
    // LEVEL, rung. A thread whose ring has begun and is not done requests another look after it.
    if (inherits_.load(base::relaxed) != 0 || is_every_way(place_.load(base::relaxed))) return;
    if (wanted == full || rings_done() > 0) object_.note_ring();
}

// The value read includes every ring that is done, unless another party read the descriptor. It exceeds the rings that
// have begun only if another party wrote to it. While the mark is set no add relies on a ring.
std::uint64_t doorbell::silence(bool& took) noexcept {
    word_.fetch_or(taking_mark, base::acq_rel); // SURELY_RUNG, taking
    const std::int32_t surely = rings_done();
    const int fd = fd_here();
    std::uint64_t taken = os::silence_doorbell(fd);
    if (taken == 0 && take_number_again(fd)) taken = os::silence_doorbell(fd_here());
    auto rings = static_cast<std::uint32_t>(taken >= full ? taken - full : taken); // rings never make it full
    if (taken == 0 && surely > 0) rings = static_cast<std::uint32_t>(surely);
    if (taken != 0) rings = std::min(rings, rings_begun());
    EFD_CHECK(rings <= INT32_MAX);
    full_.store(0, base::relaxed);
    rings_begun_.fetch_sub(rings, base::acq_rel); // SURELY_RUNG, taken: less rings have begun
    rings_done_.fetch_sub(rings, base::acq_rel);  // SURELY_RUNG, taken: less rings are done
    forget_counted_twice();
    word_.fetch_and(~taking_mark, base::acq_rel); // SURELY_RUNG, taken
    took = true;
    return taken;
}

// OVERTAKEN. The numbers are right if they are zero and the descriptor is found empty after that. Otherwise the doubt
// stays, also for a ring that is under way: its thread requests another look.
void doorbell::empty(bool& took) noexcept {
    (void)silence(took);
    const bool is_any_counted = rings_done() != 0 || rings_begun_.load(base::acquire) != 0;
    if (silence(took) != 0 || is_any_counted) doubted_.fetch_or(doubted_always, base::relaxed);
}

// OVERTAKEN. Fewer than none have begun: an overtaken thread has counted rings that the one after it had counted, too.
void doorbell::forget_counted_twice() noexcept {
    std::uint32_t begun = rings_begun_.load(base::acquire);
    while (static_cast<std::int32_t>(begun) < 0) {
        if (!rings_begun_.compare_exchange_weak(begun, 0, base::acq_rel, base::acquire)) continue;
        rings_done_.fetch_sub(begun, base::acq_rel);
        return;
    }
}

// Rings that have begun and were not silenced.
std::uint32_t doorbell::rings_begun() const noexcept {
    const auto rings = static_cast<std::int32_t>(rings_begun_.load(base::acquire));
    return rings > 0 ? static_cast<std::uint32_t>(rings) : 0;
}

} // namespace efd::watch
