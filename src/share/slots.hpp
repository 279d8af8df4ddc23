// SPDX-License-Identifier: MIT
// share/slots.hpp: the objects of an arena, as one process makes, finds and lets go of them.
//
// Owns what this process knows of each slot (core::shared_local, beside the mapping), and its row: a bit for each slot
// to which it has a handle. A slot is given to another object only when no living process has the bit (TENANT, in
// share/tenant.hpp), since an add cannot look at a generation. No process waits for another here. Threads of one
// process take turns to make and to find; letting go waits for nobody and may be done in a signal handler: it leaves
// the slot to the thread whose turn it is.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/status.hpp>
#include <efd/detail/core/context.hpp>

#include "core/shared_slots.hpp"
#include "os/fork_lock.hpp"
#include "share/layout.hpp"
#include "share/tenant.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

namespace efd::share {

// Where the parts of an arena are in this process, and its own index. The numbers are this process's own.
struct arena_parts {
    std::byte* base = nullptr; // the header
    layout where{};
    std::uint64_t first_lock_byte = life_byte; // an arena that is placed in a file has its own

    template <class T>
    [[nodiscard]] T& at(std::uint64_t offset) const noexcept {
        return *std::launder(reinterpret_cast<T*>(base + offset));
    }
};

class slots {
  public:
    slots() noexcept = default;
    slots& operator=(slots&&) = delete; // neither copied nor moved

    // `mapped` is the entry of this mapping in the table of windows; both outlive this.
    // The index of this process comes by move_to, before the first object.
    void begin(const arena_parts& parts, core::shared_slots& mapped) noexcept;
    // Called before a waiter looks whether those that signal are dead: it frees what dead processes held.
    void call_before_looks(void (*act)(void* whose) noexcept, void* whose) noexcept {
        before_look_ = act;
        whose_ = whose;
    }

    // A new object with one reference of this process; null: every slot has an object that somebody holds, or that has
    // a name.
    [[nodiscard]] core::context* make(std::uint64_t initval, unsigned flags) noexcept;
    // The object of that id, with one more reference. stale: it is gone.
    // signals: this process may signal it; until it lets go of the object, others count on that.
    [[nodiscard]] base::status find(object_id id, bool signals, core::context*& found) noexcept;
    [[nodiscard]] object_id id_of(const core::context& object) const noexcept;
    // Makes the object live on without a holder, or not any more. stale: it is gone.
    [[nodiscard]] base::status set_named(object_id id, bool named) noexcept;
    // Whether the object lives.
    [[nodiscard]] bool is_alive(object_id id) const noexcept;
    [[nodiscard]] bool is_of_this(const core::context& object) const noexcept;

    // Frees the objects without a name that nobody holds: a holder was killed. How many.
    std::uint32_t free_orphans() noexcept;
    // What the process of that index might have signalled: it is dead, and its row is about to be cleared. ORPHAN.
    void note_death(std::uint32_t index, std::uint32_t serial) noexcept;
    // Whether the index and its rows are this process's own. Not in the child of a fork that no handler saw, or for
    // which no index or descriptor was free, until it has joined: they are its parent's.
    [[nodiscard]] bool has_rows() const noexcept;
    // For a child of fork, whose row has this index now.
    void move_to(std::uint32_t index) noexcept;
    // With the lock, too: sets the bits of all slots that this process has handles to, in the row of its index; and
    // copies this row to that of a child.
    void note_all() noexcept;
    void copy_row_to(std::uint32_t index) noexcept;
    // No object of the arena is held by this process, and no thread in the midst of letting go of one needs the arena.
    [[nodiscard]] bool is_idle() noexcept;

    // A fork holds it, so the child has no slot half made or half let go of.
    os::fork_lock lock;
    void after_fork() noexcept; // in the parent

  private:
    using row_word = base::atomic<std::uint64_t>;
    static constexpr std::uint32_t word_bits = 64;
    static constexpr std::uint32_t nobody = UINT32_MAX;

    static void on_last_put(core::shared_slots& mapped, std::uint32_t slot) noexcept;

    // The two rows of each process.
    enum class row : std::uint8_t { held, signalled };
    [[nodiscard]] row_word& word_of(row which, std::uint32_t process, std::uint32_t word) const noexcept;
    [[nodiscard]] std::uint32_t row_words() const noexcept { return (parts_.where.slots + word_bits - 1) / word_bits; }
    [[nodiscard]] static constexpr std::uint64_t bit_of(std::uint32_t slot) noexcept {
        return std::uint64_t{1} << slot % word_bits;
    }
    // Calls act(slot) for each of these bits of a row's word, until one is true.
    template <class Act>
    bool any_slot_of(std::uint64_t bits, std::uint32_t word, Act act) const noexcept {
        for (; bits != 0; bits &= bits - 1) {
            const std::uint32_t slot = word * word_bits + static_cast<std::uint32_t>(std::countr_zero(bits));
            if (slot < parts_.where.slots && act(slot)) return true; // a peer may set bits beyond the last slot
        }
        return false;
    }

    [[nodiscard]] base::atomic<tenant_word>& tenant_at(std::uint32_t slot) const noexcept;
    [[nodiscard]] core::context& object_at(std::uint32_t slot) const noexcept;
    [[nodiscard]] core::shared_local& local_at(std::uint32_t slot) const noexcept { return mapped_->locals[slot]; }
    void note_index(std::uint32_t index) noexcept;
    [[nodiscard]] std::uint32_t processes_to_ask() const noexcept;
    [[nodiscard]] base::atomic<std::uint32_t>& death_at(std::uint32_t slot) const noexcept;
    static bool is_orphaned(core::shared_slots& mapped, std::uint32_t slot, core::met_death& met) noexcept;
    void hold(std::uint32_t slot, bool signals) noexcept;
    void let_bit_go(std::uint32_t slot) noexcept;
    [[nodiscard]] std::uint64_t bits_of_all(row which, std::uint32_t word) const noexcept;
    [[nodiscard]] bool somebody_has(row which, std::uint32_t slot) const noexcept;
    [[nodiscard]] bool try_free(std::uint32_t slot, std::uint32_t generation) noexcept;
    [[nodiscard]] bool try_make_in(std::uint32_t slot, bool semaphore) noexcept;
    [[nodiscard]] std::uint32_t take_slot(bool semaphore) noexcept;
    [[nodiscard]] std::uint32_t scan(bool semaphore) noexcept;
    void begin_local(std::uint32_t slot, unsigned flags) noexcept;
    std::uint32_t free_orphans_locked() noexcept;
    void queue_to_let_go(std::uint32_t slot) noexcept;
    void let_go(std::uint32_t slot, std::uint32_t last_puts) noexcept;
    void note_freed(std::uint32_t slot) noexcept;
    void drain_let_go() noexcept;
    void unlock_and_drain() noexcept;
    [[nodiscard]] bool confirm(object_id id, tenant_word& found) noexcept;

    class slots_guard;

    arena_parts parts_;
    core::shared_slots* mapped_ = nullptr;
    void (*before_look_)(void* whose) noexcept = nullptr;
    void* whose_ = nullptr;
    std::uint32_t own_index_ = 0;
    base::atomic<std::uint32_t> process_{0};     // the number of the process that the index and its rows belong to
    std::uint32_t cursor_ = 0;                   // the word of bits at which the next scan begins
    std::uint32_t touched_words_ = 0;            // of the own row: no bit is set from here on
    std::uint32_t held_ = 0;                     // last puts that are to come
    std::uint32_t freed_ = nobody;               // slots that this process has freed, by shared_local::next_freed
    base::atomic<std::uint32_t> let_go_{nobody}; // slots whose last reference went, by next_to_let_go
};

} // namespace efd::share
