// SPDX-License-Identifier: MIT
// core/shared_bitmap.hpp: which members of an arena's set may be ready, in memory that processes share.
//
// A view of words that belong to the arena; it owns none of them. As watch/ready_bitmap.hpp: words of 32 bits and a
// stamp that each mark moves, in levels whose number is fixed by how many members there may be. A bit is a hint: it
// says that the owner of the set shall look at that member, and a wrong one costs a look. Any thread of any process
// marks; threads of the owner collect. Nothing waits, every loop ends after a stated number of turns, and no byte is
// trusted. Invariant (SHARED_MARK in docs/races.md): a mark that has returned has its bit and those above it, wherever
// other threads are stopped, until a thread has looked at the member since.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstddef>
#include <cstdint>

namespace efd::EFD_ABI::core {

// 32 bits, above them a stamp.
using stamped_word = base::atomic<std::uint64_t>;

constexpr std::uint32_t bits_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word); }
constexpr std::uint64_t without_bits(std::uint64_t word) noexcept { return word & ~std::uint64_t{UINT32_MAX}; }
// By a mark: the word has the bit, and was never there before.
constexpr std::uint64_t with_mark(std::uint64_t word, std::uint32_t bit) noexcept {
    return (word | std::uint64_t{1} << bit) + (std::uint64_t{1} << 32);
}
static_assert(bits_of(with_mark(0, 31)) == 1U << 31 && with_mark(with_mark(0, 3), 3) != with_mark(0, 3));
static_assert(bits_of(with_mark(~std::uint64_t{0}, 0)) == UINT32_MAX && without_bits(with_mark(0, 5)) == 1ULL << 32);

// Sets a bit by a step that moves the stamp. Against a hostile peer the stamp may stay as it is.
void mark_word(stamped_word& word, std::uint32_t bit) noexcept;

// Where each level begins, in words: the small upper ones first.
struct bitmap_shape {
    static constexpr std::uint32_t most = 1U << 20; // members
    static constexpr std::uint32_t bits_shift = 5;

    std::uint32_t members = 0;
    std::uint32_t levels = 0;
    std::uint32_t begin[4] = {};
    std::uint32_t size[4] = {};
    std::uint32_t words = 0;
};

constexpr bitmap_shape shape_for(std::uint32_t members) noexcept {
    bitmap_shape shape;
    shape.members = members < bitmap_shape::most ? members : bitmap_shape::most;
    std::uint32_t below = shape.members;
    do {
        below = (below + 31) >> bitmap_shape::bits_shift;
        shape.size[shape.levels++] = below;
    } while (below > 1);
    for (std::uint32_t level = shape.levels; level-- > 0; shape.words += shape.size[level])
        shape.begin[level] = shape.words;
    return shape;
}
static_assert(shape_for(1).levels == 1 && shape_for(32).words == 1 && shape_for(33).levels == 2);
static_assert(shape_for(1024).words == 33 && shape_for(1024).begin[0] == 1 && shape_for(1025).levels == 3);
static_assert(shape_for(UINT32_MAX).levels == 4 && shape_for(1U << 20).words == 32768 + 1024 + 32 + 1);

class shared_bitmap {
  public:
    // A word of the lowest level, as it was seen.
    struct marked_word {
        std::uint32_t index;
        std::uint64_t value; // no bits: nothing was found
    };

    shared_bitmap() noexcept = default;
    shared_bitmap(stamped_word* words, const bitmap_shape& shape) noexcept : words_(words), shape_(&shape) {}

    // SHARED_MARK. member: below the number of members.
    void mark(std::uint32_t member) noexcept;
    [[nodiscard]] bool anything() const noexcept { return bits_of(top().load(base::acquire)) != 0; }
    // The same, as a step that writes (TOP_LOOK).
    [[nodiscard]] bool anything_ordered() noexcept { return bits_of(top().fetch_or(0, base::acq_rel)) != 0; }
    // SHARED_COLLECT. The first word with bits from `start` on, else from 0 on. The caller looks at each member of it,
    // and clears it then: which fails, and leaves the bits, if a mark was made in the word meanwhile.
    [[nodiscard]] marked_word find(std::uint32_t start) noexcept;
    void clear(const marked_word& found) noexcept;
    // By a new owner.
    void clear_all() noexcept;

  private:
    [[nodiscard]] stamped_word& at(std::uint32_t level, std::uint32_t index) const noexcept {
        return words_[shape_->begin[level] + index];
    }
    [[nodiscard]] stamped_word& top() const noexcept { return words_[0]; }
    [[nodiscard]] std::uint32_t top_level() const noexcept { return shape_->levels - 1; }
    [[nodiscard]] bool is_empty(std::uint32_t level, std::uint32_t index) const noexcept;
    void clear_above(std::uint32_t level, std::uint32_t index) noexcept;

    stamped_word* words_ = nullptr;
    const bitmap_shape* shape_ = nullptr;
};

} // namespace efd::EFD_ABI::core
