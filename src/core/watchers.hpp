// SPDX-License-Identifier: MIT
// core/watchers.hpp: everything but sleeping threads that hears of a change of one object.
//
//     kind               hears of                         costs the changer           leaves
//     doorbell hook      an add that found it armed, the  a call                      never; it stays with the
//                        read that reaches zero, the end                              slot
//     permanent watcher  every change, the end            a call, without a lock      at once; its memory stays
//     entry              every change, the end, in order  a step on the queue's word  once its callback has run
//
// The mark `watched` of the state word says that a permanent watcher or an entry may be there; each of the marks
// `armed` and `rung` says that the doorbell is. The structure is made for a slot at its first watcher and stays with
// it, so an object that nothing watches costs no memory for it. The changer itself notifies the watchers, from any
// thread and from signal handlers, and waits for no thread.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include "core/wait_queue.hpp"

#include <cstdint>

namespace efd::EFD_ABI::core {

// A thread that notifies the doorbell holds a reference to the object. So once the last reference is gone, no thread is
// inside. Once a level doorbell has rung, further adds do not call it. watch/doorbell.hpp has the only kind.
struct doorbell_hook {
    // key: poll_in after an add, with `left_zero` if it left zero; poll_out after a read; poll_hup at the end of the
    // object; `found_nothing` after a read that found zero.
    static constexpr std::uint32_t left_zero = 1U << 31;
    static constexpr std::uint32_t found_nothing = 1U << 30;
    using function = void (*)(doorbell_hook& self, context& object, std::uint32_t key) noexcept;
    function on_change = nullptr;
};

// A set watches each of its many members by one (watch/set_core.hpp). The price is a hard rule. A watcher's memory
// never goes away. A notification must be harmless at any time: after the watcher was detached, and from an object that
// is no longer its own.
struct permanent_watcher {
    // key: poll_in after an add, poll_out after a read, as for entries of the wait queue.
    using function = void (*)(permanent_watcher& self, std::uint32_t key) noexcept;
    function on_change = nullptr;
};

// The cells of one object's permanent watchers: one, and blocks of more that are made when needed and stay for ever,
// so that a changer walks them without synchronising with other threads. Any number of threads attach and detach at
// once and wait for no thread; one watcher is attached by one thread at a time.
class permanent_watchers {
  public:
    constexpr permanent_watchers() noexcept = default;
    permanent_watchers(const permanent_watchers&) = delete;
    permanent_watchers& operator=(const permanent_watchers&) = delete;
    ~permanent_watchers();

    // False: memory ran out.
    [[nodiscard]] bool attach(permanent_watcher& given) noexcept;
    // False: it is not attached.
    bool detach(const permanent_watcher& given) noexcept;
    [[nodiscard]] bool empty() const noexcept;

    template <class Act>
    void each(Act act) const noexcept {
        if (permanent_watcher* const one = first_.load(base::acquire); one != nullptr) act(*one);
        for (const block* more = more_.load(base::acquire); more != nullptr; more = more->next.load(base::acquire))
            for (const auto& cell : more->cells)
                if (permanent_watcher* const one = cell.load(base::acquire); one != nullptr) act(*one);
    }

  private:
    static constexpr int cells_of_block = 7;
    struct block {
        base::atomic<permanent_watcher*> cells[cells_of_block] = {};
        base::atomic<block*> next{nullptr};
    };

    // The first cell for which `wanted` is true, or null.
    template <class Question>
    [[nodiscard]] base::atomic<permanent_watcher*>* cell_where(Question wanted) noexcept;

    base::atomic<permanent_watcher*> first_{nullptr};
    base::atomic<block*> more_{nullptr};
};

// The watchers of one slot.
class watchers {
  public:
    explicit watchers(context& owner) noexcept : entries(owner) {}
    watchers(const watchers&) = delete;
    watchers& operator=(const watchers&) = delete;

    // For a thread that has seen the mark `watched`, or clears it.
    [[nodiscard]] bool has_watchers() const noexcept { return entries.has_entries() || !permanent.empty(); }

    permanent_watchers permanent;
    base::atomic<doorbell_hook*> attached_hook{nullptr};
    // A take from several objects at once that reserves this one, or is about to; see core/reservation.hpp. It is here
    // because only the members of sets need it.
    base::atomic<std::uint64_t> reservation{0};
    wait_queue entries;
    watchers* next_made = nullptr;
};

} // namespace efd::EFD_ABI::core
