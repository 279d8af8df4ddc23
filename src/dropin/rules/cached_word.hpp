// SPDX-License-Identifier: MIT
// dropin/rules/cached_word.hpp: the word that holds the cached units of one eventfd, and its transitions as pure
// functions.
//
// The kernel's eventfd stays the object. While the kernel holds at least one unit for certain, further units may be
// cached here instead. A poll reports the same as if they had been added, and the next reader takes both.
//
//     63     40 39    14 13       5     4       3        2        1          0
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//    | units   | gener. | readers  | epoll | noted | filled | promoted | demoted |
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//
//     bit/field   set by                        cleared by                 wrongly set              wrongly clear
//     units       a writer that caches          the step that takes them   never                    never
//     generation  a reader that begins; noting  never                      repeats after 2^26       -
//                 or forgetting a number;
//                 unpromotion
//     readers     a reader before it asks the   the same reader; noting a  yes, after a jump left   never
//                 kernel                        number                     the call: none is cached
//     epoll       noting an epoll's number      forgetting it              -                        never
//     noted       noting an eventfd's number    forgetting it              -                        never
//     filled      a writer whose write reached  each reader that begins;   never                    yes: one call more
//                 the kernel without a reader   demotion; unpromotion
//     promoted    the policy, on evidence       demotion, once no unit is  never                    -
//                                               left; unpromotion
//     demoted     a demotion trigger            forgetting the number      -                        never
//
// The word of a number without a note has no mark. "Needs flush" means demoted with units: nothing is cached any more,
// and a reader or a flush takes the units in one step. Demoted without units is the final state: the eventfd is the
// kernel's alone.
//
// CACHED: `filled` means that a write of this process has reached the kernel and no reader has begun since. So the
// kernel holds at least one unit. Units are cached only while `filled` is set. Only counted readers may ask the kernel
// for the units of a promoted eventfd.
#pragma once

#include <cstdint>

namespace efd::dropin {

using cached_word = std::uint64_t;

inline constexpr cached_word demoted_mark = 1U << 0;
inline constexpr cached_word promoted_mark = 1U << 1;
inline constexpr cached_word filled_mark = 1U << 2;
inline constexpr cached_word noted_mark = 1U << 3;
inline constexpr cached_word epoll_mark = 1U << 4;
inline constexpr int readers_shift = 5;
inline constexpr int generation_shift = 14;
inline constexpr int units_shift = 40;
inline constexpr std::uint64_t most_readers = (1U << (generation_shift - readers_shift)) - 1;
inline constexpr std::uint64_t most_units = (1U << (64 - units_shift)) - 1;
inline constexpr cached_word one_reader = cached_word{1} << readers_shift;
inline constexpr cached_word readers_field = most_readers << readers_shift;
inline constexpr cached_word one_generation = cached_word{1} << generation_shift;
inline constexpr cached_word below_units = (cached_word{1} << units_shift) - 1;
inline constexpr cached_word generation_field = below_units & ~(one_generation - 1);

constexpr std::uint64_t units_of(cached_word w) noexcept { return w >> units_shift; }
constexpr std::uint64_t readers_of(cached_word w) noexcept { return w >> readers_shift & most_readers; }
constexpr cached_word generation_of(cached_word w) noexcept { return w & generation_field; }
constexpr bool is_noted(cached_word w) noexcept { return (w & noted_mark) != 0; }
constexpr bool is_epoll(cached_word w) noexcept { return (w & epoll_mark) != 0; }
// A number of neither kind is passed on.
constexpr bool is_anything(cached_word w) noexcept { return (w & (noted_mark | epoll_mark)) != 0; }
constexpr bool is_promoted(cached_word w) noexcept { return (w & promoted_mark) != 0; }
constexpr bool is_filled(cached_word w) noexcept { return (w & filled_mark) != 0; }
constexpr bool is_demoted(cached_word w) noexcept { return (w & demoted_mark) != 0; }
constexpr bool needs_flush(cached_word w) noexcept { return is_demoted(w) && units_of(w) > 0; }
// Noted, and a demotion would change it.
constexpr bool needs_demotion(cached_word w) noexcept {
    return is_noted(w) && (w & (promoted_mark | demoted_mark)) != demoted_mark;
}
// Noted, and neither promoted nor demoted.
constexpr bool is_awaiting_evidence(cached_word w) noexcept {
    return (w & (noted_mark | promoted_mark | demoted_mark)) == noted_mark;
}

constexpr cached_word next_generation(cached_word w) noexcept {
    return (w & ~generation_field) | (((w & generation_field) + one_generation) & generation_field);
}

// The number is noted as an eventfd's; it is noted as an epoll's; it is forgotten.
constexpr cached_word with_note(cached_word w) noexcept { return (next_generation(w) & generation_field) | noted_mark; }
constexpr cached_word with_epoll_note(cached_word w) noexcept {
    return (next_generation(w) & generation_field) | epoll_mark;
}
constexpr cached_word without_note(cached_word w) noexcept { return next_generation(w) & generation_field; }

// May a write of n be cached? A write of 0 never is, because it is an edge for edge-triggered watchers.
constexpr bool may_cache(cached_word w, std::uint64_t n) noexcept {
    constexpr cached_word needed = promoted_mark | filled_mark;
    return (w & needed) == needed && n - 1 < most_units - units_of(w);
}
constexpr cached_word with_cached(cached_word w, std::uint64_t n) noexcept { return w + (n << units_shift); }

// May a write that reached the kernel set `filled`? w: the word before the write.
constexpr bool may_fill(cached_word w) noexcept {
    return (w & (promoted_mark | filled_mark | demoted_mark)) == promoted_mark && readers_of(w) == 0;
}
constexpr cached_word with_filled(cached_word w) noexcept { return w | filled_mark; }

// A reader begins; a demotion ends when no unit is left; a reader ends; the cached units are taken.
constexpr cached_word with_reader(cached_word w) noexcept { return (next_generation(w) & ~filled_mark) + one_reader; }
constexpr cached_word with_demotion_done(cached_word w) noexcept {
    return is_demoted(w) && units_of(w) == 0 ? w & ~(promoted_mark | filled_mark) : w;
}
constexpr cached_word without_reader(cached_word w) noexcept { return w - one_reader; }
constexpr cached_word without_units(cached_word w) noexcept { return with_demotion_done(w & below_units); }
// Semaphore mode: one cached unit is taken.
constexpr cached_word without_one_unit(cached_word w) noexcept {
    return with_demotion_done(w - (cached_word{1} << units_shift));
}

constexpr cached_word with_promotion(cached_word w) noexcept { return w | promoted_mark; }
// Back to awaiting evidence: only if nothing is cached and no reader is counted.
constexpr bool may_unpromote(cached_word w) noexcept {
    return is_promoted(w) && !is_demoted(w) && units_of(w) == 0 && readers_of(w) == 0;
}
constexpr cached_word without_promotion(cached_word w) noexcept {
    return next_generation(w) & ~(promoted_mark | filled_mark);
}
// The first step of a demotion: nothing more is cached, and the cached units stay readable.
constexpr cached_word with_demotion(cached_word w) noexcept {
    return with_demotion_done((w | demoted_mark) & ~filled_mark);
}

// Units that a flush took and could not write return, and wait for a reader.
constexpr cached_word with_returned_units(cached_word w, std::uint64_t units) noexcept {
    return with_cached(w, units) | promoted_mark;
}

// The invariant of the word, for checks: only a promoted eventfd has units or is filled, only a noted one is promoted
// or demoted, and a demoted one is never filled.
constexpr bool is_consistent(cached_word w) noexcept {
    if (is_filled(w) && (!is_promoted(w) || is_demoted(w))) return false;
    return (units_of(w) == 0 || is_promoted(w)) && (is_noted(w) || (w & (promoted_mark | demoted_mark)) == 0);
}

inline constexpr cached_word ready_to_cache = noted_mark | promoted_mark | filled_mark;
static_assert(!may_cache(noted_mark | promoted_mark, 1) && !may_cache(noted_mark | filled_mark, 1));
static_assert(may_cache(ready_to_cache, 1) && !may_cache(ready_to_cache, 0) && may_cache(ready_to_cache, most_units));
static_assert(!may_cache(ready_to_cache, most_units + 1) && !may_cache(ready_to_cache, UINT64_MAX));
static_assert(!may_cache(with_cached(ready_to_cache, 2), most_units - 1));
static_assert(units_of(with_cached(ready_to_cache, 7)) == 7);
static_assert(!is_filled(with_reader(ready_to_cache)) && readers_of(with_reader(0)) == 1 &&
              with_reader(0) != with_reader(with_reader(0)));
static_assert(with_reader(generation_field) == one_reader && without_reader(with_reader(generation_field)) == 0);
static_assert(units_of(with_reader(with_cached(ready_to_cache, 9))) == 9);
static_assert(!may_fill(with_reader(noted_mark | promoted_mark)) &&
              may_fill(without_reader(with_reader(noted_mark | promoted_mark))));
static_assert(!may_fill(noted_mark) && !may_fill(with_demotion(with_cached(ready_to_cache, 1))));
static_assert(may_unpromote(ready_to_cache) && is_awaiting_evidence(without_promotion(ready_to_cache)));
static_assert(!may_unpromote(with_cached(ready_to_cache, 1)) && !may_unpromote(with_reader(ready_to_cache)));
static_assert(with_demotion(ready_to_cache) == (noted_mark | demoted_mark));
static_assert(needs_flush(with_demotion(with_cached(ready_to_cache, 1))) &&
              !may_cache(with_demotion(with_cached(ready_to_cache, 1)), 1));
static_assert(needs_demotion(with_note(0)) && needs_demotion(with_demotion(with_cached(ready_to_cache, 1))) &&
              !needs_demotion(with_demotion(ready_to_cache)) && !needs_demotion(with_epoll_note(0)));
static_assert(without_units(with_demotion(with_cached(ready_to_cache, 5))) == with_demotion(ready_to_cache));
static_assert(without_one_unit(with_demotion(with_cached(ready_to_cache, 1))) == with_demotion(ready_to_cache));
static_assert(units_of(without_note(with_cached(ready_to_cache, 3))) == 0 && !is_noted(without_note(ready_to_cache)));
static_assert(readers_of(with_note(with_reader(ready_to_cache))) == 0 && is_awaiting_evidence(with_note(0)));
static_assert(is_epoll(with_epoll_note(ready_to_cache)) && !is_noted(with_epoll_note(ready_to_cache)) &&
              is_anything(with_note(0)));
static_assert(!is_anything(without_note(with_epoll_note(0))) && !is_epoll(with_note(with_epoll_note(0))));

static_assert(is_consistent(0) && is_consistent(ready_to_cache) &&
              is_consistent(with_reader(with_cached(ready_to_cache, 9))));
static_assert(is_consistent(with_demotion(with_cached(ready_to_cache, 1))) &&
              is_consistent(with_demotion(ready_to_cache)));
static_assert(!is_consistent(promoted_mark) && !is_consistent(noted_mark | filled_mark));
static_assert(!is_consistent(with_cached(noted_mark, 1)) && !is_consistent(ready_to_cache | demoted_mark));

} // namespace efd::dropin
