// SPDX-License-Identifier: MIT
// When an eventfd is promoted, and when it awaits evidence anew: by one reader, which is in no other call.
#include "known_eventfd.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace efd::dropin {
namespace {

constexpr std::uintptr_t another = 64; // the other thread of a test that has one thread

TEST(evidence, nothing_before_promotion) {
    known_eventfd it;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(it.write(5), 8);
    EXPECT_EQ(units_of(it.word()), 0U);
    EXPECT_EQ(it.kernel_count(), 15U);
    EXPECT_EQ(it.read(), 15);
}

TEST(evidence, one_write_at_a_time_is_no_evidence) {
    known_eventfd it;
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(it.write(1), 8);
        ASSERT_EQ(it.read(), 1);
    }
    EXPECT_FALSE(is_promoted(it.word()));
}

TEST(evidence, promotion_needs_reads_and_writes_that_change_nothing_for_pollers) {
    known_eventfd it;
    for (int i = 0; i < 100; ++i) ASSERT_EQ(it.write(1), 8);
    EXPECT_FALSE(is_promoted(it.word())) << "never read: perhaps watched for edges";
    for (int i = 0; i < 8; ++i) {
        ASSERT_GT(it.read(), 0);
        for (int k = 0; k < 4; ++k) ASSERT_EQ(it.write(1), 8);
    }
    EXPECT_TRUE(is_promoted(it.word()));
}

TEST(evidence, evidence_is_awaited_anew_where_nothing_is_saved) {
    known_eventfd it;
    ASSERT_TRUE(it.promote_now());
    for (unsigned i = 0; i <= reads_weighed; ++i) {
        ASSERT_EQ(it.write(1), 8);
        ASSERT_EQ(it.read(), 1);
    }
    EXPECT_TRUE(is_awaiting_evidence(it.word()));
    for (int i = 0; i < 8; ++i) {
        for (int k = 0; k < 4; ++k) ASSERT_EQ(it.write(1), 8);
        ASSERT_EQ(it.read(), 4);
    }
    EXPECT_TRUE(is_promoted(it.word()));
}

// Enough evidence for a promotion: every second write finds units.
void read_and_write_in_pairs(known_eventfd& semaphore) {
    for (int i = 0; i < 64; ++i) {
        for (int k = 0; k < 2; ++k) ASSERT_EQ(semaphore.read(), 1);
        for (int k = 0; k < 2; ++k) ASSERT_EQ(semaphore.write(1), 8);
    }
}

// A reader of a semaphore takes one and leaves the rest: cached units could pass the bound beside it.
TEST(evidence, a_semaphore_that_is_nearly_full_is_never_promoted) {
    known_eventfd it(EFD_SEMAPHORE);
    ASSERT_EQ(it.write(most_count - 64), 8);
    read_and_write_in_pairs(it);
    EXPECT_FALSE(is_promoted(it.word()));
    EXPECT_EQ(it.kernel_count(), most_count - 64);
}

TEST(evidence, a_semaphore_with_little_in_it_is_promoted) {
    known_eventfd it(EFD_SEMAPHORE);
    ASSERT_EQ(it.write(64), 8);
    read_and_write_in_pairs(it);
    EXPECT_TRUE(is_promoted(it.word()));
}

TEST(evidence, a_read_within_a_read_does_not_promote) {
    known_eventfd it;
    for (int i = 0; i < 8; ++i) {
        for (int k = 0; k < 4; ++k) ASSERT_EQ(it.write(1), 8);
        if (i < 7) {
            it.slot().in_read.store(1, base::relaxed);
            ASSERT_EQ(it.read(), 4);
            it.slot().in_read.store(0, base::relaxed);
        }
        EXPECT_FALSE(is_promoted(it.word()));
    }
    EXPECT_EQ(it.read(), 4);
    EXPECT_TRUE(is_promoted(it.word()));
}

TEST(evidence, a_second_thread_that_reads_demotes_before_there_is_evidence) {
    known_eventfd it;
    std::thread([&] { EXPECT_EQ(it.read(), -EAGAIN); }).join();
    EXPECT_FALSE(is_demoted(it.word()));
    EXPECT_EQ(begin_lone_read(it.slot(), another), lone_way::other);
    EXPECT_EQ(it.read(), -EAGAIN);
    EXPECT_TRUE(is_demoted(it.word()));
    EXPECT_EQ(it.demoted_for(), reason::several);
}

} // namespace
} // namespace efd::dropin
