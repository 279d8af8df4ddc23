// SPDX-License-Identifier: MIT
// core/shared_slots.hpp: objects in memory that other processes map, too; found by their address.
//
// All such memory is mapped into one range of addresses (share/range.cpp reserves it and fills in this table). What a
// process alone knows of an object (references, flags, how it lingers) is in memory of its own, beside the mapping: a
// peer can write any byte of the slot, and none of that. The table is written while no object of the window exists, and
// read from any thread and from signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include "core/looks.hpp"
#include "core/shared_sets.hpp"
#include "os/clock.hpp"
#include "os/futex.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::EFD_ABI::core {

inline constexpr unsigned window_shift = 20; // a window is 1 MiB of addresses, 16384 slots

// What this process knows of one slot of an arena.
struct shared_local {
    local_part part;
    std::uint32_t generation = 0; // of the object that this process holds (share/tenant.hpp)
    // The links of two lists of share/slots.cpp. Freed slots: one more than the next; 0: it does not stand in the list.
    std::uint32_t next_freed = 0;
    std::uint32_t next_to_let_go = 0;
    base::atomic<std::uint32_t> reported_death{0}; // the last death that was reported to a thread of this process
    // Last puts that are not counted yet. Above zero: the slot is in the list of those to let go of, or is about to be.
    base::atomic<std::uint32_t> last_puts{0};
};

// The death of the last process that might signal an object, as a waiter has met it (ORPHAN).
struct met_death {
    std::uint32_t number = 0;
    std::uint32_t reported_before = 0; // shared_local::reported_death at that moment
};

// The slots of one arena, as this process has mapped them.
struct shared_slots {
    using function = void (*)(shared_slots& slots, std::uint32_t slot) noexcept;

    std::uintptr_t first_slot = 0;
    std::uint32_t number = 0;  // with the beds of sets, which stand behind the objects
    std::uint32_t objects = 0; // that users may have
    shared_sets sets;
    shared_local* locals = nullptr;
    function on_last_put = nullptr; // this process has no handle to the slot any more
    // Whether the last process that might signal the slot's object was killed, and no thread of this process knows.
    bool (*is_orphaned)(shared_slots& slots, std::uint32_t slot, met_death& met) noexcept = nullptr;
    void* owner = nullptr; // for these two
    // What a sleeper beside these slots does, in case a peer was killed between its add and its wake: it looks again
    // after first_look_ns, then after twice as long, up to last_look_ns; 0: never.
    std::int64_t first_look_ns = 0;
    std::int64_t last_look_ns = 0;

    [[nodiscard]] std::uint32_t index_of(const context& object) const noexcept {
        return static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(&object) - first_slot) / sizeof(context));
    }
    // What waiters of a set sleep on. Every process has a reference to each, for ever.
    [[nodiscard]] context& bed(std::uint32_t set) const noexcept {
        return reinterpret_cast<context*>(first_slot)[objects + set]; // NOLINT(performance-no-int-to-ptr): of the range
    }
};

#ifdef EFD_ATOMIC_MODEL

// The explorer has at most one such object, and knows which.
[[nodiscard]] bool is_in_shared_range(const void* address) noexcept;
[[nodiscard]] shared_slots* find_shared_slots(const context& object) noexcept;

#else

// The range: nothing is in it until the first arena reserves it.
struct shared_range {
    base::atomic<std::uintptr_t> base{0};
    base::atomic<std::uintptr_t> bytes{0};
    base::atomic<base::atomic<shared_slots*>*> windows{nullptr}; // one for each window of the range; null: not mapped
};
extern constinit shared_range range;

// `bytes` is written last, so an address is compared with the base that belongs to it.
[[nodiscard]] inline bool is_in_shared_range(const void* address) noexcept {
    const std::uintptr_t bytes = range.bytes.load(base::acquire);
    return reinterpret_cast<std::uintptr_t>(address) - range.base.load(base::relaxed) < bytes;
}

// Of an object in the range; null: its arena is gone.
[[nodiscard]] inline shared_slots* find_shared_slots(const context& object) noexcept {
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(&object) - range.base.load(base::relaxed);
    return range.windows.load(base::acquire)[offset >> window_shift].load(base::acquire);
}

#endif

[[nodiscard]] inline os::futex_scope scope_of(const context& object) noexcept {
    return is_in_shared_range(&object) ? os::futex_scope::shared : os::futex_scope::one_process;
}

// For a caller that has a handle to it.
[[nodiscard]] inline shared_slots& shared_slots_of(const context& object) noexcept {
    return *find_shared_slots(object);
}

[[gnu::noinline]] local_part& shared_local_of(const context& object) noexcept;

[[gnu::always_inline]] inline local_part& context::local() noexcept {
    if (is_in_shared_range(this)) [[unlikely]]
        return shared_local_of(*this);
    return half_.own;
}
[[gnu::always_inline]] inline const local_part& context::local() const noexcept {
    return const_cast<context*>(this)->local();
}
inline bool context::takes_one() const noexcept { return (local().flags.load(base::relaxed) & flag_semaphore) != 0; }

// LOOK. When a sleeper beside the object looks again. Where the kernel would not restart a sleep with a deadline after
// a handler, it does not: a read that a handler ends is a change that programs notice, and a killed peer is rare.
[[nodiscard]] inline looks looks_beside(const context& object) noexcept {
    if (!is_in_shared_range(&object) || !os::restarts_waits_with_deadline()) return {0, 0};
    const shared_slots& slots = shared_slots_of(object);
    if (slots.index_of(object) >= slots.objects) return {0, 0}; // of a set, which looks itself
    return {slots.first_look_ns, slots.last_look_ns};
}

// The kernel looks at the deadline of a sleep, but not of one that ends at once, as all may beside a hostile peer.
[[nodiscard]] inline bool is_overdue(const context& object, const wait_opts& opts) noexcept {
    return is_in_shared_range(&object) && opts.deadline_ns != forever && os::now_ns() >= opts.deadline_ns;
}

// ORPHAN, look. A process that dies after it is found by the next one.
[[nodiscard]] inline bool is_orphaned(const context& object, met_death& met) noexcept {
    if (!is_in_shared_range(&object)) return false;
    shared_slots& slots = shared_slots_of(object);
    return slots.is_orphaned(slots, slots.index_of(object), met);
}
// ORPHAN, told. Of the threads of this process that have met the death one may say so to its caller.
[[nodiscard]] bool may_report(const context& object, const met_death& met) noexcept;

// A loop over a word of shared memory ends after so many turns, since a hostile peer may change the word for ever: a
// few milliseconds of turns. Honest peers do not reach it: each of these turns is a step that another thread has made.
// A loop over a word of this process alone has no limit.
class turn_limit {
  public:
    explicit turn_limit(const context& object) noexcept : left_(is_in_shared_range(&object) ? most : unlimited) {}
    static turn_limit of_shared() noexcept { return turn_limit(most); }
    // False: enough.
    [[nodiscard]] bool again() noexcept {
        if (left_ == unlimited) return true;
        if (left_ > 0) --left_;
        return left_ != 0;
    }

    static constexpr std::uint32_t most = 1U << 16;

  private:
    static constexpr std::uint32_t unlimited = UINT32_MAX;
    explicit turn_limit(std::uint32_t turns) noexcept : left_(turns) {}
    std::uint32_t left_;
};

} // namespace efd::EFD_ABI::core
