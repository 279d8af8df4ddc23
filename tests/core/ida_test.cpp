// SPDX-License-Identifier: MIT
// core/ida: the smallest free id, whatever was taken and given back before (K-128).
#include "core/ida.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace {

using efd::core::ida;

TEST(ida, counts_up_from_zero) {
    ida ids;
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(ids.alloc(), i);
}

TEST(ida, gives_the_smallest_free_id_first) {
    ida ids;
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(ids.alloc(), i);
    for (const int id : {9'999, 0, 64, 4'095, 4'096, 63}) ASSERT_TRUE(ids.free(id));
    for (const int id : {0, 63, 64, 4'095, 4'096, 9'999, 10'000}) ASSERT_EQ(ids.alloc(), id);
}

TEST(ida, refuses_to_free_what_is_not_in_use) {
    ida ids;
    EXPECT_FALSE(ids.free(0));
    EXPECT_FALSE(ids.free(-1));
    ASSERT_EQ(ids.alloc(), 0);
    EXPECT_TRUE(ids.free(0));
    EXPECT_FALSE(ids.free(0));
    EXPECT_FALSE(ids.free(1 << 20));
}

TEST(ida, agrees_with_an_ordered_set) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ida ids;
    std::set<int> free_below;
    std::set<int> used;
    int next = 0;
    for (int step = 0; step < 200'000; ++step) {
        const bool take = used.empty() || random() % 5 < (step < 100'000 ? 3U : 2U);
        if (take) {
            const int expected = free_below.empty() ? next++ : *free_below.begin();
            free_below.erase(expected);
            ASSERT_EQ(ids.alloc(), expected);
            used.insert(expected);
        } else {
            auto victim = used.lower_bound(static_cast<int>(random() % static_cast<unsigned>(next)));
            if (victim == used.end()) victim = used.begin();
            ASSERT_TRUE(ids.free(*victim));
            ASSERT_FALSE(ids.contains(*victim));
            free_below.insert(*victim);
            used.erase(victim);
        }
    }
}

} // namespace
