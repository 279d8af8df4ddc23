// SPDX-License-Identifier: MIT
// dropin/rules/parked_word.hpp: the one word that says how much of an eventfd's count stands in user space, as pure
// functions.
//
// The kernel's eventfd stays the object. While the kernel surely holds at least one unit, units that are written more
// may be parked here instead: whoever polls sees the same as if they had been added, and the next reader takes both.
//
//     63     40 39    14 13       5     4       3        2        1          0
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//    | units   | era    | readers  | epoll | noted | filled | promoted | demoted |
//    +---------+--------+----------+-------+-------+--------+----------+---------+
//
// bit/field  set by                           cleared by                         wrongly set        wrongly clear
// units      a writer that parks              the one step that takes them       never              never
// era        a reader that begins, and who    nobody                             repeats after 2^26 -
//            notes or forgets the number
// readers    a reader before it asks the      the same reader; who notes the     yes: nobody parks  never
//            kernel                           number (a jump left that call)
// epoll      who notes the number of an epoll  who forgets it                    -                  never
// noted      who notes that of an eventfd     who forgets it                     -                  never
// filled     a writer whose write reached     every reader that begins           never              yes: one call more
//            the kernel, none reading meanwhile
// promoted   the policy, on evidence          demotion, when no unit is left     never              -
// demoted    whoever doubts                   who forgets the number             -                  never
//
// A word of nobody's number has none of the marks. Demoted with units ("leaving"): nothing is parked any more, and the
// units wait for the one step that takes them: a reader's, or that of who hands them to the kernel. Demoted without is
// the end: the kernel's for good.
//
// PARKED: filled means that since some write of ours has reached the kernel nobody has begun to read, so the kernel
// holds at least one unit. Units are parked only while filled. Nobody but readers that are counted may ask the kernel
// for a promoted eventfd's units.
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
inline constexpr int era_shift = 14;
inline constexpr int units_shift = 40;
inline constexpr std::uint64_t most_readers = (1U << (era_shift - readers_shift)) - 1;
inline constexpr std::uint64_t most_units = (1U << (64 - units_shift)) - 1;
inline constexpr parked_word one_reader = parked_word{1} << readers_shift;
inline constexpr parked_word readers_field = most_readers << readers_shift;
inline constexpr parked_word one_era = parked_word{1} << era_shift;
inline constexpr parked_word below_units = (parked_word{1} << units_shift) - 1;
inline constexpr parked_word era_field = below_units & ~(one_era - 1);

constexpr std::uint64_t units_of(parked_word w) noexcept { return w >> units_shift; }
constexpr std::uint64_t readers_of(parked_word w) noexcept { return w >> readers_shift & most_readers; }
constexpr parked_word era_of(parked_word w) noexcept { return w & era_field; }
constexpr bool is_noted(parked_word w) noexcept { return (w & noted_mark) != 0; }
constexpr bool is_epoll(parked_word w) noexcept { return (w & epoll_mark) != 0; }
// A number of neither kind is none of our business.
constexpr bool is_anything(parked_word w) noexcept { return (w & (noted_mark | epoll_mark)) != 0; }
constexpr bool is_promoted(parked_word w) noexcept { return (w & promoted_mark) != 0; }
constexpr bool is_filled(parked_word w) noexcept { return (w & filled_mark) != 0; }
constexpr bool is_demoted(parked_word w) noexcept { return (w & demoted_mark) != 0; }
constexpr bool is_leaving(parked_word w) noexcept { return is_demoted(w) && units_of(w) > 0; }
// Known, and neither promoted nor demoted.
constexpr bool is_awaiting_evidence(parked_word w) noexcept {
    return (w & (noted_mark | promoted_mark | demoted_mark)) == noted_mark;
}

constexpr parked_word next_era(parked_word w) noexcept {
    return (w & ~era_field) | (((w & era_field) + one_era) & era_field);
}

// The number becomes an eventfd's; it is that no more, or nobody says any more what becomes of it.
constexpr parked_word noted(parked_word w) noexcept { return (next_era(w) & era_field) | noted_mark; }
constexpr parked_word noted_epoll(parked_word w) noexcept { return (next_era(w) & era_field) | epoll_mark; }
constexpr parked_word forgotten(parked_word w) noexcept { return next_era(w) & era_field; }

// May a write of n be parked; a write of nothing is an edge for whoever watches edges, and never is.
constexpr bool may_park(parked_word w, std::uint64_t n) noexcept {
    constexpr parked_word needed = promoted_mark | filled_mark;
    return (w & needed) == needed && n - 1 < most_units - units_of(w);
}
constexpr parked_word with_parked(parked_word w, std::uint64_t n) noexcept { return w + (n << units_shift); }

// May a write that reached the kernel, and found the word like this before, say so.
constexpr bool may_fill(parked_word w) noexcept {
    return (w & (promoted_mark | filled_mark | demoted_mark)) == promoted_mark && readers_of(w) == 0;
}
constexpr parked_word filled(parked_word w) noexcept { return w | filled_mark; }

// A reader that asks the kernel begins; ends with nothing taken; ends, and has taken what was parked.
constexpr parked_word begun(parked_word w) noexcept { return (next_era(w) & ~filled_mark) + one_reader; }
constexpr parked_word settled(parked_word w) noexcept {
    return is_demoted(w) && units_of(w) == 0 ? w & ~(promoted_mark | filled_mark) : w;
}
constexpr parked_word ended(parked_word w) noexcept { return w - one_reader; }
constexpr parked_word taken(parked_word w) noexcept { return settled(w & below_units); }
// Semaphore mode: one unit of the parked.
constexpr parked_word with_one_taken(parked_word w) noexcept { return settled(w - (parked_word{1} << units_shift)); }

constexpr parked_word promoted(parked_word w) noexcept { return w | promoted_mark; }
// Back to where evidence is awaited: nothing is parked, and nobody reads.
constexpr bool may_rest(parked_word w) noexcept {
    return is_promoted(w) && !is_demoted(w) && units_of(w) == 0 && readers_of(w) == 0;
}
constexpr parked_word rested(parked_word w) noexcept { return next_era(w) & ~(promoted_mark | filled_mark); }
// The first step of demotion: nothing is parked any more, and what is parked stays readable.
constexpr parked_word leaving(parked_word w) noexcept { return settled((w | demoted_mark) & ~filled_mark); }

// What was taken to be handed back, and cannot be: whoever reads takes it.
constexpr parked_word given_back(parked_word w, std::uint64_t units) noexcept {
    return with_parked(w, units) | promoted_mark;
}

// What every value of the word keeps to: only a promoted eventfd has units or is filled, only a known one is promoted
// or demoted, and a demoted one is never filled. For checks.
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
static_assert(!is_filled(begun(ready_to_park)) && readers_of(begun(0)) == 1 && begun(0) != begun(begun(0)));
static_assert(begun(era_field) == one_reader && ended(begun(era_field)) == 0);
static_assert(units_of(begun(with_parked(ready_to_park, 9))) == 9);
static_assert(!may_fill(begun(noted_mark | promoted_mark)) && may_fill(ended(begun(noted_mark | promoted_mark))));
static_assert(!may_fill(noted_mark) && !may_fill(leaving(with_parked(ready_to_park, 1))));
static_assert(may_rest(ready_to_park) && is_awaiting_evidence(rested(ready_to_park)));
static_assert(!may_rest(with_parked(ready_to_park, 1)) && !may_rest(begun(ready_to_park)));
static_assert(leaving(ready_to_park) == (noted_mark | demoted_mark));
static_assert(is_leaving(leaving(with_parked(ready_to_park, 1))) &&
              !may_park(leaving(with_parked(ready_to_park, 1)), 1));
static_assert(taken(leaving(with_parked(ready_to_park, 5))) == leaving(ready_to_park));
static_assert(with_one_taken(leaving(with_parked(ready_to_park, 1))) == leaving(ready_to_park));
static_assert(units_of(forgotten(with_parked(ready_to_park, 3))) == 0 && !is_noted(forgotten(ready_to_park)));
static_assert(readers_of(noted(begun(ready_to_park))) == 0 && is_awaiting_evidence(noted(0)));
static_assert(is_epoll(noted_epoll(ready_to_park)) && !is_noted(noted_epoll(ready_to_park)) && is_anything(noted(0)));
static_assert(!is_anything(forgotten(noted_epoll(0))) && !is_epoll(noted(noted_epoll(0))));

static_assert(is_consistent(0) && is_consistent(ready_to_park) && is_consistent(begun(with_parked(ready_to_park, 9))));
static_assert(is_consistent(leaving(with_parked(ready_to_park, 1))) && is_consistent(leaving(ready_to_park)));
static_assert(!is_consistent(promoted_mark) && !is_consistent(noted_mark | filled_mark));
static_assert(!is_consistent(with_parked(noted_mark, 1)) && !is_consistent(ready_to_park | demoted_mark));

} // namespace efd::dropin
