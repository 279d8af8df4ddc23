// SPDX-License-Identifier: MIT
// core/shared_sets.hpp: the sets of an arena, as any process that signals a member sees them.
//
// A set has in the arena an entry, a bitmap of hints, and a slot behind those of the objects, on which its waiters
// sleep: its bed. An object has four cells, in the half of its line that a private object uses for its local part; a
// cell says in which set it stands, and as which member. Who signals the object marks the member in each, and signals
// the bed of a set whose owner may sleep. Everything here is untrusted: an index is compared with this process's own
// numbers, and a wrong mark or unit costs a look in vain. Any thread and signal handlers.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/core/context.hpp>

#include "core/shared_bitmap.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::EFD_ABI::core {

struct shared_slots;
struct set_bell;

// Who has the set, as a word: generation above; below it one more than the index of the owner's process, 0: nobody.
using set_tenant = std::uint64_t;
constexpr std::uint32_t generation_of_set(set_tenant t) noexcept { return static_cast<std::uint32_t>(t >> 32); }
constexpr std::uint32_t owner_of_set(set_tenant t) noexcept { return static_cast<std::uint32_t>(t); }
// No generation of a set that has an owner is 0.
constexpr set_tenant next_set_tenant(set_tenant before, std::uint32_t process) noexcept {
    const std::uint32_t next = generation_of_set(before) == UINT32_MAX ? 1 : generation_of_set(before) + 1;
    return set_tenant{next} << 32 | (process + 1);
}
constexpr set_tenant without_owner(set_tenant t) noexcept { return t & ~set_tenant{UINT32_MAX}; }
static_assert(owner_of_set(next_set_tenant(0, 0)) == 1 && generation_of_set(next_set_tenant(0, 0)) == 1);
static_assert(generation_of_set(next_set_tenant(set_tenant{UINT32_MAX} << 32, 7)) == 1);
static_assert(next_set_tenant(without_owner(next_set_tenant(0, 3)), 3) != next_set_tenant(0, 3));

struct alignas(64) set_entry {
    base::atomic<set_tenant> tenant;
    stamped_word interested; // bit 0: waiters may sleep
    // The bell of a set that has one: where its owner has the end to read (core/set_bells.hpp), the inode of the pipe,
    // and whether it is to be rung: bit 0.
    base::atomic<std::uint64_t> bell_at;
    base::atomic<std::uint64_t> bell_inode;
    stamped_word armed;
    base::atomic<std::uint64_t> reserved[3];
};
static_assert(sizeof(set_entry) == 64);

// A cell of an object: in which set it stands, and as which member; 0: none. A cell whose set has another generation,
// or no owner, is free as well: its owner was killed.
using set_cell = std::uint64_t;
inline constexpr std::uint32_t sets_most = 1024;
inline constexpr int cell_set_shift = 20;
constexpr set_cell cell_of(std::uint32_t generation, std::uint32_t set, std::uint32_t member) noexcept {
    return set_cell{generation} << 32 | set_cell{set} << cell_set_shift | member;
}
constexpr std::uint32_t generation_of_cell(set_cell c) noexcept { return static_cast<std::uint32_t>(c >> 32); }
constexpr std::uint32_t set_of_cell(set_cell c) noexcept { return static_cast<std::uint32_t>(c) >> cell_set_shift; }
constexpr std::uint32_t member_of_cell(set_cell c) noexcept {
    return static_cast<std::uint32_t>(c) & ((1U << cell_set_shift) - 1);
}
static_assert(set_of_cell(cell_of(7, 1023, 5)) == 1023 && member_of_cell(cell_of(7, 1023, (1U << 20) - 1)) == 1048575);
static_assert(generation_of_cell(cell_of(7, 1, 5)) == 7 && bitmap_shape::most == 1U << cell_set_shift);

// The sets of one arena, as this process has mapped them. The numbers are this process's own.
struct shared_sets {
    set_entry* entries = nullptr;
    stamped_word* bitmaps = nullptr;
    set_bell* bells = nullptr; // this process's own
    std::uint32_t number = 0;
    std::uint32_t bitmap_stride = 0;               // in words
    base::atomic<std::uint32_t>* deaths = nullptr; // moves before a dead process's index is free again
    bitmap_shape shape;

    [[nodiscard]] shared_bitmap bitmap(std::uint32_t set) const noexcept {
        return {bitmaps + std::size_t{set} * bitmap_stride, shape};
    }
    // Whether the cell says where its object stands; otherwise it may be taken.
    [[nodiscard]] bool is_live(set_cell cell) const noexcept;
};

// A set that a process has claimed in an arena; watch/set_arena.cpp is its user. A look frees what killed processes
// held. give_back lets go of the arena, and by the owner, who is not a child of fork, ends the claim.
struct set_claim {
    shared_slots* slots = nullptr;
    std::uint32_t set = 0;
    set_tenant tenant = 0;
    void (*look)(void* whose) noexcept = nullptr;
    void (*give_back)(void* whose, const set_claim& claim, bool is_owner) noexcept = nullptr;
    void* whose = nullptr;

    [[nodiscard]] set_cell cell_for(std::uint32_t member) const noexcept {
        return cell_of(generation_of_set(tenant), set, member);
    }
};

// SHARED_BED. So many threads of this process are about to signal a bed; no arena of the process ends meanwhile.
extern constinit base::atomic<std::uint32_t> bed_wakers;

// SHARED_MARK. Of an object in the range whose count went up. The caller has a reference.
[[gnu::noinline]] void mark_in_sets(context& object) noexcept;

} // namespace efd::EFD_ABI::core
