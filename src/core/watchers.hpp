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
// `armed` and `rung` says that the doorbell is. The structure is made for a slot at its first watcher but a lone
// permanent one, and stays with it: an object that stands in one set costs no memory for it. The changer itself
// notifies the watchers, from any thread and from signal handlers, and waits for no thread.
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

// LONE_WATCHER. The word beside an object that says who hears of its changes. Each step changes it by comparing, and no
// value depends on an older one, so a value that comes back says the same again.
//
//     value              says                           set by                            replaced by
//     0                  nobody                         birth, a lone one that leaves     the first watcher
//     an odd address     one permanent watcher, alone   it, where nobody is               0, or a structure that has it
//     an even address    the structure of the slot      any other watcher                 nothing: it stays
constexpr std::uintptr_t lone_mark = 1;
inline watchers* all_in(std::uintptr_t word) noexcept {
    return (word & lone_mark) != 0 ? nullptr : reinterpret_cast<watchers*>(word); // NOLINT(performance-no-int-to-ptr)
}
inline permanent_watcher* lone_in(std::uintptr_t word) noexcept {
    if ((word & lone_mark) == 0) return nullptr;
    return reinterpret_cast<permanent_watcher*>(word - lone_mark); // NOLINT(performance-no-int-to-ptr)
}
inline std::uintptr_t word_of(const watchers& all) noexcept { return reinterpret_cast<std::uintptr_t>(&all); }
inline std::uintptr_t word_of(const permanent_watcher& lone) noexcept {
    return reinterpret_cast<std::uintptr_t>(&lone) + lone_mark;
}

// The cells of one object's permanent watchers: one, and blocks of more that are made when needed and stay for ever,
// so that a changer walks them without synchronising with other threads. Any number of threads attach and detach at
// once and wait for no thread; one watcher is attached by one thread at a time.
class permanent_watchers {
  public:
    constexpr permanent_watchers() noexcept = default;
    permanent_watchers& operator=(permanent_watchers&&) = delete; // neither copied nor moved
    ~permanent_watchers();

    // Before another thread knows these cells.
    void begin_with(permanent_watcher* given) noexcept { first_.store(given, base::relaxed); }
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
    watchers& operator=(watchers&&) = delete; // neither copied nor moved

    [[nodiscard]] bool has_watchers() const noexcept { return entries.has_entries() || !permanent.empty(); }

    permanent_watchers permanent;
    base::atomic<doorbell_hook*> attached_hook{nullptr};
    // A take from several objects at once that reserves this one, or is about to; see core/reservation.hpp. It is here
    // because only the members of sets need it.
    base::atomic<std::uint64_t> reservation{0};
    wait_queue entries;
    watchers* next_made = nullptr;
};

template <class Act>
void each_permanent(std::uintptr_t word, Act act) noexcept {
    if (permanent_watcher* const lone = lone_in(word); lone != nullptr)
        act(*lone);
    else if (const watchers* const all = all_in(word); all != nullptr)
        all->permanent.each(act);
}
// For a thread that has seen the mark `watched`, or clears it.
inline bool has_any(std::uintptr_t word) noexcept {
    const watchers* const all = all_in(word);
    return lone_in(word) != nullptr || (all != nullptr && all->has_watchers());
}
inline base::atomic<std::uint64_t>& context::reservation() const noexcept {
    return all_in(watcher_word())->reservation;
}

} // namespace efd::EFD_ABI::core
