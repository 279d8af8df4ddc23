// SPDX-License-Identifier: MIT
// tests/share/share_layout_test.cpp: the numbers of the layout, the same for programs of 32 and of 64 bits.
//
// Every figure is written out, so that a build for another architecture fails to compile where it differs.
#include "share/kernel_files.hpp"
#include "share/layout.hpp"
#include "share/socket.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

namespace share = efd::share;
using efd::tests::good_header;
using share::layout;
using share::refusal;

static_assert(sizeof(share::header) == 64 && offsetof(share::header, version) == 8);
static_assert(offsetof(share::header, byte_order) == 12 && offsetof(share::header, processes) == 28);
static_assert(offsetof(share::header, names) == 32 && offsetof(share::header, first_look_ms) == 36);
static_assert(offsetof(share::header, last_look_ms) == 40 && offsetof(share::header, sets) == 44);
static_assert(alignof(share::process_entry) == 64 && offsetof(share::process_entry, pid) == 4);
static_assert(offsetof(share::process_entry, serial) == 8 && offsetof(share::process_entry, deaths) == 16);
static_assert(offsetof(efd::core::set_entry, interested) == 8 && offsetof(efd::core::set_entry, reserved) == 40);
static_assert(offsetof(share::name_entry, text) == 8 && offsetof(share::name_entry, reserved) == 56);
static_assert(offsetof(share::arena_message, offset) == 16 && offsetof(share::arena_message, is_placed) == 24);

constexpr layout by_default = share::layout_of({});
static_assert(by_default.row_bytes == 256 && by_default.processes_at == 4096 && by_default.rows_at == 8192);
static_assert(by_default.tenants_at == 24'576 && by_default.names_at == 36'864 && by_default.slots_at == 131'072);
static_assert(by_default.bytes == 262'144 && by_default.names == 1024);
static_assert(by_default.sets_at == 102'400 && by_default.bitmaps_at == 103'424 && by_default.bitmap_bytes == 320);

constexpr layout million = share::layout_of({.slots = 1'000'000});
static_assert(million.bitmap_bytes == 258'112);
static_assert(million.row_bytes == 250'112 && million.tenants_at == 16'015'360 && million.names_at == 28'015'360);
static_assert(million.slots_at == 32'440'320 && million.bytes == 96'468'992 && million.names == 4096);

// Beyond what 32 bits can count: still the same numbers.
constexpr layout largest =
    share::layout_of({.slots = share::slots_most, .processes = share::processes_most, .names = share::names_most});
static_assert(largest.row_bytes == 33'554'432 && largest.tenants_at == 34'359'808'000);
static_assert(largest.slots_at == 36'041'916'416 && largest.bytes == 44'631'916'544);

// The parts come one after the other, none is shorter than its slots need, and the slots begin at a page of any
// machine.
void expect_in_order(const layout& l) {
    EXPECT_GE(l.rows_at, l.processes_at + 64ULL * l.processes);
    EXPECT_GE(l.row_bytes / 2 * 8, l.slots);
    EXPECT_EQ(l.row_bytes / 2 % 64, 0U);
    EXPECT_GE(l.tenants_at, l.rows_at + l.row_bytes * l.processes);
    EXPECT_GE(l.deaths_at, l.tenants_at + 8ULL * l.slots);
    EXPECT_GE(l.names_at, l.deaths_at + 4ULL * l.slots);
    EXPECT_GE(l.sets_at, l.names_at + 64ULL * l.names);
    EXPECT_GE(l.bitmaps_at, l.sets_at + 64ULL * l.sets);
    EXPECT_GE(l.bitmap_bytes * 4, l.slots < 1U << 20 ? l.slots : 1U << 20);
    EXPECT_GE(l.slots_at, l.bitmaps_at + l.bitmap_bytes * l.sets);
    EXPECT_GE(l.bytes, l.slots_at + 64ULL * (l.slots + std::uint64_t{l.sets}));
    EXPECT_EQ(l.bitmaps_at % 64, 0U);
    EXPECT_EQ(l.slots_at % 65536, 0U);
    EXPECT_EQ(l.names_at % 64, 0U);
    EXPECT_EQ(l.rows_at % 64, 0U);
}

TEST(share_layout, the_parts_of_any_allowed_numbers_follow_each_other) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        share::numbers n;
        n.slots = static_cast<std::uint32_t>(random() % (std::uint64_t{1} << (random() % 28)) + 1);
        n.processes = static_cast<std::uint32_t>(random() % share::processes_most + 1);
        n.names = static_cast<std::uint32_t>(random() % (share::names_most + 1));
        n.sets = static_cast<std::uint32_t>(random() % 1025);
        ASSERT_TRUE(share::are_allowed(n));
        const layout where = share::layout_of(n);
        expect_in_order(where);
        layout parsed{};
        ASSERT_EQ(share::parse_header(good_header(n), where.bytes, parsed), refusal::none);
        EXPECT_EQ(parsed.bytes, where.bytes);
        EXPECT_EQ(share::parse_header(good_header(n), where.bytes - 1, parsed), refusal::wrong_size);
        if (HasFailure()) return;
    }
}

} // namespace
