// SPDX-License-Identifier: MIT
// The sealed regime: the whole 64-bit range, exact at its bound, and the change from packed to sealed under fire.
#include <efd/eventfd.hpp>

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace efd::tests {
namespace {

using core::packed_limit;

constexpr std::uint64_t ceiling = UINT64_MAX;

TEST(huge, every_initial_value_reads_back) {
    for (const std::uint64_t start : {std::uint64_t{1}, packed_limit - 1, packed_limit, packed_limit + 1,
                                      std::uint64_t{UINT32_MAX}, std::uint64_t{1} << 62, ceiling - 2, ceiling - 1}) {
        eventfd object(start);
        EXPECT_EQ(object.count(), start);
        std::uint64_t value = 0;
        EXPECT_EQ(object.try_read(value), std::errc{});
        EXPECT_EQ(value, start);
        EXPECT_EQ(object.count(), 0U);
        EXPECT_EQ(object.try_read(value), std::errc::resource_unavailable_try_again);
    }
}

TEST(huge, the_way_over_the_packed_limit_loses_nothing) {
    for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{65}, packed_limit / 2}) {
        eventfd object(packed_limit - step);
        std::uint64_t expected = packed_limit - step;
        for (int i = 0; i < 5; ++i) {
            ASSERT_EQ(object.write(step), std::errc{});
            expected += step;
            ASSERT_EQ(object.count(), expected);
        }
        std::uint64_t value = 0;
        ASSERT_EQ(object.read(value), std::errc{});
        EXPECT_EQ(value, expected);
        // Sealed for good, and still an eventfd.
        ASSERT_EQ(object.write(1), std::errc{});
        ASSERT_EQ(object.write(2), std::errc{});
        ASSERT_EQ(object.read(value), std::errc{});
        EXPECT_EQ(value, 3U);
    }
}

TEST(huge, a_write_that_does_not_fit_waits_for_room_from_a_small_count) {
    eventfd object(1);
    observed_thread writer([&] { EXPECT_EQ(object.write(ceiling - 1), std::errc{}); });
    ASSERT_TRUE(writer.seen_asleep());
    EXPECT_EQ(object.count(), 1U);
    EXPECT_EQ(object.write(5), std::errc{}); // a small one passes (K-084)
    ASSERT_TRUE(writer.seen_asleep());
    std::uint64_t value = 0;
    ASSERT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(value, 6U);
    ASSERT_TRUE(writer.seen_done());
    EXPECT_EQ(object.count(), ceiling - 1);
}

TEST(huge, sleeping_readers_move_over_when_the_word_is_sealed) {
    eventfd object(0, flags::semaphore);
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    observed_thread one([&] { EXPECT_EQ(object.read(first), std::errc{}); });
    observed_thread two([&] { EXPECT_EQ(object.read(second), std::errc{}); });
    ASSERT_TRUE(one.seen_asleep());
    ASSERT_TRUE(two.seen_asleep());
    ASSERT_EQ(object.write(packed_limit * 4), std::errc{});
    ASSERT_TRUE(one.seen_done());
    ASSERT_TRUE(two.seen_done());
    EXPECT_EQ(object.count(), packed_limit * 4 - 2);
}

TEST(huge, one_reader_for_one_unit_in_the_sealed_regime_too) {
    eventfd object(packed_limit, flags::semaphore);
    std::uint64_t value = 0;
    while (object.count() > packed_limit - 8) ASSERT_EQ(object.read(value), std::errc{});
    eventfd sealed(ceiling - 1);
    ASSERT_EQ(sealed.read(value), std::errc{});
    std::atomic<int> reads{0};
    std::vector<std::unique_ptr<observed_thread>> readers;
    for (int i = 0; i < 3; ++i)
        readers.push_back(std::make_unique<observed_thread>([&] {
            std::uint64_t got = 0;
            EXPECT_EQ(sealed.read(got), std::errc{});
            EXPECT_EQ(got, 1U);
            ++reads;
        }));
    for (int i = 1; i <= 3; ++i) {
        for (auto& reader : readers) ASSERT_TRUE(reader->seen_asleep_or_done());
        ASSERT_TRUE(sealed.signal());
        ASSERT_TRUE(eventually([&] { return reads == i && sealed.count() == 0; }));
    }
}

// Many threads bring the count over the packed limit at once, while readers take: the sum is kept to the unit.
TEST(huge, crossing_the_limit_under_contention_conserves) {
    for (int round = 0; round < 20; ++round) {
        eventfd object(packed_limit - 1000, round % 2 == 0 ? flags::none : flags::semaphore);
        std::atomic<std::uint64_t> taken{0};
        constexpr std::uint64_t each = 3000;
        {
            std::vector<std::jthread> threads;
            for (unsigned w = 0; w < 3; ++w)
                threads.emplace_back([&, w] {
                    for (std::uint64_t i = 0; i < each; ++i) {
                        if (w == 0)
                            (void)object.signal();
                        else
                            ASSERT_EQ(object.write(w == 1 ? 64 : 65), std::errc{});
                    }
                });
            threads.emplace_back([&] {
                for (int i = 0; i < 500; ++i) {
                    std::uint64_t value = 0;
                    if (object.try_read(value) == std::errc{}) taken += value;
                }
            });
        }
        ASSERT_EQ(taken + object.count(), packed_limit - 1000 + each * (1 + 64 + 65));
    }
}

// At the very top: writers that block for room and readers that make it; nothing above the bound, nothing lost.
TEST(huge, blocking_writers_at_the_bound_conserve) {
    for (const flags how : {flags::none, flags::semaphore}) {
        eventfd object(ceiling - 4, how);
        constexpr int each = under_sanitizer ? 200 : 2000;
        std::atomic<std::uint64_t> taken{0}; // modulo 2^64, like the sum
        std::atomic<int> writers_left{3};
        std::vector<std::jthread> writers;
        for (std::uint64_t amount = 1; amount <= 3; ++amount)
            writers.emplace_back([&, amount] {
                for (int i = 0; i < each; ++i) ASSERT_EQ(object.write(amount), std::errc{});
                --writers_left;
            });
        std::uint64_t value = 0;
        while (writers_left > 0) {
            ASSERT_LT(object.count(), ceiling);
            if (object.try_read(value) == std::errc{}) taken += value;
        }
        EXPECT_EQ(taken + object.count(), ceiling - 4 + std::uint64_t{each} * 6);
    }
}

} // namespace
} // namespace efd::tests
