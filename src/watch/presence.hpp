// SPDX-License-Identifier: MIT
// watch/presence.hpp: how many threads are at a place, in a word that the child of a fork clears.
//
// Owns nothing; these are steps on words of sets and members. A thread keeps the word that it found when it came. The
// child of a fork has one thread alone, so it sets the number to zero, and moves the generation on in the same step.
// The one thread may be in a signal handler that forked, and may return from there into a call that had come before:
// the word has another generation then, and leaving changes nothing. Any thread; also in signal handlers.
//
//     bits     what they say                set by
//     0..21    how many threads are there   each that comes, each that leaves; zero by the child of a fork
//     22..30   the generation               the child of a fork
//     31       a mark of the word's owner   the owner
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>

#include <cstdint>

namespace efd::watch::presence {

inline constexpr std::uint32_t owners_mark = 1U << 31;
inline constexpr int generation_shift = 22;
inline constexpr std::uint32_t number_mask = (1U << generation_shift) - 1;
inline constexpr std::uint32_t generation_mask = ~(owners_mark | number_mask);

using word = base::atomic<std::uint32_t>;

constexpr std::uint32_t number_in(std::uint32_t value) noexcept { return value & number_mask; }
constexpr bool is_same_generation(std::uint32_t a, std::uint32_t b) noexcept {
    return ((a ^ b) & generation_mask) == 0;
}
constexpr std::uint32_t next_generation(std::uint32_t value) noexcept {
    return (value & owners_mark) | (((value & generation_mask) + (1U << generation_shift)) & generation_mask);
}
static_assert(next_generation(owners_mark | 5) == (owners_mark | 1U << generation_shift));
static_assert(next_generation(generation_mask | 5) == 0 && !is_same_generation(generation_mask | 5, 5));

// By a thread that came by adding one to the word that it found. The word before; of another generation if the child of
// a fork has forgotten the thread: then nothing has changed.
inline std::uint32_t leave(word& place, std::uint32_t found) noexcept {
    std::uint32_t value = found + 1; // as it is if nobody else came or left
    while (is_same_generation(value, found)) {
        EFD_CHECK(number_in(value) > 0);
        // FORK, exit: of the same generation only. Releases what was done inside to the thread that waits for the exit.
        if (place.compare_exchange_weak(value, value - 1, base::acq_rel, base::acquire)) break;
    }
    return value;
}

// In the child of a fork, for all threads that were there. How many that were.
inline std::uint32_t forget_all(word& place) noexcept {
    std::uint32_t value = place.load(base::acquire);
    while (!place.compare_exchange_weak(value, next_generation(value), base::acq_rel, base::acquire)) { // FORK, forget
    }
    return number_in(value);
}

} // namespace efd::watch::presence
