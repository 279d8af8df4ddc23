// SPDX-License-Identifier: MIT
// share/tenant.hpp: which object lives in a slot of an arena, as a word and pure functions over its values.
//
//     63         32  31          12  11       4    3       2          1 0
//    +--------------+--------------+----------+-------+-----------+-------+
//    | generation   | stamp        | 0        | named | semaphore | state |
//    +--------------+--------------+----------+-------+-----------+-------+
//
//     state     set by                                   means
//     free      a process that found no holder           the slot may be given to a new object
//     live      the maker; a process that found a holder an object lives in it
//     leaving   a process that lets go of the last       whether somebody holds it is being looked at
//               handle it knows of
//
// TENANT. A process that takes a handle by id first sets its own bit in its row, then looks at this word; one that
// frees the slot first makes the word `leaving`, then looks at the rows of all. Both look by a step that also writes,
// so one of the two sees the other. A handle that finds `leaving` makes it `live` again, and the step to `free` fails,
// as it compares the whole word. A process killed at `leaving` is nobody's loss: the next one that looks goes on. The
// stamp tells one look from the next: it repeats after a million of them, and the slot would have to be let go of so
// often while one process is between two of its steps.
//
// The generation is part of an object's id. It repeats after 2^32 objects of one slot. A hostile peer may write any
// value here; all that follows from it is which of the calls by id say `stale`, and false counts.
#pragma once

#include <cstdint>

namespace efd::share {

using tenant_word = std::uint64_t;
using object_id = std::uint64_t; // generation above, slot below; 0 is nobody's

inline constexpr tenant_word tenant_state_mask = 3;
inline constexpr tenant_word tenant_free = 0;
inline constexpr tenant_word tenant_live = 1;
inline constexpr tenant_word tenant_leaving = 2;
inline constexpr tenant_word tenant_semaphore = 1U << 2;
inline constexpr tenant_word tenant_named = 1U << 3;
inline constexpr int stamp_shift = 12;
inline constexpr tenant_word stamp_bits = tenant_word{0xFFFFF} << stamp_shift;
inline constexpr int tenant_generation_shift = 32;

constexpr tenant_word state_of(tenant_word t) noexcept { return t & tenant_state_mask; }
constexpr bool is_free(tenant_word t) noexcept { return state_of(t) == tenant_free; }
constexpr bool is_live(tenant_word t) noexcept { return state_of(t) == tenant_live; }
constexpr bool is_leaving(tenant_word t) noexcept { return state_of(t) == tenant_leaving; }
constexpr bool is_named(tenant_word t) noexcept { return (t & tenant_named) != 0; }
constexpr bool is_semaphore(tenant_word t) noexcept { return (t & tenant_semaphore) != 0; }
constexpr std::uint32_t generation_of(tenant_word t) noexcept {
    return static_cast<std::uint32_t>(t >> tenant_generation_shift);
}

// The word of a new object in a slot whose word was `before`. No generation is 0.
constexpr tenant_word next_tenant(tenant_word before, bool semaphore) noexcept {
    const std::uint32_t next = generation_of(before) == UINT32_MAX ? 1 : generation_of(before) + 1;
    return tenant_word{next} << tenant_generation_shift | (before & stamp_bits) | (semaphore ? tenant_semaphore : 0) |
           tenant_live;
}
constexpr tenant_word as_leaving(tenant_word t) noexcept {
    const tenant_word next = (t + (tenant_word{1} << stamp_shift)) & stamp_bits;
    return (t & ~(stamp_bits | tenant_state_mask)) | next | tenant_leaving;
}
constexpr tenant_word as_live(tenant_word t) noexcept { return (t & ~tenant_state_mask) | tenant_live; }
constexpr tenant_word as_free(tenant_word t) noexcept {
    return t & ~(tenant_state_mask | tenant_semaphore | tenant_named);
}

constexpr object_id id_of(std::uint32_t slot, std::uint32_t generation) noexcept {
    return object_id{generation} << 32 | slot;
}
constexpr std::uint32_t slot_of(object_id id) noexcept { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t generation_of_id(object_id id) noexcept { return static_cast<std::uint32_t>(id >> 32); }

// Whether the object of that id lives, or may be about to leave.
constexpr bool is_tenant(tenant_word t, object_id id) noexcept {
    return !is_free(t) && state_of(t) != tenant_state_mask && generation_of(t) == generation_of_id(id);
}

static_assert(is_live(next_tenant(0, true)) && is_semaphore(next_tenant(0, true)) &&
              !is_semaphore(next_tenant(0, false)));
static_assert(generation_of(next_tenant(0, false)) == 1);
static_assert(generation_of(next_tenant(tenant_word{UINT32_MAX} << tenant_generation_shift, false)) == 1);
static_assert(is_leaving(as_leaving(next_tenant(0, true))) && as_leaving(next_tenant(0, true)) != as_leaving(0));
static_assert(generation_of(as_leaving(next_tenant(0, true) | stamp_bits)) == 1); // the stamp does not carry
static_assert(as_live(as_leaving(next_tenant(0, true))) != next_tenant(0, true)); // the look leaves its stamp
static_assert(is_free(as_free(as_leaving(next_tenant(0, true) | tenant_named))));
static_assert(generation_of(as_free(next_tenant(0, true))) == 1);
static_assert(is_tenant(next_tenant(0, false), id_of(5, 1)) && !is_tenant(next_tenant(0, false), id_of(5, 2)));
static_assert(!is_tenant(0, id_of(5, 0)) && slot_of(id_of(7, 9)) == 7 && generation_of_id(id_of(7, 9)) == 9);

} // namespace efd::share
