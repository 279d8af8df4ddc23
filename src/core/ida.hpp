// SPDX-License-Identifier: MIT
// core/ida.hpp: the id allocator; the kernel's struct ida.
//
// Owns the set of ids in use. The caller serialises the calls. Invariant: alloc gives the smallest number that is not
// in use (K-128). A tree of 64-bit words: one bit for each id at the bottom, one bit above for each full word; and the
// bottom word in which the search begins: all words before it are full.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace efd::EFD_ABI::core {

class ida {
  public:
    static constexpr int none = -1;
    static constexpr int capacity = 1 << 30;

    // The smallest free id, now in use; none if all are in use or memory ran out.
    [[nodiscard]] int alloc() noexcept;
    // Gives an id back; false if it was not in use.
    bool free(int id) noexcept;
    [[nodiscard]] bool contains(int id) const noexcept;

  private:
    static constexpr int word_bits = 64;
    static constexpr int levels = 5; // 64^5 = 2^30 ids

    [[nodiscard]] bool reach(std::size_t id) noexcept;
    [[nodiscard]] int alloc_from_the_top() noexcept;
    void mark_full(std::size_t index) noexcept;

    // level_[0] has a bit for each id; level_[k + 1] a bit for each full word of level_[k].
    std::array<std::vector<std::uint64_t>, levels> level_;
    std::size_t first_ = 0; // no bottom word before it has a free bit
};

} // namespace efd::EFD_ABI::core
