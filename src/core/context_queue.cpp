// SPDX-License-Identifier: MIT
// core/context_queue.cpp: a context and its wait queue: join, leave, leave and take, wake, release.
//
// The mark `watched` in the state word tells changers that a watcher has joined. Each joining watcher makes it, by a
// step that also gives poll's answer: WATCH, no unit falls between that answer and the entry's first call (one may be
// in both, as with poll). Joining waits for no thread, and no lock guards the number of watchers; so the last one to
// leave clears the mark by comparing (WATCH_OFF), and each join leaves a new value of the word.
#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>

#include "core/watchers.hpp"

#include <new>

namespace efd::EFD_ABI::core {

using base::status;

namespace {

// Holds the queue of an object for one change. Inside one of its callbacks the queue is held already, and stays so.
// Inside a callback of another object the hold may be refused.
class queue_holder {
  public:
    explicit queue_holder(wait_queue& queue) noexcept
        : queue_(queue), nested_(queue.held_by_me()), held_(nested_ || queue.hold()) {}
    ~queue_holder() {
        if (held_ && !nested_) queue_.let_go();
    }
    [[nodiscard]] bool held() const noexcept { return held_; }
    queue_holder(const queue_holder&) = delete;
    queue_holder& operator=(const queue_holder&) = delete;

  private:
    wait_queue& queue_;
    bool nested_;
    bool held_;
};

// Watchers stay with their slots for ever; this list of all that were made is how leak checkers find them.
base::atomic<watchers*> all_watchers{nullptr};

} // namespace

// The watchers of this slot, made when first asked for; null if memory ran out.
watchers* context::make_watchers() noexcept {
    watchers* there = watchers_.load(base::acquire);
    if (there != nullptr) return there;
    auto* const made = new (std::nothrow) watchers(*this);
    if (made == nullptr) return nullptr;
    if (!watchers_.compare_exchange_strong(there, made, base::acq_rel, base::acquire)) {
        delete made; // another thread was first
        return there;
    }
    made->next_made = all_watchers.load(base::relaxed);
    while (!all_watchers.compare_exchange_weak(made->next_made, made, base::relaxed, base::relaxed)) {
    }
    return made;
}

// Makes the mark, and returns what the word was.
state_word context::watch() noexcept {
    const std::uint32_t turn = take_turn();
    state_word seen = state_.load(base::acquire);
    do {
        if (is_held(seen)) seen = end_hold(seen); // HOLD: the turn of a held word is the hold's
    } while (!state_.compare_exchange_weak(seen, watched_by(seen, turn), base::acq_rel, base::acquire)); // WATCH, mark
    return seen;
}

status context::add_wait_queue(wait_queue_entry& entry, std::uint32_t& ready) noexcept {
    watchers* const all = make_watchers();
    if (all == nullptr) return status::no_memory;
    if (entry.callback == nullptr || entry.queue != nullptr) return status::invalid;
    get(); // the entry's reference
    all->entries.join(entry);
    const state_word before = watch(); // WATCH
    ready = poll_mask(is_sealed(before) ? count() : packed_count(before));
    return status::ok;
}

status context::remove_wait_queue(wait_queue_entry& entry) noexcept {
    watchers* const all = watchers_.load(base::acquire);
    if (all == nullptr) return status::invalid;
    {
        const queue_holder holder(all->entries);
        if (!holder.held()) return status::deadlock;
        if (!all->entries.contains(entry)) return status::invalid;
        all->entries.remove(entry);
        unwatch_if_alone();
    }
    put();
    return status::ok;
}

status context::remove_wait_queue_and_read(wait_queue_entry& entry, std::uint64_t& count) noexcept {
    watchers* const all = watchers_.load(base::acquire);
    count = 0;
    if (all == nullptr) return status::invalid;
    status end = status::would_block;
    {
        const queue_holder holder(all->entries);
        if (!holder.held()) return status::deadlock;
        if (!all->entries.contains(entry)) return status::invalid;
        all->entries.remove(entry);
        end = hand_over(take_now(), count); // wakes POLLOUT by itself if it took something
        unwatch_if_alone();
    }
    put();
    return end;
}

// WATCH_OFF. The word is read first, then the watchers: a join that this look has not seen changes the word after it,
// and the comparison fails. The queue need not be held.
void context::unwatch_if_alone() noexcept {
    const watchers& all = *watchers_.load(base::acquire);
    state_word seen = state_.load(base::acquire);
    while (is_watched(seen) && !is_sealed(seen) && !all.has_watchers()) {
        if (is_held(seen)) // HOLD: the turn of a held word is the hold's. Its taker was left behind by a fork
            seen = end_hold(seen);
        else if (state_.compare_exchange_weak(seen, unwatched(seen), base::acq_rel, base::acquire)) // WATCH_OFF
            return;
    }
}

status context::attach_standing(standing_watcher& given) noexcept {
    watchers* const all = make_watchers();
    if (all == nullptr) return status::no_memory;
    if (!all->standing.attach(given)) return status::no_memory;
    (void)watch(); // STANDING, attach
    return status::ok;
}

void context::detach_standing(const standing_watcher& given) noexcept {
    if (watchers* const all = watchers_.load(base::acquire); all != nullptr) all->standing.detach(given);
}

// A changer saw the mark. It may have outlived the object's last owner: then no entry is left to be called, and
// permanent watchers may be called at any time.
void context::notify(std::uint32_t key) noexcept {
    watchers* const all = watchers_.load(base::acquire);
    if (all == nullptr) return;
    all->standing.each([key](standing_watcher& one) { one.tell(one, key); });
    if (all->entries.has_entries()) [[unlikely]]
        notify_entries(all->entries, key);
}

[[gnu::noinline]] void context::notify_entries(wait_queue& waiters, std::uint32_t key) noexcept {
    if (!refs_.get_unless_zero()) return;
    waiters.wake(key);
    put();
}

// SET_TOP: each signal moves the word, so a thread that drains by comparing notices it, even if others drain and signal
// in between. No thread sleeps on such a context: the turn is free to count signals.
void context::signal_untold() noexcept {
    constexpr state_word turn_mask = state_word{UINT32_MAX} & ~((state_word{1} << turn_shift) - 1);
    state_word seen = state_.load(base::relaxed);
    state_word left = 0;
    do {
        const state_word turn = (seen + (state_word{1} << turn_shift)) & turn_mask;
        left = (with_count(seen, 1) & ~turn_mask) | turn;
    } while (!state_.compare_exchange_weak(seen, left, base::acq_rel, base::relaxed));
    EFD_CHECK(!is_sealed(seen) && !is_held(seen) && !has_sleeper(park_of(seen)) && packed_count(left) == 1);
    seen &= ~state_word{watched_mark};
    if (needs_attention(seen)) after_packed_add(seen, 1, 0);
}

bool context::drain_untold(state_word seen) noexcept {
    EFD_CHECK(!is_sealed(seen) && packed_count(seen) > 0);
    if (!state_.compare_exchange_strong(seen, left_by_read(seen, 0), base::acq_rel, base::acquire)) return false;
    if (has_bell(seen)) tell_bell(poll_out); // LEVEL, unring
    return true;
}

const standing_places* context::standing() const noexcept {
    const watchers* const all = watchers_.load(base::acquire);
    return all == nullptr ? nullptr : &all->standing;
}

void context::release() noexcept {
    if (is_watched(state_.load(base::acquire))) notify(poll_hup);
    put();
}

} // namespace efd::EFD_ABI::core
