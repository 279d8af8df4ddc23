// SPDX-License-Identifier: MIT
// core/ida.cpp: see ida.hpp.
#include "core/ida.hpp"

#include <efd/detail/base/check.hpp>

#include <algorithm>
#include <bit>
#include <new>

namespace efd::EFD_ABI::core {

// Makes every level long enough to hold the way to `id`. False if memory ran out; what was made stays and is harmless.
bool ida::reach(std::size_t id) noexcept {
    try {
        for (auto& level : level_) {
            id /= word_bits;
            if (level.size() <= id) level.resize(id + 1, 0);
        }
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

int ida::alloc() noexcept {
    if (first_ >= level_[0].size()) return alloc_from_the_top();
    std::uint64_t& word = level_[0][first_];
    const int free_bit = std::countr_one(word);
    if (free_bit == word_bits) return alloc_from_the_top();
    word |= std::uint64_t{1} << free_bit;
    if (word == UINT64_MAX) mark_full(first_);
    const int id = static_cast<int>(first_ * word_bits) + free_bit;
    EFD_CHECK(contains(id)); // K-128
    return id;
}

// A bottom word has become full.
void ida::mark_full(std::size_t index) noexcept {
    EFD_CHECK(level_[0][index] == UINT64_MAX);
    for (std::size_t depth = 1; depth < level_.size(); ++depth) {
        std::uint64_t& word = level_[depth][index / word_bits];
        word |= std::uint64_t{1} << (index % word_bits);
        if (word != UINT64_MAX) return;
        index /= word_bits;
    }
}

// From the top down, the first word that is not full; a word that does not exist yet counts as empty.
[[gnu::noinline]] int ida::alloc_from_the_top() noexcept {
    std::size_t index = 0;
    for (int depth = levels - 1; depth >= 0; --depth) {
        const auto& level = level_[static_cast<unsigned>(depth)];
        const std::uint64_t word = index < level.size() ? level[index] : 0;
        const int free_bit = std::countr_one(word);
        if (free_bit == word_bits) return none;
        index = index * word_bits + static_cast<unsigned>(free_bit);
    }
    if (!reach(index)) return none;
    first_ = index / word_bits;
    EFD_CHECK(first_ < level_[0].size() && level_[0][first_] != UINT64_MAX);
    return alloc();
}

bool ida::free(int id) noexcept {
    if (!contains(id)) return false;
    auto index = static_cast<std::size_t>(id);
    first_ = std::min(first_, index / word_bits);
    for (auto& level : level_) {
        std::uint64_t& word = level[index / word_bits];
        const bool was_full = word == UINT64_MAX;
        word &= ~(std::uint64_t{1} << (index % word_bits));
        if (!was_full) break;
        index /= word_bits;
    }
    EFD_CHECK(!contains(id));
    return true;
}

bool ida::contains(int id) const noexcept {
    if (id < 0) return false;
    const auto index = static_cast<std::size_t>(id);
    const auto& ids = level_[0];
    return index / word_bits < ids.size() && (ids[index / word_bits] >> (index % word_bits) & 1) != 0;
}

} // namespace efd::EFD_ABI::core
