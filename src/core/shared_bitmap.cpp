// SPDX-License-Identifier: MIT
// core/shared_bitmap.cpp: see shared_bitmap.hpp.
//
// SHARED_COLLECT. A collector loads a word, then looks at the members that it names, then clears by comparing the whole
// word. SET_BITS (watch/ready_bitmap.cpp) is the same between a word and the bit above it.
//
//     marker                                 collector
//     0 the member's count goes up           1 loads the word, with its stamp
//     1 below: sets the bit, moves the stamp 2 looks at the member, and notes it if it is ready
//     2 above: the same                      3 clears the word, if it is as it was
//
// If the marker's 1 comes before the collector's 1, the look sees the count. If it comes between 1 and 3, 3 fails.
// After 3 it sets the bit again. A collector that is stopped before 3 leaves the bits for another one.
#include "core/shared_bitmap.hpp"

#include "core/shared_slots.hpp"

#include <bit>

namespace efd::EFD_ABI::core {
namespace {

constexpr std::uint32_t shift = bitmap_shape::bits_shift;
constexpr std::uint32_t low_bits = (1U << shift) - 1;
constexpr int stale_bits_most = 1024; // above empty words, that one search clears

constexpr std::uint32_t from_on(std::uint32_t index) noexcept { return ~std::uint32_t{0} << (index & low_bits); }
constexpr std::uint32_t first_bit(std::uint32_t word, std::uint32_t bits) noexcept {
    return word << shift | static_cast<std::uint32_t>(std::countr_zero(bits));
}

} // namespace

void mark_word(stamped_word& word, std::uint32_t bit) noexcept {
    turn_limit turns = turn_limit::of_shared();
    std::uint64_t value = word.load(base::relaxed);
    while (!word.compare_exchange_weak(value, with_mark(value, bit), base::acq_rel, base::relaxed)) { // SHARED_MARK
        if (turns.again()) continue;
        word.fetch_or(std::uint64_t{1} << bit, base::acq_rel); // SHARED_MARK
        return;
    }
}

void shared_bitmap::mark(std::uint32_t member) noexcept {
    std::uint32_t index = member;
    for (std::uint32_t level = 0; level < shape_->levels; ++level, index >>= shift)
        mark_word(at(level, index >> shift), index & low_bits);
}

// A peer may have set bits for words that do not exist.
bool shared_bitmap::is_empty(std::uint32_t level, std::uint32_t index) const noexcept {
    return index >= shape_->size[level] || bits_of(at(level, index).load(base::acquire)) == 0;
}

// The word `index` of a level was seen empty: clears the bits above it as long as what is below them is empty.
void shared_bitmap::clear_above(std::uint32_t level, std::uint32_t index) noexcept {
    turn_limit turns = turn_limit::of_shared();
    for (; level < top_level(); ++level, index >>= shift) {
        stamped_word& above = at(level + 1, index >> shift);
        const std::uint64_t bit = std::uint64_t{1} << (index & low_bits);
        std::uint64_t value = above.load(base::acquire); // SET_BITS: before the look below
        do {
            if ((value & bit) == 0 || !is_empty(level, index) || !turns.again()) return;
        } while (!above.compare_exchange_weak(value, value & ~bit, base::acq_rel, base::acquire)); // SET_BITS, clear
        if (bits_of(value & ~bit) != 0) return;
    }
}

shared_bitmap::marked_word shared_bitmap::find(std::uint32_t start) noexcept {
    const std::uint32_t top = top_level();
    if (top == 0) return {0, words_[0].load(base::acquire)};
    for (int turns = 0; turns < stale_bits_most; ++turns) {
        std::uint32_t level = 1; // its bits are words of level 0
        std::uint32_t index = start;
        std::uint32_t bits = 0;
        for (; level < top; ++level, index = (index >> shift) + 1) {
            const std::uint32_t word = index >> shift;
            bits = word < shape_->size[level] ? bits_of(at(level, word).load(base::acquire)) & from_on(index) : 0;
            if (bits != 0) break;
        }
        if (level == top) { // behind the last one the search begins again
            const std::uint32_t all = bits_of(words_[0].load(base::acquire));
            bits = index > low_bits ? 0 : all & from_on(index);
            if (bits == 0) bits = all;
            if (bits == 0) return {0, 0};
            index = 0;
        }
        index = first_bit(index >> shift, bits);
        for (--level; level > 0 && index < shape_->size[level]; --level) {
            bits = bits_of(at(level, index).load(base::acquire));
            if (bits == 0) break;
            index = first_bit(index, bits);
        }
        if (level == 0 && index < shape_->size[0])
            if (const std::uint64_t value = at(0, index).load(base::acquire); bits_of(value) != 0)
                return {index, value};
        clear_above(level, index);
    }
    return {0, 0};
}

void shared_bitmap::clear(const marked_word& found) noexcept {
    std::uint64_t value = found.value;
    if (at(0, found.index)
            .compare_exchange_strong(value, without_bits(value), base::acq_rel,
                                     base::relaxed)) // SHARED_COLLECT, clear
        clear_above(0, found.index);
}

void shared_bitmap::clear_all() noexcept {
    for (std::uint32_t i = 0; i < shape_->words; ++i) { // a page that was never written stays so
        const std::uint64_t value = words_[i].load(base::relaxed);
        if (bits_of(value) != 0) words_[i].store(without_bits(value), base::relaxed);
    }
}

} // namespace efd::EFD_ABI::core
