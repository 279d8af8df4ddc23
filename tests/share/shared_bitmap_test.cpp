// SPDX-License-Identifier: MIT
// The marks of an arena's set, beside a model of them; and words that a hostile peer has filled.
#include "core/shared_bitmap.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace {

using efd::core::bitmap_shape;
using efd::core::bits_of;
using efd::core::shape_for;
using efd::core::shared_bitmap;
using efd::core::stamped_word;

struct some_marks {
    explicit some_marks(std::uint32_t members)
        : shape(shape_for(members)), words(shape.words), bits(words.data(), shape) {}
    bitmap_shape shape;
    std::vector<stamped_word> words;
    shared_bitmap bits;

    // The members of one word, which is cleared then.
    std::vector<std::uint32_t> collect(std::uint32_t start) {
        std::vector<std::uint32_t> members;
        const shared_bitmap::marked_word found = bits.find(start);
        for (std::uint32_t left = bits_of(found.value); left != 0; left &= left - 1)
            members.push_back(found.index * 32 + static_cast<std::uint32_t>(std::countr_zero(left)));
        bits.clear(found);
        return members;
    }
};

TEST(SharedBitmap, gives_what_was_marked_and_nothing_else) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    for (const std::uint32_t members : {1U, 31U, 32U, 33U, 1000U, 1024U, 1025U, 40'000U, 1U << 20}) {
        some_marks marks(members);
        std::set<std::uint32_t> model;
        for (int step = 0; step < 3000; ++step) {
            if (random() % 3 != 0) {
                const auto member = static_cast<std::uint32_t>(random() % members);
                marks.bits.mark(member);
                model.insert(member);
                continue;
            }
            EXPECT_EQ(marks.bits.anything(), !model.empty());
            const std::vector<std::uint32_t> got =
                marks.collect(static_cast<std::uint32_t>(random() % (members / 32 + 2)));
            EXPECT_EQ(got.empty(), model.empty());
            for (const std::uint32_t one : got) EXPECT_EQ(model.erase(one), 1U) << one;
        }
        for (std::uint32_t start = 0; !model.empty(); ++start)
            for (const std::uint32_t one : marks.collect(start)) EXPECT_EQ(model.erase(one), 1U);
        for (const stamped_word& word : marks.words) EXPECT_EQ(bits_of(word.load()), 0U);
    }
}

TEST(SharedBitmap, the_search_goes_on_behind_the_last_word) {
    some_marks marks(1U << 20);
    for (std::uint32_t word = 0; word < 32768; word += 512) marks.bits.mark(word * 32);
    std::uint32_t start = 0;
    for (std::uint32_t word = 0; word < 32768; word += 512) {
        const shared_bitmap::marked_word found = marks.bits.find(start);
        EXPECT_EQ(found.index, word);
        start = found.index + 1;
    }
    EXPECT_EQ(marks.bits.find(start).index, 0U); // round
}

TEST(SharedBitmap, a_mark_that_comes_after_the_look_stays) {
    for (const std::uint32_t members : {20U, 5000U}) {
        some_marks marks(members);
        marks.bits.mark(7);
        const shared_bitmap::marked_word found = marks.bits.find(0);
        marks.bits.mark(7);
        marks.bits.clear(found);
        EXPECT_TRUE(marks.bits.anything());
        EXPECT_EQ(marks.collect(0), std::vector<std::uint32_t>{7});
        EXPECT_FALSE(marks.bits.anything());
    }
}

TEST(SharedBitmap, bits_that_lead_nowhere_are_cleared) {
    for (const std::uint32_t members : {33U, 1000U, 1025U, 40'000U, 1U << 20}) {
        some_marks marks(members);
        for (std::uint32_t i = 0; i < marks.shape.begin[0]; ++i) marks.words[i].store(UINT32_MAX);
        for (int turns = 0; turns < 100 && marks.bits.anything(); ++turns) EXPECT_TRUE(marks.collect(0).empty());
        EXPECT_FALSE(marks.bits.anything()) << members;
    }
}

TEST(SharedBitmap, no_bytes_lead_outside) {
    std::mt19937_64 random(1);
    for (const std::uint32_t members : {1U, 33U, 1000U, 1025U, 40'000U}) {
        some_marks marks(members); // of just as many words as it needs: a sanitizer sees what is outside
        for (int round = 0; round < 300; ++round) {
            for (stamped_word& word : marks.words)
                if (random() % 2 == 0) word.store(random());
            const shared_bitmap::marked_word found = marks.bits.find(static_cast<std::uint32_t>(random() % 2000));
            EXPECT_LT(found.index, marks.shape.size[0]);
            marks.bits.clear(found);
            marks.bits.mark(static_cast<std::uint32_t>(random() % members));
        }
    }
}

TEST(SharedBitmap, no_mark_is_lost_between_threads) {
    constexpr std::uint32_t members = 70;
    constexpr std::uint32_t rounds = 20'000;
    some_marks marks(members);
    std::vector<std::atomic<std::uint32_t>> counts(members);
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> taken{0};
    const auto take = [&] {
        const shared_bitmap::marked_word found = marks.bits.find(0);
        for (std::uint32_t left = bits_of(found.value); left != 0; left &= left - 1)
            taken += counts[found.index * 32 + static_cast<std::uint32_t>(std::countr_zero(left))].exchange(0);
        marks.bits.clear(found);
    };
    std::thread marker([&] {
        for (std::uint32_t i = 0; i < rounds; ++i) {
            ++counts[i * 37 % members];
            marks.bits.mark(i * 37 % members);
        }
        is_done = true;
    });
    std::thread other([&] {
        while (!is_done) take();
    });
    while (!is_done) take();
    marker.join();
    other.join();
    while (marks.bits.anything()) take();
    EXPECT_EQ(taken.load(), rounds);
}

} // namespace
