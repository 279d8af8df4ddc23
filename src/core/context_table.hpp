// SPDX-License-Identifier: MIT
// core/context_table.hpp: the one table in which private contexts live; the id is the place.
//
// Owns the memory of all private contexts and their ids. A slot stays a context for ever, alive or dead: a signaller
// that is still inside its call after the last owner has gone touches a dead or a reborn object, where its late wake is
// a spurious one, and never freed memory. create may take a lock and is not for signal handlers; give_back is one push,
// lock-free and async-signal-safe. Invariant: an id given back is free for the next create (K-128).
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include "core/ida.hpp"
#include "os/fork_lock.hpp"

#include <array>
#include <cstdint>

namespace efd::EFD_ABI::core {

class context_table {
  public:
    static context_table& instance() noexcept;

    // A dead slot with the smallest free id, for a new object; null if memory ran out. These two are of the one table:
    // static, so that the compiler knows which.
    [[nodiscard]] static context* take_slot(int& id) noexcept;
    static void give_back(context& dead) noexcept;

    // For fork: no other thread is inside while the process is copied.
    void before_fork() noexcept { lock_.before_fork(); }
    void after_fork() noexcept { lock_.after_fork(); }
    void after_fork_in_child() noexcept { lock_.after_fork_in_child(); }

  private:
    static constexpr unsigned slab_slots = 1U << 14; // 1 MiB
    static constexpr unsigned slabs_most = ida::capacity / slab_slots;
    static constexpr std::uint64_t nobody = 0;

    void learn_first_linger() noexcept;
    [[nodiscard]] context*& slab_of(int id) noexcept { return slabs_[static_cast<unsigned>(id) / slab_slots]; }
    [[nodiscard]] context* place_of(int id) noexcept { return slab_of(id) + static_cast<unsigned>(id) % slab_slots; }
    [[nodiscard]] bool make_slab(unsigned number) noexcept;
    [[nodiscard]] context* slot(int id) noexcept;
    [[nodiscard]] context* take_only(int& id) noexcept;
    void free_returned() noexcept;
    [[nodiscard]] context* take_smallest(int& id) noexcept;

    // The dead contexts are a stack, linked through huge_: id + 1 of the newest, and two marks.
    static constexpr std::uint64_t link_part = (std::uint64_t{1} << 32) - 1;
    static constexpr std::uint64_t only_mark = std::uint64_t{1} << 32; // there is one in the stack
    static constexpr std::uint64_t gaps_mark = std::uint64_t{1} << 33; // ids_ has free ids below touched_

    os::fork_lock lock_;
    ida ids_;
    std::array<context*, slabs_most> slabs_{};
    std::int32_t first_linger_ = linger_off;
    bool is_linger_known_ = false;
    int touched_ = 0; // slots below this number are contexts, dead or alive
    int gaps_ = 0;    // free ids of ids_ below touched_
    base::atomic<std::uint64_t> returned_{nobody};
};

} // namespace efd::EFD_ABI::core
