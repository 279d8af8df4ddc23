// core/wait_queue.cpp: see wait_queue.hpp.
//
// The word: bit 63 held, bit 62 contended (somebody sleeps at the gate), bit 60 a hang-up to run, bits 30..59 wakes
// after a read, bits 0..29 wakes after a write. Numbers stop at their top: a thousand million wakes that pile up behind
// one callback become one.
//
//     bit        set by                     cleared by               wrongly set   wrongly clear
//     held       who finds it clear         the holder               never         never
//     contended  who waits for the holder   the holder, letting go   yes: a wake   never
#include "core/wait_queue.hpp"

#include "os/futex.hpp"

namespace efd::core {
namespace {

constexpr std::uint64_t held_mark = std::uint64_t{1} << 63;
constexpr std::uint64_t contended_mark = std::uint64_t{1} << 62;
constexpr std::uint64_t hup_mark = std::uint64_t{1} << 60;
constexpr int out_shift = 30;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << 30) - 1;
constexpr std::uint64_t pending_mask = number_mask | number_mask << out_shift | hup_mark;

constexpr int shift_of(std::uint32_t key) noexcept { return (key & poll_in) != 0 ? 0 : out_shift; }
constexpr std::uint64_t one_more(std::uint64_t word, std::uint32_t key) noexcept {
    if ((key & (poll_in | poll_out)) == 0) return word | hup_mark;
    const std::uint64_t number = word >> shift_of(key) & number_mask;
    return number == number_mask ? word : word + (std::uint64_t{1} << shift_of(key));
}
static_assert(one_more(0, poll_in) == 1);
static_assert(one_more(held_mark, poll_out) == (held_mark | std::uint64_t{1} << out_shift));
static_assert(one_more(0, poll_in | poll_out) == 1); // signal_mask: the mask is not the kind
static_assert(one_more(number_mask, poll_in) == number_mask);
static_assert(one_more(5, poll_hup) == (hup_mark | 5));

// What this thread holds back while a callback runs. A signal handler may push between any two instructions, so both
// lists are taken and pushed by single atomic steps; no other thread sees them. The mark is a whole word, since riscv64
// would exchange a byte by a call of libatomic.
struct held_back_lists {
    base::atomic<wait_queue*> queues{nullptr};
    base::atomic<deferred_work*> works{nullptr};
    base::atomic<std::uint32_t> draining{0};
};
constinit thread_local held_back_lists held_back __attribute__((tls_model("initial-exec")));

const void* this_thread() noexcept { return &held_back; }

template <class Node, class Next>
void push(base::atomic<Node*>& list, Node& node, Next Node::* next) noexcept {
    Node* top = list.load(base::relaxed);
    do {
        node.*next = top;
    } while (!list.compare_exchange_weak(top, &node, base::relaxed, base::relaxed));
}

template <class Node, class Next>
Node* take_in_order(base::atomic<Node*>& list, Next Node::* next) noexcept {
    Node* newest = list.exchange(nullptr, base::relaxed);
    Node* oldest = nullptr;
    while (newest != nullptr) {
        Node* const after = newest->*next;
        newest->*next = oldest;
        oldest = newest;
        newest = after;
    }
    return oldest;
}

bool anything_held_back() noexcept {
    return held_back.queues.load(base::relaxed) != nullptr || held_back.works.load(base::relaxed) != nullptr;
}

// Runs what was held back, until nothing is; what that causes is drained by this same loop, so nothing nests. A signal
// handler that finds us draining leaves its own to us, hence the look after we said that we are done.
void drain_held_back() noexcept {
    while (anything_held_back() && held_back.draining.exchange(1, base::acq_rel) == 0) {
        wait_queue* queue = take_in_order(held_back.queues, &wait_queue::next_held_back);
        deferred_work* work = take_in_order(held_back.works, &deferred_work::next);
        while (queue != nullptr) {
            wait_queue* const after = queue->next_held_back; // the queue's object may die with its last wake
            queue->run_held_back();
            queue = after;
        }
        while (work != nullptr) {
            deferred_work* const after = work->next; // the work may free itself
            work->callback(*work);
            work = after;
        }
        held_back.draining.exchange(0, base::acq_rel);
    }
}

} // namespace

constinit thread_local unsigned in_callback = 0;

void defer(deferred_work& work) noexcept {
    if (signal_allowed()) return work.callback(work);
    push(held_back.works, work, &deferred_work::next);
}

struct wait_queue::pending {
    std::uint64_t in;
    std::uint64_t out;
    bool hup;
};

bool wait_queue::held_by_me() const noexcept { return holder_.load(base::relaxed) == this_thread(); }

// Leaves a wake in the word; true if nobody held the queue, which then is held by the caller. QUEUE_HANDOVER: the wake
// and the look at `held` are one step, and so are the holder's look for wakes and its letting go.
bool wait_queue::leave_wake(std::uint32_t key) noexcept {
    std::uint64_t seen = word_.load(base::relaxed);
    while (!word_.compare_exchange_weak(seen, one_more(seen, key) | held_mark, base::acq_rel, base::relaxed)) {
    }
    if ((seen & held_mark) != 0) return false;
    holder_.store(this_thread(), base::relaxed);
    return true;
}

void wait_queue::wake(std::uint32_t key) noexcept {
    if (key != poll_in && key != poll_out && key != poll_hup) extra_keys_.fetch_or(key & ~poll_in, base::relaxed);
    if (leave_wake(key)) let_go();
}

bool wait_queue::hold() noexcept {
    std::uint64_t seen = word_.load(base::relaxed);
    for (;;) {
        if ((seen & held_mark) == 0) {
            if (!word_.compare_exchange_weak(seen, seen | held_mark, base::acq_rel, base::relaxed)) continue;
            holder_.store(this_thread(), base::relaxed);
            return true;
        }
        if (in_callback != 0) return false;
        const std::uint32_t gate = gate_.load(base::acquire); // QUEUE_GATE: read before the mark is made
        if (!word_.compare_exchange_weak(seen, seen | contended_mark, base::acq_rel, base::relaxed)) continue;
        // However this ends, the loop looks again; a signal handler that ran meanwhile is nobody's business here.
        (void)os::futex_wait(&gate_, gate, forever, os::futex_scope::one_process);
        seen = word_.load(base::relaxed);
    }
}

// Runs what is pending, then lets go; inside a callback of another object both are held back until that returned.
void wait_queue::let_go() noexcept {
    if (in_callback != 0) {
        context_.get();
        return push(held_back.queues, *this, &wait_queue::next_held_back);
    }
    std::uint64_t seen = word_.load(base::acquire);
    for (;;) {
        if ((seen & pending_mask) != 0) {
            if (!word_.compare_exchange_weak(seen, seen & ~pending_mask, base::acq_rel, base::acquire)) continue;
            run(pending{seen & number_mask, seen >> out_shift & number_mask, (seen & hup_mark) != 0});
            seen = word_.load(base::acquire);
            continue;
        }
        holder_.store(nullptr, base::relaxed);
        if (word_.compare_exchange_weak(seen, 0, base::acq_rel, base::acquire)) break; // QUEUE_HANDOVER
        holder_.store(this_thread(), base::relaxed);
    }
    if ((seen & contended_mark) != 0) {
        gate_.fetch_add(1, base::release); // QUEUE_GATE
        os::futex_wake_and_count(&gate_, os::everybody, os::futex_scope::one_process);
    }
    drain_held_back();
}

void wait_queue::run_held_back() noexcept {
    context& owner = context_;
    let_go();
    owner.put(); // last touch
}

void wait_queue::run(const pending& wakes) noexcept {
    const std::uint32_t extra = wakes.in > 0 ? extra_keys_.exchange(0, base::relaxed) : 0;
    rest_of_batch_ = wakes.in + wakes.out + (wakes.hup ? 1 : 0);
    ++in_callback;
    for (std::uint64_t i = 0; i < wakes.in; ++i) walk(poll_in | extra);
    for (std::uint64_t i = 0; i < wakes.out; ++i) walk(poll_out);
    if (wakes.hup) walk(poll_hup);
    --in_callback;
}

// One wake: every entry that the key concerns, exclusive ones until one accepts (K-156). A callback may remove any
// entry, its own among them, and add others; those wait for the next wake.
void wait_queue::walk(std::uint32_t key) noexcept {
    const std::uint64_t this_walk = ++walks_;
    --rest_of_batch_;
    cursor_ = head_;
    while (cursor_ != nullptr) {
        wait_queue_entry& entry = *cursor_;
        cursor_ = entry.next;
        if ((entry.mask & key) == 0 || entry.joined_walk >= this_walk) continue;
        const bool exclusive = entry.exclusive; // the entry may be gone after its callback
        const int taken = entry.callback(entry, key);
        if (taken < 0 || (taken > 0 && exclusive)) break;
    }
    cursor_ = nullptr;
}

// As in the kernel, who is exclusive queues up at the tail, everybody else at the head.
void wait_queue::add(wait_queue_entry& entry) noexcept {
    const std::uint64_t word = word_.load(base::relaxed);
    const std::uint64_t hups = (word & hup_mark) != 0 ? 1 : 0;
    const std::uint64_t left = (word & number_mask) + (word >> out_shift & number_mask) + hups;
    entry.joined_walk = walks_ + rest_of_batch_ + left;
    entry.queue = this;
    entry.next = entry.exclusive ? nullptr : head_;
    entry.previous = entry.exclusive ? tail_ : nullptr;
    (entry.next != nullptr ? entry.next->previous : tail_) = &entry;
    (entry.previous != nullptr ? entry.previous->next : head_) = &entry;
    has_entries_.store(true, base::relaxed);
}

void wait_queue::remove(wait_queue_entry& entry) noexcept {
    if (cursor_ == &entry) cursor_ = entry.next;
    (entry.next != nullptr ? entry.next->previous : tail_) = entry.previous;
    (entry.previous != nullptr ? entry.previous->next : head_) = entry.next;
    entry.next = nullptr;
    entry.previous = nullptr;
    entry.queue = nullptr;
    if (head_ == nullptr) has_entries_.store(false, base::relaxed);
}

} // namespace efd::core
