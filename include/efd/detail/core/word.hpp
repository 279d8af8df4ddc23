// SPDX-License-Identifier: MIT
// core/word.hpp: the packed words that decide every race, as pure functions over their values.
//
// A context has one 64-bit state word. While the count is below packed_limit (always, in real programs) that word holds
// the count and all marks, so its single modification order decides which thread saw which: an add sees in the old
// value whether a reader sleeps, and a reader announces its sleep by the step that shows the count to be zero.
// docs/races.md draws it.
//
//     63          35     34      33    32   31                           4   3       2        1        0
//    +--------------+---------+------+------+------------------------------+-------+--------+--------+-------+
//    | count        |reserved | rung | armed| generation: a stamp          |asleep |arrived |watched |sealed |
//    +--------------+---------+------+------+------------------------------+-------+--------+--------+-------+
//    | noise(sealed)|         | rung | armed|left| base, 29 bits, in 30..2          |watched |sealed |
//    +--------------+---------+------+------+---------------------------------------+--------+-------+
//
//     bit         set by                        cleared by                      wrongly set               wrongly clear
//     asleep      a reader about to sleep       a waker that found none asleep  yes: one system call      never
//     arrived     a reader about to sleep       each waker before it wakes,     yes: asleep stays longer  never
//                                               a reservation
//     watched     a watcher that joins          the last watcher that leaves    yes: an empty walk        never
//     sealed      a huge count, or no room      nothing                         never                     never
//     reserved    a take from several objects   a thread that meets it, the     yes: its take failed      never
//                                               taker
//     armed       a doorbell that is made, an   a thread that has rung it       yes: one ring too many    never
//                 arm, a read to zero
//     rung        the doorbell, once it has     a read to zero, for `armed`     yes: one look too many    never
//                 rung
//     generation  wakers, first arrivals, arms, unless watched: a waker that    repeats after 2^28        -
//                 joining watchers,             found none asleep, the ring
//                 reservations                  for the arm, the end of a
//                                               reservation
//     left        the sealing step              a thread that woke them         yes: one system call      never
//
// The races are ARRIVE for `arrived`, WATCH_OFF for `watched`, RESERVE for `reserved`, LEVEL and ARM for `armed` and
// `rung`.
//
// arrived implies asleep. A packed word with no marks is the count and nothing else ("quiet").
//
// Sealed: once an operation would bring the count to packed_limit, or a writer has to wait for room, the word is sealed
// for good. It then keeps in `base` what the count was, and the count is base + huge_ modulo 2^64, where huge_ starts
// at zero: sealing is one compare-and-swap and hands nothing over. An add to a sealed word sees the mark in the old
// value, knows that it had no effect, and starts again on huge_; from then on the upper half is noise.
//
// A blind add cannot overflow the upper half. It adds at most blind_add_max. It meets a word above packed_limit only
// while other adders have not sealed it yet. So (2^29 - 2^27) / 64 = 6.3 million adders would have to be stopped at
// that one instruction at once. That is one and a half times the number of threads that Linux can have.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

using state_word = std::uint64_t;
using park_word = std::uint32_t; // the lower half, and the two park words of a sealed context

inline constexpr park_word sealed_mark = 1U << 0;
inline constexpr park_word watched_mark = 1U << 1;
inline constexpr park_word arrived_mark = 1U << 2;
inline constexpr park_word asleep_mark = 1U << 3;
inline constexpr int generation_shift = 4;
inline constexpr int base_shift = 2;
inline constexpr park_word generation_bits = ~park_word{0} << generation_shift;

// In a sealed word: readers that slept on the packed word may still sleep there, and no thread has woken them yet.
inline constexpr park_word left_asleep_mark = 1U << 31;
inline constexpr int count_shift = 35;

// The marks of the doorbell (src/core/watchers.hpp) stand above what futexes compare.
inline constexpr std::uint64_t armed_mark = std::uint64_t{1} << 32; // the next add rings
inline constexpr std::uint64_t rung_mark = std::uint64_t{1} << 33;  // it has rung; the read that reaches zero unrings

// A call takes from several objects at once, and this is one of them (src/core/reservation.cpp). Only a packed word
// whose count is above zero is ever reserved.
inline constexpr std::uint64_t reserved_mark = std::uint64_t{1} << 34;

inline constexpr std::uint64_t packed_limit = std::uint64_t{1} << 27;
inline constexpr std::uint64_t blind_add_max = 64;
inline constexpr state_word one_unit = state_word{1} << count_shift;

// What makes an add look twice, in the value that it found: a mark, or a count that has reached packed_limit. `rung` is
// not among the marks, since the doorbell has rung already; nor is `arrived`, since it implies `asleep`.
inline constexpr state_word attention_bits =
    ~((packed_limit << count_shift) - 1) | reserved_mark | armed_mark | sealed_mark | watched_mark | asleep_mark;
inline constexpr state_word marks_below_count = (state_word{1} << count_shift) - 1;

// What makes a read look: units, another word to look at, or a doorbell that may say that there are some.
inline constexpr state_word look_bits = ~((state_word{1} << count_shift) - 1) | armed_mark | sealed_mark;

constexpr bool needs_attention(state_word w) noexcept { return (w & attention_bits) != 0; }
constexpr bool is_worth_a_read(state_word w) noexcept { return (w & look_bits) != 0; }
constexpr bool is_sealed(state_word w) noexcept { return (w & sealed_mark) != 0; }
constexpr bool is_watched(state_word w) noexcept { return (w & watched_mark) != 0; }
constexpr bool is_armed(state_word w) noexcept { return (w & armed_mark) != 0; }
constexpr bool is_reserved(state_word w) noexcept { return (w & reserved_mark) != 0; }
constexpr bool has_doorbell(state_word w) noexcept { return (w & (armed_mark | rung_mark)) != 0; }
constexpr park_word park_of(state_word w) noexcept { return static_cast<park_word>(w); }
constexpr std::uint64_t packed_count(state_word w) noexcept { return w >> count_shift; }
constexpr std::uint64_t base_of(state_word w) noexcept { return (park_of(w) & ~left_asleep_mark) >> base_shift; }
constexpr bool has_left_asleep(state_word w) noexcept { return is_sealed(w) && (w & left_asleep_mark) != 0; }
constexpr state_word with_count(state_word w, std::uint64_t count) noexcept {
    return (count << count_shift) | (w & marks_below_count);
}
constexpr state_word with_park(state_word w, park_word p) noexcept { return (w & ~state_word{UINT32_MAX}) | p; }
constexpr state_word with_seal(state_word w) noexcept {
    return (packed_count(w) << base_shift) | (w & (armed_mark | rung_mark | watched_mark)) | sealed_mark |
           ((w & asleep_mark) != 0 ? left_asleep_mark : 0U);
}
// The word after a read: at zero a doorbell that has rung is armed again, in the same step.
constexpr state_word after_read(state_word w, std::uint64_t rest) noexcept {
    const state_word left = with_count(w, rest);
    return rest == 0 && (w & rung_mark) != 0 ? (left & ~rung_mark) | armed_mark : left;
}
// The word after the doorbell has rung for a count above zero.
constexpr state_word after_ring(state_word w) noexcept { return (w & ~armed_mark) | rung_mark; }

// RESERVE. While a word is reserved its generation is the stamp of this one reservation. So a step that changes the
// generation ends the reservation first. An add leaves the generation alone, and so does a step that only sets a mark:
// they leave the reservation as it is. A reservation clears `arrived`, as a waker does: a reader that announced itself
// before that does not fall asleep.
constexpr state_word with_reservation(state_word w, std::uint32_t generation) noexcept {
    return with_park(w, (park_of(w) & ~(generation_bits | arrived_mark)) | generation << generation_shift) |
           reserved_mark;
}
constexpr std::uint32_t generation_of(state_word w) noexcept { return park_of(w) >> generation_shift; }
// The word after a reservation that takes `amount`. The generation stays if another thread may compare it: a sleeper, a
// thread that ends an arm, or a thread that clears `watched`.
constexpr state_word without_reservation(state_word w, std::uint64_t amount) noexcept {
    const state_word left = after_read(w & ~reserved_mark, packed_count(w) - amount);
    const bool keeps_generation = (park_of(w) & asleep_mark) != 0 || is_armed(w) || is_watched(w); // WATCH_OFF
    return keeps_generation ? left : with_park(left, park_of(left) & ~generation_bits);
}

// The park protocol, the same on the lower half of the state word and on the park words of a sealed context.
constexpr bool has_sleeper(park_word p) noexcept { return (p & asleep_mark) != 0; }
// The first reader to arrive stamps a new generation, so that a value that a thread is about to sleep on never comes
// back.
constexpr park_word with_arrival(park_word p, std::uint32_t generation) noexcept {
    return has_sleeper(p) ? p | arrived_mark
                          : (p & ~generation_bits) | asleep_mark | arrived_mark | generation << generation_shift;
}
// A waker stamps its generation and clears `arrived`: a reader that has arrived, but is not asleep yet, finds the word
// changed.
constexpr park_word with_claim(park_word p, std::uint32_t generation) noexcept {
    return (p & (sealed_mark | watched_mark)) | asleep_mark | (generation << generation_shift);
}
// No reader is left asleep if the wake of this generation found no further sleeper, and since then no waker has stamped
// a later generation and no reader has arrived.
constexpr bool may_clear_asleep(park_word p, std::uint32_t generation) noexcept {
    return p == with_claim(p, generation);
}
// While the word is watched the generation stays: WATCH_OFF compares it.
constexpr park_word without_asleep(park_word p) noexcept {
    return p & (sealed_mark | watched_mark | ((p & watched_mark) != 0 ? generation_bits : 0U));
}
// On a sealed context's park word the generation stays, so that a value read before a wake never comes back after it.
constexpr park_word without_asleep_same_generation(park_word p) noexcept { return p & ~(asleep_mark | arrived_mark); }

// ARM. Each arm changes the word to a value of its own: packed by a stamp, sealed by one more unit of noise. If a
// reader sleeps the generation is the sleepers'; such an arm has no value of its own.
constexpr state_word with_arm(state_word w, std::uint32_t generation) noexcept {
    if (is_sealed(w)) return (w + one_unit) | armed_mark;
    if (has_sleeper(park_of(w))) return w | armed_mark;
    return with_park(w, (park_of(w) & ~generation_bits) | generation << generation_shift) | armed_mark;
}
// Whether the mark in `w` is certainly of the arm that `rung` shows.
constexpr bool is_same_arm(state_word w, state_word rung) noexcept {
    if (!is_armed(w) || is_sealed(w) != is_sealed(rung) || is_reserved(w) || is_reserved(rung)) return false;
    if (is_sealed(w)) return w >> count_shift == rung >> count_shift;
    const park_word stamp = park_of(rung) & generation_bits;
    return !has_sleeper(park_of(w) | park_of(rung)) && stamp != 0 && (park_of(w) & generation_bits) == stamp;
}
// The word after the ring for an arm is made.
constexpr state_word without_arm(state_word w) noexcept {
    const bool keeps_generation = is_sealed(w) || is_watched(w); // WATCH_OFF
    return (keeps_generation ? w : with_park(w, park_of(w) & ~generation_bits)) & ~armed_mark;
}

// WATCH_OFF. A watcher that joins leaves a packed word that was never there before, so a thread that clears the mark by
// comparing fails if a watcher has joined since it looked. In a sealed word, which has no generation, the mark stays.
constexpr state_word with_watcher(state_word w, std::uint32_t generation) noexcept {
    if (is_sealed(w)) return w | watched_mark;
    return with_park(w, (park_of(w) & ~generation_bits) | watched_mark | generation << generation_shift);
}
constexpr state_word without_watcher(state_word w) noexcept {
    const bool keeps_generation = has_sleeper(park_of(w)) || is_armed(w);
    return with_park(w, park_of(w) & ~(watched_mark | (keeps_generation ? 0U : generation_bits)));
}

// What every value of the state word keeps to, and every value of a park word of a sealed context; for checks.
constexpr bool is_consistent(state_word w) noexcept {
    if (is_sealed(w)) return !is_reserved(w);
    return ((w & arrived_mark) == 0 || has_sleeper(park_of(w))) && (!is_reserved(w) || packed_count(w) > 0);
}
constexpr bool is_consistent_park(park_word p) noexcept {
    return (p & (sealed_mark | watched_mark)) == 0 && ((p & arrived_mark) == 0 || has_sleeper(p));
}
// A sleeper passes such a value to the kernel.
constexpr bool is_announced(park_word p) noexcept { return has_sleeper(p) && (p & arrived_mark) != 0; }

static_assert(attention_bits == 0xC000'0005'0000'000B);
static_assert((packed_limit * 4) << count_shift == 0 && packed_limit * 3 / blind_add_max > 1U << 22);
static_assert(!needs_attention((packed_limit - 1) << count_shift));
static_assert(needs_attention(packed_limit << count_shift));
static_assert(!is_worth_a_read(watched_mark | asleep_mark) && is_worth_a_read(one_unit) && is_worth_a_read(armed_mark));
static_assert(base_of(with_seal(with_count(watched_mark, packed_limit))) == packed_limit);
static_assert(is_watched(with_seal(watched_mark)) && !is_watched(with_seal(asleep_mark)));
static_assert(is_sealed(with_seal(0)) && base_of(with_seal(0)) == 0);
static_assert(has_doorbell(with_seal(with_count(rung_mark, packed_limit))));
static_assert(after_read(with_count(rung_mark, 3), 0) == armed_mark);
static_assert(after_read(with_count(rung_mark, 3), 2) == with_count(rung_mark, 2));
static_assert(after_read(with_count(0, 3), 0) == 0 && after_read(with_count(armed_mark, 3), 0) == armed_mark);
static_assert(after_ring(with_count(armed_mark, 3)) == with_count(rung_mark, 3));
static_assert(with_park(with_count(rung_mark, 5), 9) == (with_count(rung_mark, 5) | 9));
static_assert(base_of(with_seal(with_count(asleep_mark, packed_limit * 4 - 1))) == packed_limit * 4 - 1);
static_assert(has_left_asleep(with_seal(asleep_mark)) && !has_left_asleep(with_seal(watched_mark)));
static_assert(!has_left_asleep(left_asleep_mark)); // in a packed word the bit belongs to the generation
static_assert(with_arm(0, 7) != with_arm(0, 8) && with_arm(with_arm(0, 7), 8) == with_arm(0, 8));
static_assert(with_arm(asleep_mark | 5U << generation_shift, 7) == (armed_mark | asleep_mark | 5U << generation_shift));
static_assert(is_same_arm(with_count(with_arm(0, 7), 3), with_arm(0, 7)) &&
              !is_same_arm(with_arm(0, 8), with_arm(0, 7)));
static_assert(!is_same_arm(armed_mark, armed_mark) && !is_same_arm(with_arm(sealed_mark, 0), armed_mark | sealed_mark));
static_assert(is_same_arm(with_arm(sealed_mark, 0), with_arm(sealed_mark, 0)));
static_assert(without_arm(with_count(with_arm(0, 7), 3)) == with_count(0, 3));
static_assert(without_arm(with_count(with_arm(watched_mark, 7), 3)) == with_count(with_watcher(0, 7), 3));
static_assert(with_watcher(with_watcher(0, 7), 8) != with_watcher(0, 7) &&
              without_watcher(with_watcher(with_count(0, 3), 7)) == with_count(0, 3));
static_assert(has_sleeper(park_of(with_watcher(asleep_mark, 7))) &&
              without_watcher(with_watcher(asleep_mark, 7)) != asleep_mark);
static_assert(with_watcher(with_seal(0), 7) == with_seal(watched_mark));
static_assert(with_reservation(with_count(watched_mark, 3), 7) ==
              (with_count(watched_mark, 3) | 7U << generation_shift | reserved_mark));
static_assert(generation_of(with_reservation(one_unit, 7)) == 7 &&
              (with_reservation(one_unit | with_arrival(0, 5), 7) & arrived_mark) == 0);
static_assert(without_reservation(with_reservation(with_count(0, 3), 7) + one_unit, 3) == one_unit);
static_assert(without_reservation(with_reservation(with_count(watched_mark, 3), 7), 3) ==
              (watched_mark | 7U << generation_shift));
static_assert(without_reservation(with_reservation(with_count(rung_mark, 3), 7), 3) == armed_mark);
static_assert(without_reservation(with_reservation(one_unit | with_arrival(0, 5), 7), 0) ==
              (one_unit | with_claim(with_arrival(0, 5), 7)));
static_assert(!is_same_arm(with_reservation(with_count(armed_mark, 1), 7),
                           with_reservation(with_count(armed_mark, 1), 7)));
static_assert(with_arrival(with_arm(0, 7) & UINT32_MAX, 8) == with_arrival(0, 8));
static_assert(with_arrival(0, 7) != with_arrival(0, 8) && with_arrival(with_arrival(0, 7), 8) == with_arrival(0, 7));
static_assert(with_arrival(with_claim(with_arrival(0, 6), 7), 8) != with_arrival(0, 6));
static_assert(with_claim(with_arrival(0, 1), 1U << 28) ==
              with_claim(with_arrival(0, 1), 0)); // the generation has 28 bits
static_assert(may_clear_asleep(with_claim(with_arrival(watched_mark, 4), 5), 5));
static_assert(!may_clear_asleep(with_claim(with_arrival(0, 4), 6), 5));
static_assert(!may_clear_asleep(with_arrival(with_claim(with_arrival(0, 4), 5), 6), 5));
static_assert(without_asleep(with_claim(with_arrival(0, 4), 5)) == 0);
static_assert(without_asleep(with_claim(with_arrival(watched_mark, 4), 5)) == park_of(with_watcher(0, 5)));

static_assert(is_consistent(0) && is_consistent(with_arrival(0, 7)) && is_consistent(with_count(reserved_mark, 1)));
static_assert(!is_consistent(arrived_mark) && !is_consistent(reserved_mark) &&
              !is_consistent(reserved_mark | sealed_mark));
static_assert(is_consistent(with_seal(with_count(asleep_mark, packed_limit + 1))));
static_assert(is_consistent_park(with_claim(with_arrival(0, 4), 5)) && !is_consistent_park(arrived_mark));
static_assert(is_announced(with_arrival(0, 7)) && !is_announced(with_claim(with_arrival(0, 7), 8)));

} // namespace efd::EFD_ABI::core
