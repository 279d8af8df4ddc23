// SPDX-License-Identifier: MIT
// core/wait_queue.cpp: see wait_queue.hpp; the word is in wait_queue_word.hpp.
//
// QUEUE_BOUND: a holder runs a number of wakes, then lets go although there are more, and looks for a moment whether
// another signaller takes the free queue over. If none does, it takes the queue again. So pending wakes stand in a
// free queue for that moment, or while their thread holds a lock and owes them; any thread that wakes, adds or removes
// in the meantime runs them.
#include "core/wait_queue.hpp"

#include <efd/detail/base/check.hpp>

#include "core/deferred.hpp"
#include "core/fork_repair.hpp"
#include "core/guarded_call.hpp"
#include "core/link_stack.hpp"
#include "core/wait_queue_word.hpp"
#include "os/cpu.hpp"
#include "os/futex.hpp"
#include "os/process.hpp"

#include <algorithm>

namespace efd::EFD_ABI::core {
namespace {

// Wakes that one holder runs before it looks for a successor, and how often it looks. The explorer has
// smaller ones.
#ifdef EFD_ATOMIC_MODEL
constexpr std::uint64_t most_walks = 1;
constexpr int most_looks = 1;
#else
constexpr std::uint64_t most_walks = 64;
constexpr int most_looks = 64;
#endif

// What a thread leaves in a queue to find itself again. In the child of a fork a new thread may have the address of one
// that is not in this process; it was born here.
const void* sign() noexcept {
    if (deferred.born_in.load(base::relaxed) == 0) deferred.born_in.store(os::process_number(), base::relaxed);
    return &deferred;
}
// While one lives its thread sets the mark `owed` of this queue and has not signed yet. For a handler that forks.
class signing {
  public:
    signing(const wait_queue& queue, bool owes) noexcept : outer_(deferred.signing.load(base::relaxed)) {
        if (owes) deferred.signing.store(&queue, base::relaxed);
        base::in_program_order();
    }
    ~signing() {
        base::in_program_order();
        deferred.signing.store(outer_, base::relaxed);
    }
    signing& operator=(signing&&) = delete; // neither copied nor moved

  private:
    const void* outer_;
};

} // namespace

struct wait_queue::pending {
    std::uint64_t in;
    std::uint64_t out;
    bool hup;

    // Of what the word says, no more than `most`.
    static pending of(std::uint64_t word, std::uint64_t most) noexcept {
        const std::uint64_t in = std::min(word & number_mask, most);
        const std::uint64_t out = std::min(word >> out_shift & number_mask, most - in);
        return {in, out, (word & hup_mark) != 0 && in + out < most};
    }
    [[nodiscard]] std::uint64_t number() const noexcept { return in + out + (hup ? 1 : 0); }
    [[nodiscard]] std::uint64_t subtract_from(std::uint64_t word) const noexcept {
        EFD_CHECK(in <= (word & number_mask) && out <= (word >> out_shift & number_mask));
        EFD_CHECK(!hup || (word & hup_mark) != 0);
        return (word - in - (out << out_shift)) & ~(hup ? hup_mark : 0);
    }
};

wait_queue::wait_queue(context& owner) noexcept : context_(owner), right_in_(0) {
    os::tell_forks_apart();
    right_in_.store(os::process_number(), base::relaxed);
}

void wait_queue::repair_in_child() noexcept {
    core::repair_in_child(right_in_, [this](std::uint32_t former) { repair(former); });
}

bool wait_queue::held_by_me() noexcept {
    repair_in_child();
    return holder_.load(base::relaxed) == &deferred;
}

// Leaves a wake in the word for the holder, or takes the queue if it is free: true if this thread holds it now.
// QUEUE_HANDOVER: the wake and the look at `held` are one step; so are the holder's look for wakes and its letting go.
bool wait_queue::leave_wake(std::uint32_t key) noexcept {
    repair_in_child();
    const bool may_run = callbacks_may_run();
    const signing until_signed(*this, !may_run);
    std::uint64_t word = word_.load(base::relaxed);
    std::uint64_t left = 0;
    do {
        left = one_more(word, key);
        if ((word & held_mark) == 0) left |= may_run ? held_mark : owed_mark;
    } while (!word_.compare_exchange_weak(word, left, base::acq_rel, base::relaxed));
    EFD_CHECK((left & pending_mask) != 0 && (left & (held_mark | owed_mark)) != 0); // QUEUE_HANDOVER: a thread runs it
    if ((word & held_mark) != 0) return false;
    if (may_run) {
        holder_.store(sign(), base::relaxed);
        return true;
    }
    if ((word & owed_mark) == 0) note_owed();
    return false;
}

void wait_queue::note_owed() noexcept {
    context_.get();
    owing_.store(sign(), base::relaxed);
    push(deferred.queues, *this, &wait_queue::next_deferred);
}

void wait_queue::wake(std::uint32_t key) noexcept {
    base::order_release(this);
    if (key != poll_in && key != poll_out && key != poll_hup) extra_keys_.fetch_or(key & ~poll_in, base::relaxed);
    if (leave_wake(key)) let_go();
}

bool wait_queue::hold() noexcept {
    std::uint64_t word = word_.load(base::relaxed);
    for (;;) {
        if ((word & held_mark) == 0) {
            // QUEUE_HANDOVER, hold
            if (!word_.compare_exchange_weak(word, word | held_mark, base::acq_rel, base::relaxed)) continue;
            holder_.store(sign(), base::relaxed);
            base::order_acquire(this);
            return true;
        }
        if (in_callback != 0) return false;
        const std::uint32_t gate = gate_.load(base::acquire); // QUEUE_GATE: read before the mark is made
        // QUEUE_GATE, contended
        if (!word_.compare_exchange_weak(word, word | contended_mark, base::acq_rel, base::relaxed)) continue;
        // However this ends, the loop looks again; a signal handler that ran meanwhile does not matter.
        (void)os::futex_wait(&gate_, gate, forever, os::futex_scope::one_process);
        word = word_.load(base::relaxed);
    }
}

// Runs what is pending, then lets go. Inside a callback of another object or under a lock nothing may run: it is owed.
// What exceeds one holder's share is left to the next.
void wait_queue::let_go() noexcept {
    const bool may_run = callbacks_may_run();
    std::uint64_t walks_left = most_walks;
    std::uint64_t word = word_.load(base::acquire);
    for (;;) {
        EFD_CHECK((word & held_mark) != 0);
        const bool more = (word & pending_mask) != 0;
        if (more && may_run && walks_left > 0) {
            const pending some = pending::of(word, walks_left);
            EFD_CHECK(some.number() > 0 && some.number() <= walks_left);
            running_ = some.number(); // FORK: before the step
            base::in_program_order();
            // QUEUE_JOIN, take wakes
            if (!word_.compare_exchange_weak(word, some.subtract_from(word), base::acq_rel, base::acquire)) continue;
            run(some);
            running_ = 0;
            walks_left -= some.number();
            word = word_.load(base::acquire);
            continue;
        }
        const std::uint64_t owed = more && !may_run ? owed_mark : 0;
        const signing until_signed(*this, owed != 0);
        holder_.store(nullptr, base::relaxed);
        base::order_release(this);
        if (!word_.compare_exchange_weak(word, (word & (pending_mask | owed_mark)) | owed, base::acq_rel,
                                         base::acquire)) { // QUEUE_HANDOVER
            holder_.store(sign(), base::relaxed);
            continue;
        }
        open_gate(word);
        if ((owed & ~word) != 0) note_owed();
        if (!more || !may_run || !take_again()) break; // QUEUE_BOUND
        walks_left = most_walks;
        word = word_.load(base::acquire);
    }
    if (may_run) run_deferred();
}

void wait_queue::open_gate(std::uint64_t word) noexcept {
    if ((word & contended_mark) == 0) return;
    gate_.fetch_add(1, base::release); // QUEUE_GATE
    os::futex_wake_and_count(&gate_, os::everybody, os::futex_scope::one_process);
}

// Wakes were left in the free queue. False: another thread has come for them.
bool wait_queue::take_again() noexcept {
    std::uint64_t word = word_.load(base::relaxed);
    for (int look = 0; look < most_looks; ++look) {
        if ((word & held_mark) != 0 || (word & pending_mask) == 0) return false;
        os::relax_cpu();
        word = word_.load(base::relaxed);
    }
    do {
        if ((word & held_mark) != 0 || (word & pending_mask) == 0) return false;
    } while (!word_.compare_exchange_weak(word, word | held_mark, base::acq_rel, base::relaxed)); // QUEUE_BOUND, again
    holder_.store(sign(), base::relaxed);
    return true;
}

// Comes back for what this thread owes; if another thread holds the queue, it runs that, or owes it itself.
void wait_queue::run_owed() noexcept {
    context& owner = context_;
    owing_.store(nullptr, base::relaxed);
    std::uint64_t word = word_.load(base::relaxed);
    bool takes = false;
    do {
        takes = (word & held_mark) == 0 && (word & pending_mask) != 0;
    } while (!word_.compare_exchange_weak(word, (word & ~owed_mark) | (takes ? held_mark : 0), base::acq_rel,
                                          base::relaxed)); // QUEUE_OWED
    if (takes) {
        holder_.store(sign(), base::relaxed);
        let_go();
    }
    owner.put(); // last touch
}

void wait_queue::run(const pending& wakes) noexcept {
    base::order_acquire(this);
    const std::uint32_t extra = wakes.in > 0 ? extra_keys_.exchange(0, base::relaxed) : 0;
    const auto note = [](walk_count& of, std::uint64_t more) {
        of.taken.store(of.taken.load(base::relaxed) + more, base::release); // QUEUE_JOIN, taken
    };
    note(after_write_, wakes.in);
    note(after_read_, wakes.out + (wakes.hup ? 1 : 0));
    take_in_joined();            // of all that joined before these wakes
    EFD_CHECK(in_callback == 0); // callbacks do not nest
    ++in_callback;
    for (std::uint64_t i = 0; i < wakes.in; ++i) walk(poll_in | extra);
    for (std::uint64_t i = 0; i < wakes.out; ++i) walk(poll_out);
    if (wakes.hup) walk(poll_hup);
    EFD_CHECK(in_callback == 1);
    --in_callback;
}

// One wake: calls every entry that the key concerns, exclusive ones until one accepts (K-156). A callback may remove
// any entry, even its own, and add others; those wait for the next wake. Wakes after writes and wakes after reads are
// counted apart, since a later one of the first kind may run before an earlier one of the second.
void wait_queue::walk(std::uint32_t key) noexcept {
    const bool after_write = (key & poll_in) != 0;
    walk_count& count = after_write ? after_write_ : after_read_;
    const std::uint64_t this_walk = ++count.walked;
    EFD_CHECK(cursor_ == nullptr && has_both_ends());
    cursor_ = head_;
    while (cursor_ != nullptr) {
        wait_queue_entry& entry = *cursor_;
        EFD_CHECK(is_linked_well(entry));
        cursor_ = entry.next;
        const bool is_older = this_walk <= (after_write ? entry.last_write : entry.last_read);
        if ((entry.mask & key) == 0 || is_older) continue;
        const bool exclusive = entry.exclusive; // the entry may be gone after its callback
        const int taken = call_guarded([&] { return entry.callback(entry, key); });
        if (taken < 0 || (taken > 0 && exclusive)) break;
    }
    cursor_ = nullptr;
}

// QUEUE_JOIN. The number of the last earlier wake: those taken out of the word, plus those in it. A holder that takes
// some out between the two looks makes the number too low: then the entry hears of these, too.
void wait_queue::join(wait_queue_entry& entry) noexcept {
    EFD_CHECK(entry.callback != nullptr && entry.queue == nullptr && !entry.is_linked);
    const std::uint64_t writes = after_write_.taken.load(base::acquire);
    const std::uint64_t reads = after_read_.taken.load(base::acquire);
    const pending left = pending::of(word_.load(base::acquire), ~std::uint64_t{0});
    entry.last_write = writes + left.in;
    entry.last_read = reads + left.out + (left.hup ? 1 : 0);
    entry.queue = this;
    wait_queue_entry* newest = joining_.load(base::relaxed);
    do {
        entry.next = newest;
    } while (!joining_.compare_exchange_weak(newest, &entry, base::release, base::relaxed)); // QUEUE_JOIN, push
}

// By the holder. has_entries() stays true throughout: the flag is set before the list is taken.
void wait_queue::take_in_joined() noexcept {
    wait_queue_entry* newest = joining_.load(base::relaxed);
    if (newest == nullptr) return;
    has_entries_.store(true, base::relaxed);
    do {
        arrived_ = newest; // FORK: before the step, so that the child finds them
    } while (!joining_.compare_exchange_weak(newest, nullptr, base::acq_rel, base::relaxed)); // QUEUE_JOIN, take in
    link_arrived();
}

// In the order in which they came. Each stays in the chain of the newer ones until it is linked.
void wait_queue::link_arrived() noexcept {
    wait_queue_entry* oldest = nullptr;
    for (wait_queue_entry* one = arrived_; one != nullptr && !one->is_linked; one = one->next) {
        one->previous = oldest;
        oldest = one;
    }
    while (oldest != nullptr) {
        wait_queue_entry* const newer = oldest->previous;
        link(*oldest);
        oldest = newer;
    }
    base::in_program_order();
    arrived_ = nullptr;
}

// As in the kernel, exclusive entries queue up at the tail, all others at the head.
void wait_queue::link(wait_queue_entry& entry) noexcept {
    EFD_CHECK(!entry.is_linked && entry.queue == this && has_both_ends());
    entry.next = entry.exclusive ? nullptr : head_;
    entry.previous = entry.exclusive ? tail_ : nullptr;
    base::in_program_order();
    (entry.previous != nullptr ? entry.previous->next : head_) = &entry; // FORK: from here on it is in the list
    base::in_program_order();
    (entry.next != nullptr ? entry.next->previous : tail_) = &entry;
    entry.is_linked = true;
    EFD_CHECK(is_linked_well(entry));
}

void wait_queue::let_leave(wait_queue_entry& entry) noexcept {
    entry.next = nullptr;
    entry.previous = nullptr;
    entry.is_linked = false;
    entry.queue = nullptr;
}

void wait_queue::remove(wait_queue_entry& entry) noexcept {
    EFD_CHECK(is_linked_well(entry));
    if (cursor_ == &entry) cursor_ = entry.next;
    leaving_ = &entry;
    base::in_program_order();
    (entry.previous != nullptr ? entry.previous->next : head_) = entry.next; // FORK: from here on it has left
    base::in_program_order();
    (entry.next != nullptr ? entry.next->previous : tail_) = entry.previous;
    let_leave(entry);
    base::in_program_order();
    leaving_ = nullptr;
    EFD_CHECK(has_both_ends());
    if (head_ == nullptr) has_entries_.store(false, base::relaxed);
}

} // namespace efd::EFD_ABI::core
