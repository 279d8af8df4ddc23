// SPDX-License-Identifier: MIT
// core/wait_queue_word.hpp: the word of a wait queue, as pure functions over its values.
//
// The word: bit 63 held, bit 62 contended (a thread sleeps at the gate), bit 61 owed, bit 60 a hang-up to run, bits
// 30..59 wakes after a read, bits 0..29 wakes after a write. Numbers saturate: a thousand million wakes that pile up
// behind one callback become one.
//
//     bit        set by                         cleared by               wrongly set   wrongly clear
//     held       a thread that finds it clear   the holder               never         never
//     contended  a thread that waits for it     the holder, letting go   yes: a wake   never
//     owed       a thread that leaves wakes     the same, coming back    never         never
//                and may run none now
#pragma once

#include <efd/detail/core/count.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

inline constexpr std::uint64_t held_mark = std::uint64_t{1} << 63;
inline constexpr std::uint64_t contended_mark = std::uint64_t{1} << 62;
inline constexpr std::uint64_t owed_mark = std::uint64_t{1} << 61;
inline constexpr std::uint64_t hup_mark = std::uint64_t{1} << 60;
inline constexpr int out_shift = 30;
inline constexpr std::uint64_t number_mask = (std::uint64_t{1} << 30) - 1;
inline constexpr std::uint64_t pending_mask = number_mask | number_mask << out_shift | hup_mark;

constexpr int shift_of(std::uint32_t key) noexcept { return (key & poll_in) != 0 ? 0 : out_shift; }
constexpr std::uint64_t one_more(std::uint64_t word, std::uint32_t key) noexcept {
    if ((key & (poll_in | poll_out)) == 0) return word | hup_mark;
    const std::uint64_t number = word >> shift_of(key) & number_mask;
    return number == number_mask ? word : word + (std::uint64_t{1} << shift_of(key));
}
static_assert(one_more(0, poll_in) == 1);
static_assert(one_more(held_mark, poll_out) == (held_mark | std::uint64_t{1} << out_shift));
static_assert(one_more(0, poll_in | poll_out) == 1); // signal_mask: the mask is not the kind
static_assert(one_more(number_mask, poll_in) == number_mask);
static_assert(one_more(5, poll_hup) == (hup_mark | 5));

} // namespace efd::EFD_ABI::core
