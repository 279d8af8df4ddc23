// SPDX-License-Identifier: MIT
// share/layout.hpp: where everything is in the memory of an arena, as pure functions over numbers.
//
// Owns nothing. Two programs share the memory, perhaps one of 32 and one of 64 bits, so it has no pointer, no size_t
// and no enum; every number has a fixed width. The header is written before the memory is sealed and is copied once
// when a process attaches; from then on each process uses its own copy, and what other processes write over the header
// changes nothing.
//
//     header     4096 bytes
//     processes  64 bytes for each process that may hold the arena at once: process_entry
//     rows       for each process two rows with a bit for each slot: it holds a handle to the slot's object; it may
//                signal it
//     tenants    8 bytes for each slot: which object lives in it (share/tenant.hpp)
//     deaths     4 bytes for each slot: which process that might have signalled it died last
//     names      64 bytes for each name that an object may have: name_entry
//     sets       64 bytes for each set: core::set_entry
//     bitmaps    for each set a bit for each member that it may have, and the levels above (core/shared_bitmap.hpp)
//     slots      64 bytes for each object, and behind them for each set: the shared half of core::context; at a page's
//                beginning
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "core/shared_sets.hpp"
#include "share/refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace efd::share {

inline constexpr std::uint64_t header_magic = 0x616e'6572'6164'6665; // "efdarena" where the least byte comes first
inline constexpr std::uint32_t layout_version = 3;
inline constexpr std::uint32_t byte_order_mark = 0x01020304;

inline constexpr std::uint32_t slots_most = 1U << 27; // 8 GiB of slots
inline constexpr std::uint32_t processes_most = 1024;
inline constexpr std::uint32_t names_most = 1U << 20;
inline constexpr std::size_t name_bytes = 48; // the longest name is one byte shorter

inline constexpr std::uint64_t header_bytes = 4096;
inline constexpr std::uint64_t line_bytes = 64;
inline constexpr std::uint64_t layout_page = 65536; // the largest page of any machine: slots begin at such a boundary

// The beginning of the header's page; the rest of the page is zero.
struct alignas(8) header {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t byte_order;
    std::uint64_t bytes; // of everything, from the header on
    std::uint32_t slots;
    std::uint32_t processes;
    std::uint32_t names;
    std::uint32_t first_look_ms; // how a sleeper looks again: core/looks.hpp; 0: it does not
    std::uint32_t last_look_ms;
    std::uint32_t sets;
    std::array<std::uint8_t, 16> identity; // random: tells this arena from every other
};
static_assert(sizeof(header) == 64 && alignof(header) == 8);
static_assert(offsetof(header, bytes) == 16 && offsetof(header, slots) == 24 && offsetof(header, identity) == 48);

// A process that holds the arena. That it lives is said by its record lock alone; `pid` is a hint for people.
struct alignas(64) process_entry {
    base::atomic<std::uint32_t> in_use; // 1 from the claim until it is reaped or given back
    base::atomic<std::uint32_t> pid;
    base::atomic<std::uint32_t> serial;  // how often the entry was claimed
    base::atomic<std::uint32_t> highest; // of the first entry: one more than the highest index that was ever claimed
    base::atomic<std::uint32_t> deaths;  // of the first entry: moves with each process that is found dead
    base::atomic<std::uint32_t> reserved[11];
};
static_assert(sizeof(process_entry) == 64);

// The name of an object. Changed under the lock of names alone.
struct name_entry {
    base::atomic<std::uint64_t> id; // 0: none
    base::atomic<std::uint64_t> text[name_bytes / 8];
    base::atomic<std::uint64_t> reserved;
};
static_assert(sizeof(name_entry) == 64);

// Bytes far beyond the end of the memory's file, on which processes have record locks.
inline constexpr std::uint64_t life_byte = std::uint64_t{1} << 62; // + the index of the process
inline constexpr std::uint64_t names_lock_byte = life_byte + processes_most;

struct numbers {
    std::uint32_t slots = 1024;
    std::uint32_t processes = 64;
    std::uint32_t names = 0; // 0: as many as slots, at most 4096
    std::uint32_t first_look_ms = 50;
    std::uint32_t last_look_ms = 1000;
    std::uint32_t sets = 16;
};

// Byte offsets from the header.
struct layout {
    std::uint32_t slots;
    std::uint32_t processes;
    std::uint32_t names;
    std::uint32_t first_look_ms;
    std::uint32_t last_look_ms;
    std::uint32_t sets;
    std::uint64_t row_bytes; // of one process: both rows
    std::uint64_t processes_at;
    std::uint64_t rows_at;
    std::uint64_t tenants_at;
    std::uint64_t deaths_at;
    std::uint64_t names_at;
    std::uint64_t sets_at;
    std::uint64_t bitmaps_at;
    std::uint64_t bitmap_bytes; // of one set
    std::uint64_t slots_at;
    std::uint64_t bytes;
};

constexpr std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t unit) noexcept {
    return (bytes + unit - 1) / unit * unit;
}

constexpr bool are_allowed(const numbers& n) noexcept {
    return n.slots > 0 && n.slots <= slots_most && n.processes > 0 && n.processes <= processes_most &&
           n.names <= names_most && n.first_look_ms <= n.last_look_ms && n.last_look_ms <= 60'000 &&
           n.sets <= core::sets_most;
}

// Of allowed numbers; nothing here can overflow 64 bits.
constexpr layout layout_of(const numbers& n) noexcept {
    constexpr std::uint32_t names_by_default = 4096;
    layout l{};
    l.slots = n.slots;
    l.processes = n.processes;
    l.names = n.names != 0 ? n.names : (n.slots < names_by_default ? n.slots : names_by_default);
    l.first_look_ms = n.first_look_ms;
    l.last_look_ms = n.last_look_ms;
    l.sets = n.sets;
    l.row_bytes = 2 * rounded_up((std::uint64_t{n.slots} + 7) / 8, line_bytes);
    l.processes_at = header_bytes;
    l.rows_at = l.processes_at + std::uint64_t{n.processes} * sizeof(process_entry);
    l.tenants_at = l.rows_at + l.row_bytes * n.processes;
    l.deaths_at = l.tenants_at + std::uint64_t{n.slots} * 8;
    l.names_at = rounded_up(l.deaths_at + std::uint64_t{n.slots} * 4, line_bytes);
    l.sets_at = l.names_at + std::uint64_t{l.names} * sizeof(name_entry);
    l.bitmaps_at = l.sets_at + std::uint64_t{n.sets} * sizeof(core::set_entry);
    l.bitmap_bytes = rounded_up(std::uint64_t{core::shape_for(n.slots).words} * 8, line_bytes);
    l.slots_at = rounded_up(l.bitmaps_at + l.bitmap_bytes * n.sets, layout_page);
    l.bytes = rounded_up(l.slots_at + (std::uint64_t{n.slots} + n.sets) * line_bytes, layout_page);
    return l;
}
static_assert(layout_of({}).rows_at == 4096 + 64 * 64);
static_assert(layout_of({.slots = slots_most, .processes = processes_most, .names = names_most, .sets = 1024}).bytes <
              1ULL << 36);
static_assert(layout_of({.slots = 1, .processes = 1}).bytes == 2 * layout_page);

// What a copied header says, checked; `available` is how many bytes there are from the header on. refusal::none:
// `found` is the layout.
constexpr refusal parse_header(const header& copy, std::uint64_t available, layout& found) noexcept {
    if (copy.magic != header_magic) return refusal::not_an_arena;
    if (copy.byte_order != byte_order_mark) return refusal::other_byte_order;
    if (copy.version != layout_version) return refusal::other_version;
    const numbers given{copy.slots, copy.processes, copy.names, copy.first_look_ms, copy.last_look_ms, copy.sets};
    if (!are_allowed(given) || given.names == 0) return refusal::damaged_header;
    const layout implied = layout_of(given);
    if (copy.bytes != implied.bytes || copy.bytes > available) return refusal::wrong_size;
    found = implied;
    return refusal::none;
}

} // namespace efd::share
