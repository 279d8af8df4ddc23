// SPDX-License-Identifier: MIT
// dropin/rules/parked_word.hpp: the word that holds the parked units of one eventfd, and its transitions as pure
// functions.
//
// The kernel's eventfd stays the object. While the kernel holds at least one unit for certain, further units may be
// parked here instead. A poll reports the same as if they had been added, and the next reader takes both.
//
//     63     40 39    14 13       5     4       3        2        1          0
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//    | units   | gener. | readers  | epoll | noted | filled | promoted | demoted |
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//
//     bit/field   set by                        cleared by                 wrongly set              wrongly clear
//     units       a writer that parks           the step that takes them   never                    never
//     generation  a reader that begins; noting  never                      repeats after 2^26       -
//                 or forgetting a number;
//                 unpromotion
//     readers     a reader before it asks the   the same reader; noting a  yes, after a jump left   never
//                 kernel                        number                     the call: nothing parks
//     epoll       noting an epoll's number      forgetting it              -                        never
//     noted       noting an eventfd's number    forgetting it              -                        never
//     filled      a writer whose write reached  each reader that begins;   never                    yes: one call more
//                 the kernel without a reader   demotion; unpromotion
//     promoted    the policy, on evidence       demotion, once no unit is  never                    -
//                                               left; unpromotion
//     demoted     a demotion trigger            forgetting the number      -                        never
//
// The word of a number without a note has no mark. "Needs flush" means demoted with units: nothing is parked any more,
// and a reader or a flush takes the units in one step. Demoted without units is the final state: the eventfd is the
// kernel's alone.
//
// PARKED: `filled` means that a write of this process has reached the kernel and no reader has begun since. So the
// kernel holds at least one unit. Units are parked only while `filled` is set. Only counted readers may ask the kernel
// for the units of a promoted eventfd.
#pragma once

#include <cstdint>

namespace efd::dropin {

using parked_word = std::uint64_t;

inline constexpr parked_word demoted_mark = 1U << 0;
inline constexpr parked_word promoted_mark = 1U << 1;
inline constexpr parked_word filled_mark = 1U << 2;
inline constexpr parked_word noted_mark = 1U << 3;
inline constexpr parked_word epoll_mark = 1U << 4;
inline constexpr int readers_shift = 5;
inline constexpr int generation_shift = 14;
inline constexpr int units_shift = 40;
inline constexpr std::uint64_t most_readers = (1U << (generation_shift - readers_shift)) - 1;
inline constexpr std::uint64_t most_units = (1U << (64 - units_shift)) - 1;
inline constexpr parked_word one_reader = parked_word{1} << readers_shift;
inline constexpr parked_word readers_field = most_readers << readers_shift;
inline constexpr parked_word one_generation = parked_word{1} << generation_shift;
inline constexpr parked_word below_units = (parked_word{1} << units_shift) - 1;
inline constexpr parked_word generation_field = below_units & ~(one_generation - 1);

constexpr std::uint64_t units_of(parked_word w) noexcept { return w >> units_shift; }
constexpr std::uint64_t readers_of(parked_word w) noexcept { return w >> readers_shift & most_readers; }
constexpr parked_word generation_of(parked_word w) noexcept { return w & generation_field; }
constexpr bool is_noted(parked_word w) noexcept { return (w & noted_mark) != 0; }
constexpr bool is_epoll(parked_word w) noexcept { return (w & epoll_mark) != 0; }
// A number of neither kind is passed on.
constexpr bool is_anything(parked_word w) noexcept { return (w & (noted_mark | epoll_mark)) != 0; }
constexpr bool is_promoted(parked_word w) noexcept { return (w & promoted_mark) != 0; }
constexpr bool is_filled(parked_word w) noexcept { return (w & filled_mark) != 0; }
constexpr bool is_demoted(parked_word w) noexcept { return (w & demoted_mark) != 0; }
constexpr bool needs_flush(parked_word w) noexcept { return is_demoted(w) && units_of(w) > 0; }
// Noted, and neither promoted nor demoted.
constexpr bool is_awaiting_evidence(parked_word w) noexcept {
    return (w & (noted_mark | promoted_mark | demoted_mark)) == noted_mark;
}

constexpr parked_word next_generation(parked_word w) noexcept {
    return (w & ~generation_field) | (((w & generation_field) + one_generation) & generation_field);
}

// The number is noted as an eventfd's; it is noted as an epoll's; it is forgotten.
constexpr parked_word with_note(parked_word w) noexcept { return (next_generation(w) & generation_field) | noted_mark; }
constexpr parked_word with_epoll_note(parked_word w) noexcept {
    return (next_generation(w) & generation_field) | epoll_mark;
}
constexpr parked_word without_note(parked_word w) noexcept { return next_generation(w) & generation_field; }

// May a write of n be parked? A write of 0 never is, because it is an edge for edge-triggered watchers.
constexpr bool may_park(parked_word w, std::uint64_t n) noexcept {
    constexpr parked_word needed = promoted_mark | filled_mark;
    return (w & needed) == needed && n - 1 < most_units - units_of(w);
}
constexpr parked_word with_parked(parked_word w, std::uint64_t n) noexcept { return w + (n << units_shift); }

// May a write that reached the kernel set `filled`? w: the word before the write.
constexpr bool may_fill(parked_word w) noexcept {
    return (w & (promoted_mark | filled_mark | demoted_mark)) == promoted_mark && readers_of(w) == 0;
}
constexpr parked_word with_filled(parked_word w) noexcept { return w | filled_mark; }

// A reader begins; a demotion ends when no unit is left; a reader ends; the parked units are taken.
constexpr parked_word with_reader(parked_word w) noexcept { return (next_generation(w) & ~filled_mark) + one_reader; }
constexpr parked_word with_demotion_done(parked_word w) noexcept {
    return is_demoted(w) && units_of(w) == 0 ? w & ~(promoted_mark | filled_mark) : w;
}
constexpr parked_word without_reader(parked_word w) noexcept { return w - one_reader; }
constexpr parked_word without_units(parked_word w) noexcept { return with_demotion_done(w & below_units); }
// Semaphore mode: one parked unit is taken.
constexpr parked_word without_one_unit(parked_word w) noexcept {
    return with_demotion_done(w - (parked_word{1} << units_shift));
}

constexpr parked_word with_promotion(parked_word w) noexcept { return w | promoted_mark; }
// Back to awaiting evidence: only if nothing is parked and no reader is counted.
constexpr bool may_unpromote(parked_word w) noexcept {
    return is_promoted(w) && !is_demoted(w) && units_of(w) == 0 && readers_of(w) == 0;
}
constexpr parked_word without_promotion(parked_word w) noexcept {
    return next_generation(w) & ~(promoted_mark | filled_mark);
}
// The first step of a demotion: nothing more is parked, and the parked units stay readable.
constexpr parked_word with_demotion(parked_word w) noexcept {
    return with_demotion_done((w | demoted_mark) & ~filled_mark);
}

// Units that a flush took and could not write return, and wait for a reader.
constexpr parked_word with_returned_units(parked_word w, std::uint64_t units) noexcept {
    return with_parked(w, units) | promoted_mark;
}

// The invariant of the word, for checks: only a promoted eventfd has units or is filled, only a noted one is promoted
// or demoted, and a demoted one is never filled.
constexpr bool is_consistent(parked_word w) noexcept {
    if (is_filled(w) && (!is_promoted(w) || is_demoted(w))) return false;
    return (units_of(w) == 0 || is_promoted(w)) && (is_noted(w) || (w & (promoted_mark | demoted_mark)) == 0);
}

inline constexpr parked_word ready_to_park = noted_mark | promoted_mark | filled_mark;
static_assert(!may_park(noted_mark | promoted_mark, 1) && !may_park(noted_mark | filled_mark, 1));
static_assert(may_park(ready_to_park, 1) && !may_park(ready_to_park, 0) && may_park(ready_to_park, most_units));
static_assert(!may_park(ready_to_park, most_units + 1) && !may_park(ready_to_park, UINT64_MAX));
static_assert(!may_park(with_parked(ready_to_park, 2), most_units - 1));
static_assert(units_of(with_parked(ready_to_park, 7)) == 7);
static_assert(!is_filled(with_reader(ready_to_park)) && readers_of(with_reader(0)) == 1 &&
              with_reader(0) != with_reader(with_reader(0)));
static_assert(with_reader(generation_field) == one_reader && without_reader(with_reader(generation_field)) == 0);
static_assert(units_of(with_reader(with_parked(ready_to_park, 9))) == 9);
static_assert(!may_fill(with_reader(noted_mark | promoted_mark)) &&
              may_fill(without_reader(with_reader(noted_mark | promoted_mark))));
static_assert(!may_fill(noted_mark) && !may_fill(with_demotion(with_parked(ready_to_park, 1))));
static_assert(may_unpromote(ready_to_park) && is_awaiting_evidence(without_promotion(ready_to_park)));
static_assert(!may_unpromote(with_parked(ready_to_park, 1)) && !may_unpromote(with_reader(ready_to_park)));
static_assert(with_demotion(ready_to_park) == (noted_mark | demoted_mark));
static_assert(needs_flush(with_demotion(with_parked(ready_to_park, 1))) &&
              !may_park(with_demotion(with_parked(ready_to_park, 1)), 1));
static_assert(without_units(with_demotion(with_parked(ready_to_park, 5))) == with_demotion(ready_to_park));
static_assert(without_one_unit(with_demotion(with_parked(ready_to_park, 1))) == with_demotion(ready_to_park));
static_assert(units_of(without_note(with_parked(ready_to_park, 3))) == 0 && !is_noted(without_note(ready_to_park)));
static_assert(readers_of(with_note(with_reader(ready_to_park))) == 0 && is_awaiting_evidence(with_note(0)));
static_assert(is_epoll(with_epoll_note(ready_to_park)) && !is_noted(with_epoll_note(ready_to_park)) &&
              is_anything(with_note(0)));
static_assert(!is_anything(without_note(with_epoll_note(0))) && !is_epoll(with_note(with_epoll_note(0))));

static_assert(is_consistent(0) && is_consistent(ready_to_park) &&
              is_consistent(with_reader(with_parked(ready_to_park, 9))));
static_assert(is_consistent(with_demotion(with_parked(ready_to_park, 1))) &&
              is_consistent(with_demotion(ready_to_park)));
static_assert(!is_consistent(promoted_mark) && !is_consistent(noted_mark | filled_mark));
static_assert(!is_consistent(with_parked(noted_mark, 1)) && !is_consistent(ready_to_park | demoted_mark));

} // namespace efd::dropin
