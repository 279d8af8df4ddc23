// watch/set_wait.cpp: the waiting half of a set: told, find, take, sleep.
//
// SET_SLEEP: a marker touches the set's context only if somebody is interested, and a waiter says so before it sleeps:
//
//     marker                                     waiter
//     1 top: set a bit, it was empty             1 interested: one more
//     2 interested? then signal the context      2 top: a look that also writes; not empty: try, and look again
//                                                3 sleep on the context
//
// The steps on the top are read-modify-writes of one word: either the waiter's look finds the bit, or the marker sees
// the interest. A try that came to nothing is no reason to sleep unless it ends with a look at an empty top: it goes
// over several words, one after the other, and a member may have become ready behind it, under a top that was not
// empty. All of this may run in signal handlers, but for waits with a stop token.
#include "watch/set_core.hpp"

#include "core/held_back.hpp"
#include "os/clock.hpp"

namespace efd::watch {

using base::status;
using core::context;

void set_core::told(core::standing_watcher& watcher, std::uint32_t key) {
    auto& here = static_cast<member&>(watcher);
    if ((key & core::poll_in) != 0) here.home->changed(here.home->ready_.mark(here.index)); // SET_MARK
    if (here.awaited.load(base::acquire) != 0) here.home->wake_those_for_all();             // ALL_SLEEP
    if (!is_ready(here)) here.home->settle(here); // taken meanwhile, by the read that tells us, or it left
}

// SET_MARK: each step on the bit is followed by a look at the count, until both say the same. So whoever makes the last
// step on the bit has seen, in it or after it, what all others did before theirs.
void set_core::settle(member& here) noexcept {
    do {
        changed(ready_.unmark(here.index));
        if (!is_ready(here)) return;
        changed(ready_.mark(here.index));
    } while (!is_ready(here));
}

// It was marked, and nobody was let in. Whoever opened the place since may have marked it before our step.
void set_core::pass_by(member& here) noexcept {
    changed(ready_.unmark(here.index));
    if (!here.enter()) return; // SET_MARK, shut: whoever opens it looks after that
    settle(here);
    here.exit();
}

void set_core::changed(top_change change) noexcept {
    if (change == top_change::none || interested_.load(base::acquire) == 0) return; // SET_SLEEP
    follow_top(change == top_change::first);
}

// SET_TOP: the context says what the top says. Each step on the context is followed by a look at the top that also
// writes, until both say the same; so whoever comes to the top later knows of our step, and can undo it.
[[gnu::noinline]] void set_core::follow_top(bool anything) noexcept {
    for (;;) {
        if (anything)
            signal_bell();
        else
            drain_bell();
        if (ready_.anything_in_order() == anything) return;
        anything = !anything;
    }
}

// SET_BELL: a marker may come after the set has ended. With a reference, and the context still the set's own, it is
// not somebody else's that was born in the same slot.
void set_core::signal_bell() noexcept {
    context* const bell = bell_.load(base::acquire);
    if (bell == nullptr || !bell->get_unless_zero()) return;
    if (bell_.load(base::acquire) == bell) (void)bell->signal_deferred();
    bell->put();
}

void set_core::drain_bell() noexcept {
    context* const bell = bell_.load(base::acquire);
    if (bell == nullptr || !bell->get_unless_zero()) return;
    std::uint64_t signals = 0;
    if (bell_.load(base::acquire) == bell) (void)bell->try_read(signals);
    bell->put();
}

// From now on the context is kept true for those outside.
void set_core::watch_for_ever() noexcept {
    if (watched_for_ever_) return;
    watched_for_ever_ = true;
    interested_.fetch_add(1, base::acq_rel);
    follow_top(ready_.anything_in_order()); // what was left behind while nobody was interested goes, too
}

std::uint32_t set_core::find(std::uint32_t start) noexcept {
    const found_member found = ready_.find(start);
    changed(found.change);
    return found.index;
}

// The caller is inside the member.
status set_core::take_from(member& here, set_event& got) noexcept {
    if (here.inner != nullptr) return here.inner->try_any(got);
    std::uint64_t value = 0;
    const status end = here.object.load(base::relaxed)->try_read(value);
    if (end == status::ok) got = {here.token, value, core::poll_in};
    return end;
}

status set_core::take_ready(set_event& got) noexcept {
    const bool with_kernel = has_descriptors();
    if (with_kernel && kernel_has_its_turn() && take_descriptor(got) == status::ok) return status::ok;
    std::uint32_t at = cursor_.load(base::relaxed);
    for (;;) {
        const std::uint32_t found = find(at);
        if (found == ready_bitmap::nobody) break;
        member& here = known_member(found);
        at = found + 1;
        if (!here.enter()) {
            pass_by(here);
            continue;
        }
        const status end = take_from(here, got);
        if (end == status::would_block) settle(here);
        here.exit();
        if (end == status::would_block) continue;
        cursor_.store(at, base::relaxed);
        return end;
    }
    if (interested_.load(base::relaxed) != 0 && bell().count() > 0 && !ready_.anything()) follow_top(false);
    return with_kernel ? take_descriptor(got) : status::would_block;
}

status set_core::look_ready(std::span<set_event> room, std::size_t& number) noexcept {
    const bool with_kernel = has_descriptors();
    number = with_kernel && kernel_has_its_turn() ? look_descriptors(room) : 0;
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
        member& here = known_member(found);
        if (!here.enter()) {
            pass_by(here);
            continue;
        }
        if (here.object.load(base::relaxed)->count() > 0)
            room[number++] = {here.token, 0, core::poll_in};
        else
            settle(here);
        here.exit();
    }
    if (number > of_kernel) cursor_.store(at, base::relaxed);
    if (with_kernel && of_kernel == 0 && number < room.size()) number += look_descriptors(room.subspan(number));
    return number > 0 ? status::ok : status::would_block;
}

// One wait loop for all ways to wait. After a sleep the signal that ended it is used up, while other members may be
// ready for other waiters: it is given on (BATON).
template <class Attempt>
status set_core::wait_with(const core::wait_terms& terms, Attempt attempt) noexcept {
    const core::callbacks_later no_callbacks; // in the midst of a take; the last to end: the set may, with it
    const status at_once = attempt();
    if (at_once != status::would_block || terms.sleep == core::patience::never) return at_once;
    if (core::in_callback != 0) return status::deadlock;
    interested_.fetch_add(1, base::acq_rel); // SET_SLEEP
    status end = status::would_block;
    while (end == status::would_block) {
        while (end == status::would_block && ready_.anything_in_order()) end = attempt(); // SET_SLEEP, look
        if (end != status::would_block) break;
        core::callbacks_later::end();
        const status slept = sleep(terms);
        core::callbacks_later::begin();
        if (slept == status::interrupted) {
            end = slept;
            break;
        }
        end = attempt();
        if (ready_.anything()) follow_top(true); // BATON
        if (end != status::would_block) break;
        if (slept != status::ok)
            end = slept;
        else if (terms.deadline_ns != core::forever && os::now_ns() >= terms.deadline_ns)
            end = status::timed_out; // also where the sleep always ends at once
    }
    interested_.fetch_sub(1, base::acq_rel);
    return end;
}

status set_core::sleep(const core::wait_terms& terms) noexcept {
    if (has_descriptors()) return sleep_in_kernel(terms);
    std::uint64_t signals = 0;
    return bell().read(signals, {terms.deadline_ns, terms.stop, core::patience::always});
}

status set_core::try_any(set_event& got) noexcept {
    const core::callbacks_later no_callbacks;
    return take_ready(got);
}

status set_core::wait_any(set_event& got, const core::wait_terms& terms) noexcept {
    return wait_with(terms, [&] { return take_ready(got); });
}

status set_core::wait_ready(std::span<set_event> room, std::size_t& number, const core::wait_terms& terms) noexcept {
    if (room.empty()) return status::invalid;
    return wait_with(terms, [&] { return look_ready(room, number); });
}

} // namespace efd::watch
