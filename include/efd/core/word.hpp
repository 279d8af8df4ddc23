// core/word.hpp: the packed words that decide every race, as pure functions over their values.
//
// A context has one 64-bit state word. While the count is below packed_limit (always, in real programs) that word holds
// the count and all marks, so its single modification order decides who saw whom: an add sees in the old value whether
// a reader sleeps, and a reader goes to sleep by the very step that shows the count to be zero. docs/races.md draws it.
//
//     63          35  34     33    32   31                           4   3       2        1        0
//    +--------------+-----+------+------+------------------------------+-------+--------+--------+-------+
//    | count        |held | rung | armed| turn: stamp of the last step |asleep |arrived |watched |sealed |
//    +--------------+-----+------+------+------------------------------+-------+--------+--------+-------+
//    | noise(sealed)|     | rung | armed| base, 30 bits, in 31..2               |watched |sealed |
//    +--------------+-----+------+------+---------------------------------------+--------+-------+
//
// bit      set by                       cleared by                      may be wrongly set          wrongly clear
// asleep   a reader about to sleep      a waker that found nobody left  yes: costs one system call  never
// arrived  a reader about to sleep      every waker, before it wakes    yes: one settle fails       never, see ARRIVE
// watched  wait_queue, first entry      wait_queue, last entry          yes: an empty walk          never
// sealed   whoever meets a huge count   nobody                          never                       never
// held     who takes from several       who has taken, or gives up      never                       never
// armed    the bell; a read to zero     whoever has rung the bell       yes: rings once more        never, see LEVEL
// rung     the bell, once it has rung   a read to zero, for `armed`     yes: the bell looks again   never, see LEVEL
// turn     each waker, first arrivals   a waker that found nobody left  a stamp repeats after 2^28  -
//
// arrived implies asleep. A packed word with no marks is the count and nothing else ("quiet").
//
// Sealed: once an operation would bring the count to packed_limit, or a writer has to wait for room, the word is sealed
// for good. It then keeps in `base` what the count was, and the count is base + huge_ modulo 2^64, where huge_ starts
// at zero: sealing is one compare-and-swap and hands nothing over. An add that lands on a sealed word sees the mark in
// the old value, knows that it is void, and starts again on huge_; the upper half is noise from then on.
//
// Why a blind add cannot overflow the upper half: it adds at most blind_add_max, it is made on a word that may be over
// packed_limit only because other adders have not sealed it yet, and (2^29 - 2^27) / 64 = 6.3 million adders would have
// to be stopped in that one spot at once, one and a half times the number of threads that Linux can have.
#pragma once

#include <efd/base/cxx20.hpp>

#include <cstdint>

namespace efd::core {

using state_word = std::uint64_t;
using park_word = std::uint32_t; // the lower half, and the two park words of a sealed context

inline constexpr park_word sealed_mark = 1U << 0;
inline constexpr park_word watched_mark = 1U << 1;
inline constexpr park_word arrived_mark = 1U << 2;
inline constexpr park_word asleep_mark = 1U << 3;
inline constexpr int turn_shift = 4;
inline constexpr int base_shift = 2;
inline constexpr int count_shift = 35;

// The marks of the bell (src/core/bell.hpp) stand above what futexes compare.
inline constexpr std::uint64_t armed_mark = std::uint64_t{1} << 32; // the next add rings
inline constexpr std::uint64_t rung_mark = std::uint64_t{1} << 33;  // it has rung; the read that reaches zero unrings

// Somebody takes from several objects at once, and this is one of them (src/core/hold.cpp). Only a packed word whose
// count is above zero is ever held.
inline constexpr std::uint64_t hold_mark = std::uint64_t{1} << 34;

inline constexpr std::uint64_t packed_limit = std::uint64_t{1} << 27;
inline constexpr std::uint64_t blind_add_max = 64;
inline constexpr state_word one_unit = state_word{1} << count_shift;

// What makes an add look twice: a mark, or a count that has reached packed_limit.
inline constexpr state_word attention_bits =
    ~((packed_limit << count_shift) - 1) | hold_mark | armed_mark | sealed_mark | watched_mark | asleep_mark;
inline constexpr state_word marks_below_count = (state_word{1} << count_shift) - 1;

constexpr bool needs_attention(state_word w) noexcept { return (w & attention_bits) != 0; }
constexpr bool is_sealed(state_word w) noexcept { return (w & sealed_mark) != 0; }
constexpr bool is_watched(state_word w) noexcept { return (w & watched_mark) != 0; }
constexpr bool is_armed(state_word w) noexcept { return (w & armed_mark) != 0; }
constexpr bool is_held(state_word w) noexcept { return (w & hold_mark) != 0; }
constexpr bool has_bell(state_word w) noexcept { return (w & (armed_mark | rung_mark)) != 0; }
constexpr park_word park_of(state_word w) noexcept { return static_cast<park_word>(w); }
constexpr std::uint64_t packed_count(state_word w) noexcept { return w >> count_shift; }
constexpr std::uint64_t base_of(state_word w) noexcept { return park_of(w) >> base_shift; }
constexpr state_word with_count(state_word w, std::uint64_t count) noexcept {
    return (count << count_shift) | (w & marks_below_count);
}
constexpr state_word with_park(state_word w, park_word p) noexcept { return (w & ~state_word{UINT32_MAX}) | p; }
constexpr state_word sealed_from(state_word w) noexcept {
    return (packed_count(w) << base_shift) | (w & (armed_mark | rung_mark | watched_mark)) | sealed_mark;
}
// What a read leaves: at zero a bell that has rung is armed again, in the same step.
constexpr state_word left_by_read(state_word w, std::uint64_t rest) noexcept {
    const state_word left = with_count(w, rest);
    return rest == 0 && (w & rung_mark) != 0 ? (left & ~rung_mark) | armed_mark : left;
}
// What the bell leaves once it has rung for a count above zero.
constexpr state_word after_ring(state_word w) noexcept { return (w & ~armed_mark) | rung_mark; }

// The park protocol, the same on the lower half of the state word and on the park words of a sealed context.
constexpr bool has_sleeper(park_word p) noexcept { return (p & asleep_mark) != 0; }
// The first to arrive stamps a turn of its own, so that a value somebody is about to sleep on never comes back.
constexpr park_word arrived(park_word p, std::uint32_t turn) noexcept {
    return has_sleeper(p) ? p | arrived_mark : p | asleep_mark | arrived_mark | turn << turn_shift;
}
// A waker stamps its turn and clears `arrived`: whoever has arrived, but is not asleep yet, finds the word changed.
constexpr park_word claimed(park_word p, std::uint32_t turn) noexcept {
    return (p & (sealed_mark | watched_mark)) | asleep_mark | (turn << turn_shift);
}
// Nobody is left asleep if the wake of this turn found nobody more, no later turn was taken and nobody arrived since.
constexpr bool may_settle(park_word p, std::uint32_t turn) noexcept { return p == claimed(p, turn); }
constexpr park_word settled(park_word p) noexcept { return p & (sealed_mark | watched_mark); }
// On a sealed context's park word the turn stays, so that a value seen before a wake never comes back after it.
constexpr park_word settled_keeping_turn(park_word p) noexcept { return p & ~(asleep_mark | arrived_mark); }

static_assert(attention_bits == 0xC000'0005'0000'000B);
static_assert((packed_limit * 4) << count_shift == 0 && packed_limit * 3 / blind_add_max > 1U << 22);
static_assert(!needs_attention((packed_limit - 1) << count_shift));
static_assert(needs_attention(packed_limit << count_shift));
static_assert(base_of(sealed_from(with_count(watched_mark, packed_limit))) == packed_limit);
static_assert(is_watched(sealed_from(watched_mark)) && !is_watched(sealed_from(asleep_mark)));
static_assert(is_sealed(sealed_from(0)) && base_of(sealed_from(0)) == 0);
static_assert(has_bell(sealed_from(with_count(rung_mark, packed_limit))));
static_assert(left_by_read(with_count(rung_mark, 3), 0) == armed_mark);
static_assert(left_by_read(with_count(rung_mark, 3), 2) == with_count(rung_mark, 2));
static_assert(left_by_read(with_count(0, 3), 0) == 0 && left_by_read(with_count(armed_mark, 3), 0) == armed_mark);
static_assert(after_ring(with_count(armed_mark, 3)) == with_count(rung_mark, 3));
static_assert(with_park(with_count(rung_mark, 5), 9) == (with_count(rung_mark, 5) | 9));
static_assert(arrived(0, 7) != arrived(0, 8) && arrived(arrived(0, 7), 8) == arrived(0, 7));
static_assert(arrived(claimed(arrived(0, 6), 7), 8) != arrived(0, 6));
static_assert(claimed(arrived(0, 1), 1U << 28) == claimed(arrived(0, 1), 0)); // the turn has 28 bits
static_assert(may_settle(claimed(arrived(watched_mark, 4), 5), 5));
static_assert(!may_settle(claimed(arrived(0, 4), 6), 5));
static_assert(!may_settle(arrived(claimed(arrived(0, 4), 5), 6), 5));
static_assert(settled(claimed(arrived(0, 4), 5)) == 0);

} // namespace efd::core
