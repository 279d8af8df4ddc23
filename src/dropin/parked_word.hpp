// dropin/parked_word.hpp: the one word that says how much of an eventfd's count stands in user space, as pure
// functions.
//
// The kernel's eventfd stays the object. While the kernel surely holds at least one unit, units that are written more
// may be parked here instead: whoever polls sees the same as if they had been added, and the next reader takes both.
//
//     63      48 47      32 31        14 13      5     4        3        2        1          0
//    +----------+----------+------------+---------+---------+--------+--------+----------+---------+
//    | units    | writes   | era        | readers | handing | taking | filled | promoted | demoted |
//    +----------+----------+------------+---------+---------+--------+--------+----------+---------+
//
// bit/field  set by                           cleared by                        wrongly set        wrongly clear
// units      a writer that parks              who takes or hands back           never              never
// writes     the same, one each               the same                          -                  -
// era        every reader that begins         nobody                            repeats after 2^18 -
// readers    a reader before it asks the      the same reader                   yes: nobody parks  never
//            kernel, without parked units       (it was killed)
// taking     who takes or hands back units    the same, or who gave up waiting  yes: it was killed never
// handing    who hands units back, beside   the same                          as taking          -
//            taking
// filled     a writer whose write reached     every reader that begins          never              yes: one call more
//            the kernel, none reading meanwhile
// promoted   the policy, on evidence          demotion                          never              -
// demoted    the policy, on doubt             nobody                            -                  never
//
// PARKED: filled means that since some write of ours has reached the kernel nobody has begun to read, so the kernel
// holds at least one unit. Units are parked only while filled; so units above zero and taking clear imply readers zero.
#pragma once

#include <cstdint>

namespace efd::dropin {

using parked_word = std::uint64_t;

inline constexpr parked_word demoted_mark = 1U << 0;
inline constexpr parked_word promoted_mark = 1U << 1;
inline constexpr parked_word filled_mark = 1U << 2;
inline constexpr parked_word taking_mark = 1U << 3;
inline constexpr parked_word handing_mark = 1U << 4;
inline constexpr int readers_shift = 5;
inline constexpr int era_shift = 14;
inline constexpr int writes_shift = 32;
inline constexpr int units_shift = 48;
inline constexpr std::uint64_t most_readers = (1U << (era_shift - readers_shift)) - 1;
inline constexpr std::uint64_t most_units = UINT16_MAX;
inline constexpr std::uint64_t most_writes = UINT16_MAX;
inline constexpr parked_word one_reader = parked_word{1} << readers_shift;
inline constexpr parked_word readers_field = most_readers << readers_shift;
inline constexpr parked_word one_era = parked_word{1} << era_shift;
inline constexpr parked_word era_field = ((parked_word{1} << (writes_shift - era_shift)) - 1) << era_shift;
inline constexpr parked_word below_writes = (parked_word{1} << writes_shift) - 1;

constexpr std::uint64_t units_of(parked_word w) noexcept { return w >> units_shift; }
constexpr std::uint64_t writes_of(parked_word w) noexcept { return w >> writes_shift & most_writes; }
constexpr std::uint64_t readers_of(parked_word w) noexcept { return w >> readers_shift & most_readers; }
constexpr bool is_demoted(parked_word w) noexcept { return (w & demoted_mark) != 0; }
constexpr bool is_promoted(parked_word w) noexcept { return (w & promoted_mark) != 0; }
constexpr bool is_filled(parked_word w) noexcept { return (w & filled_mark) != 0; }
constexpr bool is_handing(parked_word w) noexcept { return (w & handing_mark) != 0; }
constexpr bool is_taking(parked_word w) noexcept { return (w & taking_mark) != 0; }

// May a write of n be parked; a write of nothing is an edge for whoever watches edges, and never is.
constexpr bool may_park(parked_word w, std::uint64_t n) noexcept {
    constexpr parked_word needed = promoted_mark | filled_mark;
    return (w & needed) == needed && n - 1 < most_units - units_of(w) && writes_of(w) < most_writes;
}
constexpr parked_word with_parked(parked_word w, std::uint64_t n) noexcept {
    return w + (n << units_shift) + (parked_word{1} << writes_shift);
}

// May a write that reached the kernel, and found the word like this before, say so.
constexpr bool may_fill(parked_word w) noexcept {
    return (w & (filled_mark | taking_mark | demoted_mark)) == 0 && readers_of(w) == 0;
}
constexpr parked_word filled(parked_word w) noexcept { return w | filled_mark; }

constexpr parked_word next_era(parked_word w) noexcept {
    return (w & ~era_field) | (((w & era_field) + one_era) & era_field);
}

// A reader that asks the kernel with nothing parked: begins, ends. What was parked and taken again is forgotten.
constexpr bool may_begin(parked_word w) noexcept {
    return units_of(w) == 0 && !is_taking(w) && readers_of(w) < most_readers;
}
constexpr parked_word begun(parked_word w) noexcept { return (next_era(w) & below_writes & ~filled_mark) + one_reader; }
constexpr parked_word ended(parked_word w) noexcept { return w - one_reader; }

// Who takes the parked units beside the kernel's, or hands them back to the kernel: alone, with the units frozen.
constexpr bool may_claim(parked_word w) noexcept { return units_of(w) > 0 && !is_taking(w); }
// A claim upon a claim is a new one: whoever had the old one finds out at its end.
constexpr parked_word claimed(parked_word w) noexcept {
    return (next_era(w) | taking_mark) & ~(filled_mark | handing_mark);
}
constexpr parked_word handing(parked_word w) noexcept { return w | handing_mark; }
// The kernel had no room for them: as they were, but for `filled`.
constexpr parked_word kept(parked_word w) noexcept { return w & ~(taking_mark | handing_mark); }
constexpr parked_word released(parked_word w) noexcept { return w & below_writes & ~(taking_mark | handing_mark); }

// Semaphore mode: one unit of the parked.
constexpr parked_word with_one_taken(parked_word w) noexcept { return w - (parked_word{1} << units_shift); }

constexpr parked_word promoted(parked_word w) noexcept { return w | promoted_mark; }
constexpr parked_word demoted(parked_word w) noexcept {
    return (w & below_writes & ~(promoted_mark | filled_mark)) | demoted_mark;
}

inline constexpr parked_word ready_to_park = promoted_mark | filled_mark;
static_assert(!may_park(promoted_mark, 1) && !may_park(filled_mark, 1) && may_park(ready_to_park, 1));
static_assert(!may_park(ready_to_park, 0) && may_park(ready_to_park, most_units));
static_assert(!may_park(ready_to_park, most_units + 1) && !may_park(ready_to_park, UINT64_MAX));
static_assert(!may_park(with_parked(ready_to_park, 2), most_units - 1));
static_assert(units_of(with_parked(ready_to_park, 7)) == 7 && writes_of(with_parked(ready_to_park, 7)) == 1);
static_assert(!is_filled(begun(filled_mark)) && readers_of(begun(0)) == 1 && begun(0) != begun(begun(0)));
static_assert(begun(era_field) == one_reader && ended(begun(era_field)) == 0);
static_assert(!may_fill(begun(0)) && may_fill(ended(begun(0))) && ended(begun(0)) != 0);
static_assert(!may_begin(with_parked(ready_to_park, 1)) && may_claim(with_parked(ready_to_park, 1)));
static_assert(!may_park(claimed(with_parked(ready_to_park, 1)), 1) &&
              !may_fill(claimed(with_parked(ready_to_park, 1))));
static_assert(units_of(claimed(with_parked(ready_to_park, 9))) == 9);
static_assert(units_of(released(claimed(with_parked(ready_to_park, 9)))) == 0);
static_assert(writes_of(begun(with_one_taken(with_parked(ready_to_park, 1)))) == 0);

} // namespace efd::dropin
