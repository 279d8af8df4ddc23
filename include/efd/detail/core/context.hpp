// SPDX-License-Identifier: MIT
// core/context.hpp: the object, one cache line; struct eventfd_ctx of the kernel.
//
// Owns count, marks, futex words, flags, id, reference count and the way to its watchers. Any thread that has a
// reference may make every call; create() and get_unless_zero() need none. Each call says whether a signal handler may
// make it. The fast paths are inline and one locked instruction each; what has to look twice is out of line in
// src/core. Invariant: the state word says what the count is (core/word.hpp). A thread that changes the count wakes the
// sleepers that can go on now. It does not rely on a wake or a ring that another thread has yet to make (E7).
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>
#include <efd/detail/base/export.hpp>
#include <efd/detail/base/order.hpp>
#include <efd/detail/base/status.hpp>
#include <efd/detail/core/count.hpp>
#include <efd/detail/core/kref.hpp>
#include <efd/detail/core/wait_queue_entry.hpp>
#include <efd/detail/core/word.hpp>

#include <cstdint>
#include <limits>
#include <stop_token>

namespace efd::os {
struct futex_wait_key;
} // namespace efd::os

namespace efd::share {
class sets;
class slots;
} // namespace efd::share

namespace efd::watch {
class doorbell;
class set_core;
} // namespace efd::watch

namespace efd::EFD_ABI::core {

inline constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int32_t linger_off = 0;
inline constexpr std::int32_t linger_auto = -1;

/// Whether a call may sleep.
enum class blocking : unsigned char {
    as_flagged, ///< Unless the object has flags::nonblock. A wait_set has no such flag: its calls sleep.
    never,      ///< It says resource_unavailable_try_again instead.
    always,     ///< Whatever the object's flags.
};

// How a call waits: efd::wait_options as the core uses it, with a time in nanoseconds and no copy of the stop token.
struct wait_opts {
    std::int64_t deadline_ns = forever; // CLOCK_MONOTONIC, absolute
    const std::stop_token* stop = nullptr;
    core::blocking blocking = core::blocking::as_flagged;
    bool owner_death = false; // of an object of an arena: `owner_dead` once the last process that signals it was killed
};

// Value and status of a read; the value counts if the status is ok. Returned in registers, so that a caller's variable
// need not live in memory on the fast path.
struct read_result {
    std::uint64_t value;
    base::status status;
};

struct operation;
class cancel_word;
class turn_limit;
class reservation_slot;
struct reserved_object;
enum class reserve_result : unsigned char;
struct doorbell_hook;
struct permanent_watcher;
class watchers;
class trace;
class context;

// What one process alone knows of an object. Of a private object it stands beside the words, in the same cache line; of
// one in shared memory in memory of this process, where no other can change it (src/core/shared_slots.hpp).
struct local_part {
    kref refs;
    int id = -1;
    base::atomic<std::uint32_t> flags{0};
    base::atomic<std::int32_t> linger_us{linger_off};
    base::atomic<std::uint32_t> woken_at{0}; // lower 32 bits of nanoseconds, by the last waker
    base::atomic<std::uint16_t> linger_misses{0};
    base::atomic<std::uint16_t> linger_skips{0};
    base::atomic<std::uintptr_t> watchers{0}; // who hears of changes: src/core/watchers.hpp

    // For a new object; the caller makes its reference after this.
    void begin(unsigned given_flags, int given_id) noexcept;
};

// In which sets of its arena an object stands: src/core/shared_sets.hpp.
struct set_cells {
    base::atomic<std::uint64_t> cell[4];
};

// The second half of an object's line. A private object has there what its process knows of it. Of an object in shared
// memory that is elsewhere, and here are the sets of its arena in which it stands.
union line_half {
    local_part own;
    set_cells joined;
    constexpr line_half() noexcept : own() {}
};
static_assert(sizeof(line_half) == 32 && sizeof(set_cells) == 32);

void mark_in_sets(context& object) noexcept; // src/core/shared_sets.hpp

class alignas(64) context {
  public:
    // A new object with one reference, its id the smallest that is free; null if memory ran out. flags: any of
    // flag_semaphore, flag_nonblock, flag_cloexec (K-001); the caller has checked them. Not for signal handlers.
    EFD_API static context* create(std::uint64_t initval, unsigned flags) noexcept;

    EFD_API void get() noexcept;
    // For a caller that may have outlived the last reference: then false, and no reference is taken. A context's memory
    // stays a context, dead or reborn.
    [[nodiscard]] EFD_API bool get_unless_zero() noexcept;
    // Gives a reference back; the last one frees object and id. Async-signal-safe. One put too many stops the program.
    EFD_API void put() noexcept;

    // Takes all, or one in semaphore mode (K-013, K-014); sleeps at zero unless flag_nonblock (K-018, K-019).
    // invalid never; would_block, interrupted, deadlock as in status.hpp. Async-signal-safe.
    [[nodiscard]] base::status read(std::uint64_t& value) noexcept {
        // One unit in a word without marks is what a reader finds most often. It is taken without a look, which would
        // cost more.
        state_word word = one_unit;
        base::order_release(this); // to a writer that waits for room
        // Pairs with the adds whose units it takes.
        if (state_.compare_exchange_strong(word, 0, base::acq_rel, base::acquire)) [[likely]] {
            base::order_acquire(this);
            value = 1;
            return base::status::ok;
        }
        return hand_over(read_slow(wait_opts{}), value);
    }
    // As read, but the caller says how it waits. With a stop token not for signal handlers.
    [[nodiscard]] base::status read(std::uint64_t& value, const wait_opts& opts) noexcept {
        return hand_over(read_slow(opts), value);
    }
    // As read, but never sleeps; costs one load when there is nothing, and no doorbell that may say otherwise
    // (NOTHING).
    [[nodiscard]] base::status try_read(std::uint64_t& value) noexcept {
        const state_word word = state_.load(base::acquire);
        if (!is_worth_a_read(word)) return base::status::would_block;
        return hand_over(take_now(), value);
    }

    // Takes up to `most`, whatever the mode, and leaves the rest; sleeps at zero as read does. invalid for a most of 0.
    // Async-signal-safe without a stop token.
    [[nodiscard]] base::status read_some(std::uint64_t& value, std::uint64_t most,
                                         const wait_opts& opts = {}) noexcept {
        if (most == 0) [[unlikely]]
            return base::status::invalid;
        return hand_over(read_slow(opts, most), value);
    }
    [[nodiscard]] base::status try_read_some(std::uint64_t& value, std::uint64_t most) noexcept {
        return read_some(value, most, wait_opts{.blocking = blocking::never});
    }

    // Adds n (K-031); sleeps while there is no room unless flag_nonblock (K-037, K-038); invalid for 2^64-1 (K-034).
    // Async-signal-safe.
    [[nodiscard]] base::status write(std::uint64_t n) noexcept {
        if (n > blind_add_max) [[unlikely]]
            return write_slow(n, wait_opts{});
        base::order_release(this);
        const state_word old = state_.fetch_add(n << count_shift, base::acq_rel); // SIGNAL_PARK, publish
        EFD_CHECK(shared() || is_consistent(old));
        if (needs_attention(old)) [[unlikely]]
            return write_attention(old, n);
        return base::status::ok;
    }
    [[nodiscard]] base::status write(std::uint64_t n, const wait_opts& opts) noexcept { return write_slow(n, opts); }
    [[nodiscard]] base::status try_write(std::uint64_t n) noexcept {
        return write_slow(n, wait_opts{.blocking = blocking::never});
    }

    // As write, but a handler with SA_RESTART ends its sleep, too: in a later segment of a vector (K-045).
    [[nodiscard]] base::status write_until_handler(std::uint64_t n) noexcept;

    // Adds one, never blocks, saturates at 2^64-1 (K-133, K-148). Refused, with nothing added, inside a callback: false
    // (K-150). Async-signal-safe.
    bool signal() noexcept {
        if (!signal_allowed()) [[unlikely]]
            return false;
        return signal_deferred();
    }
    // signal for a caller that may be inside a callback: counts at once, wakes sleepers at once, and leaves callbacks
    // to be run after the one that is running. Never refused. Async-signal-safe.
    bool signal_deferred() noexcept {
        base::order_release(this);
        const state_word old = state_.fetch_add(one_unit, base::acq_rel); // SIGNAL_PARK, publish
        EFD_CHECK(shared() || is_consistent(old));
        if (needs_attention(old)) [[unlikely]]
            signal_attention(old, 0);
        return true;
    }
    // signal whose wake key carries `mask` beside poll_in (K-149); the count does not change otherwise.
    EFD_API bool signal_mask(std::uint32_t mask) noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept {
        const state_word word = state_.load(base::acquire);
        if ((word & (sealed_mark | reserved_mark)) != 0) [[unlikely]]
            return count_slow();
        return packed_count(word);
    }
    // What poll(2) would say, of this moment (K-047 to K-057).
    [[nodiscard]] std::uint32_t poll() const noexcept { return poll_mask(count()); }
    [[nodiscard]] EFD_API int id() const noexcept;
    [[nodiscard]] EFD_API unsigned flags() const noexcept;
    [[nodiscard]] EFD_API bool semaphore() const noexcept;
    // Whether it lives in memory that several processes map, which its address says. Such an object has neither a
    // doorbell nor entries, and stands in sets of its arena alone; and no byte of its words is trusted.
    [[nodiscard]] EFD_API bool shared() const noexcept;
    [[nodiscard]] EFD_API std::uint32_t references() const noexcept;

    // O_NONBLOCK on or off; honoured by the next call, not by one that sleeps already (K-089, K-104).
    EFD_API void set_nonblock(bool on) noexcept;
    // How long a reader looks before it sleeps: linger_off, linger_auto, or microseconds.
    EFD_API void set_linger(std::int32_t linger_us) noexcept;

    // Puts an entry into the wait queue, the queue then holding a reference for it. `ready` is what poll said at the
    // step that made later changes visible to the entry: nothing falls between. Waits for no other thread (E7). invalid
    // if it has no callback or is in a queue; no_memory; not_supported for an object in shared memory; or ok. Not for
    // handlers.
    [[nodiscard]] EFD_API base::status add_wait_queue(wait_queue_entry& entry, std::uint32_t& ready) noexcept;
    // After it returned the callback does not run and will not. Waits while another thread runs callbacks of this
    // object, or removes another entry. Inside a callback nothing waits: on the callback's own object it is done at
    // once; on another one that another thread is busy with it says deadlock, and nothing has changed: defer it.
    // invalid if not in this queue.
    EFD_API base::status remove_wait_queue(wait_queue_entry& entry) noexcept;
    // Removes, then reads by the rules of read, in one step as far as the entry's callback can tell (K-152): ok, or
    // would_block with the entry removed all the same and count zero.
    EFD_API base::status remove_wait_queue_and_read(wait_queue_entry& entry, std::uint64_t& count) noexcept;
    // The end of the file above: wakes the queue with poll_hup, then gives the caller's reference back (K-154).
    EFD_API void release() noexcept;

  private:
    friend class watch::doorbell;
    friend class watch::set_core;
    friend class share::sets;
    friend class share::slots;
    friend void mark_in_sets(context& object) noexcept;
    friend class trace;
    friend class context_table;
    friend class context_layout; // the explorer's

    // The doorbell, for watch/ alone; see src/core/watchers.hpp.
    [[nodiscard]] doorbell_hook* hook_of_slot() noexcept;
    [[nodiscard]] doorbell_hook* attach_hook(doorbell_hook& given) noexcept;
    void watch_level() noexcept;
    // For a doorbell that says what poll() says already, while no other thread changes the count.
    void watch_level_without_notify() noexcept;
    void note_ring() noexcept;
    [[nodiscard]] std::uint32_t arm_doorbell(std::uint32_t events) noexcept;
    // For a ring of an armed doorbell: whether one is wanted, `arm` then being the word to give to end_arm after the
    // ring.
    [[nodiscard]] bool wants_ring(std::uint32_t events, state_word& arm) noexcept;
    void end_arm(state_word arm) noexcept;
    // Permanent watchers, for watch/ alone; see src/core/watchers.hpp. no_memory, or ok. Waits for no other thread.
    // After the attachment every change is notified, or is seen by a look that comes after it.
    [[nodiscard]] base::status attach_permanent(permanent_watcher& given) noexcept;
    void detach_permanent(const permanent_watcher& given) noexcept;
    // What else is to be made before a reservation. False: memory ran out.
    [[nodiscard]] bool prepare_reservation() noexcept { return make_watchers() != nullptr; }
    // After a watcher has left: changers need not notify any more, unless another watcher is attached. Not for the
    // context of a set, whose generation counts signals: its mark stays.
    void unwatch_if_alone() noexcept;
    // The context of a set, for watch/ alone: the set itself notifies permanent watchers of its changes.
    // signal_without_notify makes the count one and changes the word; drain_without_notify makes it zero, if the word
    // is still the one given.
    void signal_without_notify() noexcept;
    [[nodiscard]] state_word look() const noexcept { return state_.load(base::acquire); }
    [[nodiscard]] bool drain_without_notify(state_word word) noexcept;
    [[nodiscard]] std::uintptr_t watcher_word() const noexcept;
    // An object of an arena joins a set of the arena, by a value of its cells, and leaves it; src/core/shared_sets.hpp.
    // no_space: it stands in as many as it has cells.
    [[nodiscard]] base::status join_set(std::uint64_t wanted) noexcept;
    void leave_set(std::uint64_t left) noexcept;
    [[nodiscard]] bool stands_in_a_set() const noexcept;
    void clear_cells() noexcept;
    [[nodiscard]] base::atomic<std::uint64_t> (&cells() noexcept)[4] { return half_.joined.cell; }
    [[nodiscard]] const base::atomic<std::uint64_t> (&cells() const noexcept)[4] { return half_.joined.cell; }
    // Taking from several objects in one step, for watch/ alone; see src/core/reservation.hpp.
    [[nodiscard]] reserve_result reserve(const reservation_slot& owner, reserved_object& one) noexcept;
    void release_reservation(const reserved_object& one, bool taken) noexcept;
    void notify_reserved_take(std::uint64_t units) noexcept;
    // Of a sealed object: its count at this moment, as huge_ has it, and what a read would take of that; then the take,
    // if the count is as it was seen.
    struct sealed_look {
        std::uint64_t huge;
        std::uint64_t take;
    };
    [[nodiscard]] sealed_look look_at_sealed(std::uint64_t most) const noexcept;
    [[nodiscard]] bool take_as_seen(const sealed_look& look) noexcept;
    void after_sealed_take() noexcept;
    void linger_before_arming() noexcept { linger(wait_opts{}); }

    // Writes the caller's variable on success alone.
    [[nodiscard]] static base::status hand_over(const read_result& from, std::uint64_t& value) noexcept {
        if (from.status == base::status::ok) value = from.value;
        return from.status;
    }

    // The functions down to init() are in context.cpp. A read that sleeps.
    [[nodiscard]] EFD_API read_result read_slow(const wait_opts& opts) noexcept;
    [[nodiscard]] EFD_API read_result read_slow(const wait_opts& opts, std::uint64_t most) noexcept;
    [[nodiscard]] EFD_API read_result take_now() noexcept;
    [[nodiscard]] base::status wait_for(operation& op, const wait_opts& opts) noexcept;
    [[nodiscard]] base::status sleep_for(operation& op, const wait_opts& opts, cancel_word* own) noexcept;
    [[nodiscard]] base::status try_once(operation& op, os::futex_wait_key* wait_key) noexcept;
    [[nodiscard]] read_result take_or_arrive(os::futex_wait_key* wait_key, std::uint64_t most) noexcept;
    [[nodiscard]] const void* state_futex() const noexcept;
    [[nodiscard]] base::status give_up_wait(operation& op, base::status why) noexcept;
    void clear_stale_asleep(const operation& op) noexcept;

    // A write and a signal.
    [[nodiscard]] EFD_API base::status write_attention(state_word old, std::uint64_t n) noexcept;
    [[nodiscard]] EFD_API base::status write_slow(std::uint64_t n, const wait_opts& opts) noexcept;
    [[nodiscard]] base::status write_slow(std::uint64_t n) noexcept;
    [[nodiscard]] base::status write_as(operation op, const wait_opts& opts) noexcept;
    EFD_API void signal_attention(state_word old, std::uint32_t mask) noexcept;
    [[nodiscard]] base::status add_or_arrive(std::uint64_t n, os::futex_wait_key* wait_key) noexcept;
    void after_packed_add(state_word old, std::uint64_t n, std::uint32_t mask) noexcept;
    void handle_marks_after_add(state_word old, std::uint64_t n) noexcept;

    // Wakes, and a cancel.
    [[nodiscard]] std::uint32_t next_generation() noexcept { return generation_.fetch_add(1, base::relaxed) + 1; }
    void wake_packed(std::uint64_t units) noexcept;
    void wake_parked(base::atomic<park_word>& park, std::uint64_t units) noexcept;
    void wake_left_asleep() noexcept;
    void cancel(const operation& op, cancel_word& own) noexcept;
    void wake_all_for_cancel(const operation& op) noexcept;
    void init(std::uint64_t initval, unsigned flags, int id) noexcept;
    void init_words(std::uint64_t initval) noexcept;
    [[nodiscard]] local_part& local() noexcept; // src/core/shared_slots.hpp
    [[nodiscard]] const local_part& local() const noexcept;
    [[nodiscard]] bool takes_one() const noexcept; // semaphore(), for the library

    // A count while several objects are taken from, in reservation.cpp.
    [[nodiscard]] EFD_API std::uint64_t count_slow() const noexcept;
    state_word end_reservation(state_word word) noexcept;
    [[nodiscard]] base::atomic<std::uint64_t>& reservation() const noexcept;

    // The sealed regime, in sealed.cpp.
    void seal() noexcept;
    [[nodiscard]] base::status take_sealed(std::uint64_t& value, std::uint64_t most) noexcept;
    [[nodiscard]] base::status add_sealed(std::uint64_t n) noexcept;
    [[nodiscard]] read_result take_sealed_or_arrive(os::futex_wait_key* wait_key, std::uint64_t most) noexcept;
    [[nodiscard]] base::status add_sealed_or_arrive(std::uint64_t n, os::futex_wait_key* wait_key) noexcept;
    void signal_sealed(std::uint32_t mask) noexcept;
    void after_sealed_add(std::uint64_t before, std::uint64_t units, std::uint32_t mask) noexcept;
    [[nodiscard]] state_word look_for_watchers() noexcept;
    void notify_sealed_change(std::uint32_t doorbell_key, std::uint32_t key) noexcept;

    // Linger, in linger.cpp.
    void linger(const wait_opts& opts) noexcept;
    void note_wake() noexcept;
    void learn_from_wake() noexcept;

    // Who hears of a change, in watchers.cpp.
    [[nodiscard]] watchers* make_watchers() noexcept;
    [[nodiscard]] bool has_watchers() const noexcept;
    void notify(std::uint32_t key) noexcept;
    void notify_in_arena(std::uint32_t key) noexcept;
    void notify_all(watchers& all, std::uint32_t key) noexcept;
    void notify_entries(wait_queue& entries, std::uint32_t key) noexcept;
    state_word watch() noexcept;
    void notify_found_nothing() noexcept;
    void notify_doorbell(std::uint32_t key) noexcept;
    void notify_held_doorbell(std::uint32_t key) noexcept;

    base::atomic<state_word> state_{0};
    base::atomic<std::uint64_t> huge_{0}; // sealed: count - base modulo 2^64; of a dead context: the next returned id
    base::atomic<park_word> reader_park_{0};
    base::atomic<park_word> writer_park_{0};
    base::atomic<std::uint32_t> generation_{0};   // never set back, not even when the slot is born again
    base::atomic<std::uint16_t> woken_by_cpu_{0}; // a hint for linger, of the last waker

    line_half half_{};
};
static_assert(sizeof(context) == 64 && sizeof(context) - sizeof(line_half) == 32, "an object is one cache line");

} // namespace efd::EFD_ABI::core
