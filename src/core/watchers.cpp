// SPDX-License-Identifier: MIT
// core/watchers.cpp: who hears of a change: how watchers join, are notified, and leave.
//
// In this order: a change; entries of the wait queue; permanent watchers; the doorbell; a set's own context.
//
// The mark `watched` in the state word says to changers that a watcher has joined. Each watcher that joins sets it, by
// a step that also gives poll's answer. So no unit falls between that answer and the entry's first call (WATCH); a unit
// may be in both, as with poll. A join waits for no thread, and no lock guards the number of watchers. So each join
// leaves a new value of the word, and the last watcher to leave clears the mark by comparing (WATCH_OFF). May be called
// from any thread; what a change calls, and arm_doorbell, also from signal handlers.
#include "core/watchers.hpp"

#include <efd/detail/base/check.hpp>
#include <efd/detail/core/context.hpp>

#include "core/shared_slots.hpp"
#include "core/trace.hpp"

#include <new>

namespace efd::EFD_ABI::core {

using base::status;

namespace {

// Watchers stay with their slots for ever; this list of all that were made is how leak checkers find them.
base::atomic<watchers*> all_watchers{nullptr};

} // namespace

// The watchers of this slot, made when first asked for; null if memory ran out.
watchers* context::make_watchers() noexcept {
    base::atomic<std::uintptr_t>& word = local().watchers;
    std::uintptr_t found = word.load(base::acquire);
    if (watchers* const existing = all_in(found); existing != nullptr) return existing;
    auto* const made = new (std::nothrow) watchers(*this);
    if (made == nullptr) return nullptr;
    do {
        made->permanent.begin_with(lone_in(found));
        // LONE_WATCHER, joined by others: pairs with each look at watchers
        if (word.compare_exchange_weak(found, word_of(*made), base::acq_rel, base::acquire)) break;
        if (watchers* const existing = all_in(found); existing != nullptr) {
            delete made; // another thread was first
            return existing;
        }
    } while (true);
    made->next_made = all_watchers.load(base::relaxed);
    while (!all_watchers.compare_exchange_weak(made->next_made, made, base::relaxed, base::relaxed)) {
    }
    return made;
}

// ---- A change.

// The changer saw the mark, which is set after the watchers are made. It may have outlived the object's last owner.
// Then no entry is left to be called, and permanent watchers may be called at any time.
void context::notify(std::uint32_t key) noexcept {
    if (is_in_shared_range(this)) [[unlikely]]
        return notify_in_arena(key);
    const std::uintptr_t word = half_.own.watchers.load(base::acquire); // 0: the last one has left
    if (permanent_watcher* const lone = lone_in(word); lone != nullptr) return lone->on_change(*lone, key);
    if (watchers* const all = all_in(word); all != nullptr) notify_all(*all, key);
}

// Not part of notify(), which then needs no frame where one set watches; so are the other functions here that are not
// inlined.
[[gnu::noinline]] void context::notify_in_arena(std::uint32_t key) noexcept {
    // LAST_PUT: the unit may be taken, and the object be gone, and its arena; the reference keeps them.
    if ((key & poll_in) == 0 || !get_unless_zero()) return;
    mark_in_sets(*this);
    put();
}

[[gnu::noinline]] void context::notify_all(watchers& all, std::uint32_t key) noexcept {
    all.permanent.each([key](permanent_watcher& one) { one.on_change(one, key); });
    if (all.entries.has_entries()) [[unlikely]]
        notify_entries(all.entries, key);
}

[[gnu::noinline]] void context::notify_entries(wait_queue& entries, std::uint32_t key) noexcept {
    if (!local().refs.get_unless_zero()) return;
    entries.wake(key);
    put();
}

void context::notify_doorbell(std::uint32_t key) noexcept {
    if (!local().refs.get_unless_zero()) return;
    notify_held_doorbell(key);
    put();
}

void context::notify_held_doorbell(std::uint32_t key) noexcept {
    const watchers* const all = all_in(watcher_word());
    if (all == nullptr) return;
    if (doorbell_hook* const hook = all->attached_hook.load(base::acquire); hook != nullptr)
        hook->on_change(*hook, *this, key);
}

// NOTHING. The caller is a reader, and its reference keeps the object alive.
void context::notify_found_nothing() noexcept {
    if (has_doorbell(state_.load(base::acquire))) notify_held_doorbell(doorbell_hook::found_nothing);
}

void context::release() noexcept {
    if (is_watched(state_.load(base::acquire))) notify(poll_hup);
    put();
}

// ---- Entries of the wait queue.

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
    queue_holder& operator=(queue_holder&&) = delete; // neither copied nor moved

  private:
    wait_queue& queue_;
    bool nested_;
    bool held_;
};

} // namespace

// Makes the mark, and returns what the word was.
state_word context::watch() noexcept {
    const std::uint32_t generation = next_generation();
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    do {
        if (!turns.again()) return state_.fetch_or(watched_mark, base::acq_rel); // WATCH, mark
        // RESERVE: the generation of a reserved object is the reservation's.
        if (is_reserved(word)) word = end_reservation(word);
    } while (!state_.compare_exchange_weak(word, with_watcher(word, generation), base::acq_rel,
                                           base::acquire)); // WATCH, mark
    return word;
}

status context::add_wait_queue(wait_queue_entry& entry, std::uint32_t& ready) noexcept {
    if (shared()) return status::not_supported;
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
    watchers* const all = all_in(watcher_word());
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
    watchers* const all = all_in(watcher_word());
    count = 0;
    if (all == nullptr) return status::invalid;
    status result = status::would_block;
    {
        const queue_holder holder(all->entries);
        if (!holder.held()) return status::deadlock;
        if (!all->entries.contains(entry)) return status::invalid;
        all->entries.remove(entry);
        result = hand_over(take_now(), count); // wakes POLLOUT by itself if it took something
        unwatch_if_alone();
    }
    put();
    return result;
}

// WATCH_OFF. The word is read first, then the watchers: a join that this look has not seen changes the word after it,
// and the comparison fails. The queue need not be held.
void context::unwatch_if_alone() noexcept {
    turn_limit turns(*this);
    state_word word = state_.load(base::acquire);
    // RESERVE: the generation of a reserved object is the reservation's. A set that takes from it watches it, too.
    while (is_watched(word) && !is_sealed(word) && !is_reserved(word) && !has_watchers() && turns.again())
        if (state_.compare_exchange_weak(word, without_watcher(word), base::acq_rel, base::acquire))
            return; // WATCH_OFF
}

bool context::has_watchers() const noexcept {
    return is_in_shared_range(this) ? stands_in_a_set() : has_any(half_.own.watchers.load(base::acquire));
}

// ---- Permanent watchers.

status context::attach_permanent(permanent_watcher& given) noexcept {
    if (shared()) return status::not_supported;
    std::uintptr_t nobody = 0;
    // LONE_WATCHER, attach
    if (!half_.own.watchers.compare_exchange_strong(nobody, word_of(given), base::acq_rel, base::acquire)) {
        watchers* const all = make_watchers();
        if (all == nullptr || !all->permanent.attach(given)) return status::no_memory;
    }
    (void)watch(); // PERMANENT, attach
    return status::ok;
}

void context::detach_permanent(const permanent_watcher& given) noexcept {
    std::uintptr_t word = word_of(given);
    // LONE_WATCHER, detach: fails if another watcher has joined and moved this one into a cell
    if (half_.own.watchers.compare_exchange_strong(word, 0, base::acq_rel, base::acquire)) return;
    if (watchers* const all = all_in(word); all != nullptr) all->permanent.detach(given);
}

std::uintptr_t context::watcher_word() const noexcept { return local().watchers.load(base::acquire); }

permanent_watchers::~permanent_watchers() {
    for (block* one = more_.load(base::relaxed); one != nullptr;) {
        block* const after = one->next.load(base::relaxed);
        delete one;
        one = after;
    }
}

template <class Question>
base::atomic<permanent_watcher*>* permanent_watchers::cell_where(Question wanted) noexcept {
    if (wanted(first_)) return &first_;
    for (block* more = more_.load(base::acquire); more != nullptr; more = more->next.load(base::acquire))
        for (auto& cell : more->cells)
            if (wanted(cell)) return &cell;
    return nullptr;
}

// PERMANENT. A free cell is claimed and filled by one step. If none is free, a block that contains this watcher is put
// in front of the others.
bool permanent_watchers::attach(permanent_watcher& given) noexcept {
    EFD_CHECK(given.on_change != nullptr);
    const auto claim = [&given](base::atomic<permanent_watcher*>& cell) {
        permanent_watcher* nobody = cell.load(base::relaxed);
        return nobody == nullptr && cell.compare_exchange_strong(nobody, &given, base::release, base::relaxed);
    };
    if (cell_where(claim) != nullptr) return true;
    auto* const fresh = new (std::nothrow) block;
    if (fresh == nullptr) return false;
    fresh->cells[0].store(&given, base::relaxed);
    block* others = more_.load(base::relaxed);
    do {
        fresh->next.store(others, base::relaxed);
    } while (!more_.compare_exchange_weak(others, fresh, base::release, base::relaxed)); // PERMANENT, block
    return true;
}

bool permanent_watchers::detach(const permanent_watcher& given) noexcept {
    auto* const cell =
        cell_where([&given](base::atomic<permanent_watcher*>& one) { return one.load(base::relaxed) == &given; });
    if (cell == nullptr) return false;
    cell->store(nullptr, base::relaxed);
    return true;
}

bool permanent_watchers::empty() const noexcept {
    bool none = true;
    each([&none](const permanent_watcher& /*one*/) { none = false; });
    return none;
}

// ---- The doorbell.
//
// LEVEL: the add that finds `armed` rings before it clears the mark, so a thread that finds the mark clear knows that
// the ring is done. The read that reaches zero sets the mark again in the same step on the word, and silences after it.
// Both notify the doorbell after their step, and the doorbell itself looks at the count (watch/doorbell.cpp): its last
// look comes after the last step.

doorbell_hook* context::hook_of_slot() noexcept {
    const watchers* const all = all_in(watcher_word());
    return all == nullptr ? nullptr : all->attached_hook.load(base::acquire);
}

// The doorbell of this slot: the one given, unless another thread was first; null if memory ran out.
doorbell_hook* context::attach_hook(doorbell_hook& given) noexcept {
    EFD_CHECK(given.on_change != nullptr);
    watchers* const all = make_watchers();
    if (all == nullptr) return nullptr;
    doorbell_hook* hook = nullptr;
    // Pairs with hook_of_slot().
    if (all->attached_hook.compare_exchange_strong(hook, &given, base::acq_rel, base::acquire)) return &given;
    return hook;
}

// From here on the doorbell is notified.
void context::watch_level() noexcept {
    state_.fetch_or(armed_mark, base::acq_rel); // LEVEL, attach
    notify_doorbell(0);
}

// LEVEL, attach. No other thread knows this object yet. A late signaller of the slot's former object changes a word
// only if it shows a sleeper or an arm, and this one shows neither.
void context::watch_level_without_notify() noexcept {
    state_.store(state_.load(base::relaxed) | armed_mark, base::release);
}

// The doorbell has rung for a count above zero: adds need not notify it any more.
void context::note_ring() noexcept {
    state_word word = state_.load(base::acquire);
    while (is_armed(word) && !is_sealed(word) && packed_count(word) > 0) {
        if (state_.compare_exchange_weak(word, after_ring(word), base::acq_rel, base::acquire)) return; // LEVEL, rung
    }
}

// ARM: the mark is made on a count of zero, or the answer is that something is ready. When sealed, mark and count are
// two words: the mark comes first, then the look, as changers commit first and then step on the mark's word.
std::uint32_t context::arm_doorbell(std::uint32_t events) noexcept {
    if (is_traced()) trace::armed(*this, events);
    state_word word = state_.load(base::acquire);
    while (!is_sealed(word)) {
        if (is_reserved(word)) {
            word = end_reservation(word);
            continue;
        }
        const std::uint32_t ready = poll_mask(packed_count(word)) & events;
        if (ready != 0) return ready;
        const std::uint32_t generation = has_sleeper(park_of(word)) ? 0 : next_generation();
        EFD_CHECK(is_armed(with_arm(word, generation)) && is_consistent(with_arm(word, generation)));
        if (state_.compare_exchange_weak(word, with_arm(word, generation), base::acq_rel, base::acquire))
            return 0; // ARM, mark
    }
    if (const std::uint32_t ready = poll() & events; ready != 0) return ready;
    while (!state_.compare_exchange_weak(word, with_arm(word, 0), base::acq_rel, base::acquire)) { // ARM, sealed
    }
    return poll() & events; // the mark stays: another may have armed beside us, for other events
}

// A ring is wanted for what holds now. For room it is wanted only in a sealed word, since a packed one always has room.
// An arm whose mark is gone has had its ring, since the mark goes after it.
bool context::wants_ring(std::uint32_t events, state_word& arm) noexcept {
    arm = state_.load(base::acquire);
    if (!is_armed(arm) || (events == poll_out && !is_sealed(arm)) || (poll() & events) == 0) return false;
    note_wake();
    return true;
}

// The ring for this arm is made, so later adds need not ring. If the mark may be of another arm it stays: that costs
// one useless ring.
void context::end_arm(state_word arm) noexcept {
    EFD_CHECK(is_armed(arm));
    state_word word = arm;
    while (is_same_arm(word, arm) &&
           !state_.compare_exchange_weak(word, without_arm(word), base::acq_rel, base::acquire)) { // ARM, rung
    }
}

// ---- The context of a set.

// SET_TOP: each signal moves the word, so a thread that drains by comparing notices it, even if others drain and signal
// in between. No thread sleeps on such a context: the generation is free to count signals.
void context::signal_without_notify() noexcept {
    constexpr state_word generation_mask = state_word{UINT32_MAX} & ~((state_word{1} << generation_shift) - 1);
    state_word word = state_.load(base::relaxed);
    state_word left = 0;
    do {
        const state_word generation = (word + (state_word{1} << generation_shift)) & generation_mask;
        left = (with_count(word, 1) & ~generation_mask) | generation;
    } while (!state_.compare_exchange_weak(word, left, base::acq_rel, base::relaxed));
    EFD_CHECK(!is_sealed(word) && !is_reserved(word) && !has_sleeper(park_of(word)) && packed_count(left) == 1);
    word &= ~state_word{watched_mark};
    if (needs_attention(word)) after_packed_add(word, 1, 0);
}

bool context::drain_without_notify(state_word word) noexcept {
    EFD_CHECK(!is_sealed(word) && packed_count(word) > 0);
    // SET_TOP, drain
    if (!state_.compare_exchange_strong(word, after_read(word, 0), base::acq_rel, base::acquire)) return false;
    if (has_doorbell(word)) notify_doorbell(poll_out); // LEVEL, unring
    return true;
}

} // namespace efd::EFD_ABI::core
