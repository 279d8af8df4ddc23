// SPDX-License-Identifier: MIT
// tests/share/share_range_test.cpp: the range of addresses that arenas are mapped into, and its windows.
//
// What needs a range that is not reserved yet runs in a child, and is skipped where this process has made an arena
// already: ctest runs each test in a process of its own.
#include "core/shared_slots.hpp"
#include "share/arena.hpp"
#include "share/kernel_files.hpp"
#include "share/memory.hpp"
#include "share/range.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace efd::share;
using namespace efd::tests;
namespace core = efd::core;

std::uintptr_t address_of(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }

bool is_reserved() { return core::range.bytes.load() != 0; }
bool is_in_range(std::uintptr_t address) {
    const std::uintptr_t bytes = core::range.bytes.load();
    return address - core::range.base.load() < bytes;
}
core::shared_slots* slots_of_window(std::uintptr_t address) {
    return core::range.windows.load()[(address - core::range.base.load()) >> core::window_shift].load();
}

arena_memory made_with(std::uint32_t slots) {
    arena_memory made;
    EXPECT_EQ(arena_memory::create({.size = {.slots = slots}, .is_sparse = true}, made), refusal::none);
    return made;
}

bool limit_addresses_to_more(std::uint64_t more) {
    rlimit both{};
    if (::getrlimit(RLIMIT_AS, &both) != 0) return false;
    both.rlim_cur = static_cast<rlim_t>(std::uint64_t{mapped_kib()} * 1024 + more);
    return ::setrlimit(RLIMIT_AS, &both) == 0;
}

TEST(share_range, nothing_is_reserved_before_the_first_arena) {
    if (is_reserved()) GTEST_SKIP() << "another test of this process has made an arena";
    EXPECT_EQ(core::range.base.load(), 0U);
    const arena_memory made = made_with(1);
    EXPECT_GE(core::range.bytes.load(), sizeof(void*) == 8 ? std::uint64_t{1} << 36 : std::uint64_t{1} << 25);
    const std::uintptr_t base = core::range.base.load();
    const arena_memory other = made_with(1);
    EXPECT_EQ(core::range.base.load(), base);
}

TEST(share_range, every_slot_is_found_by_its_address_and_nothing_before_the_slots_is) {
    for (const std::uint32_t slots : {1U, 1024U, 16'384U, 16'385U, 300'000U}) {
        const arena_memory made = made_with(slots);
        const core::shared_slots& own = *made.mapping().slots();
        EXPECT_EQ(own.objects, slots);
        EXPECT_EQ(own.number, slots + made.where().sets);
        EXPECT_EQ(own.first_slot, address_of(made.mapping().header()) + made.where().slots_at);
        EXPECT_EQ((own.first_slot - core::range.base.load()) % window_bytes, 0U);
        for (std::uint32_t i = 0; i < slots; i += i < 1000 || i + 1000 > slots ? 1 : 997) {
            const std::uintptr_t slot = own.first_slot + std::uintptr_t{i} * 64;
            ASSERT_TRUE(is_in_range(slot));
            ASSERT_EQ(slots_of_window(slot), &own) << i;
        }
        for (std::uintptr_t at = address_of(made.mapping().header()); at < own.first_slot; at += 4096)
            ASSERT_EQ(slots_of_window(at), nullptr);
    }
    EXPECT_FALSE(is_in_range(address_of(&core::range)));
}

TEST(share_range, a_sleepers_looks_are_those_of_the_arena) {
    arena_memory made;
    const numbers asked{.slots = 1, .first_look_ms = 7, .last_look_ms = 60'000};
    ASSERT_EQ(arena_memory::create({.size = asked}, made), refusal::none);
    EXPECT_EQ(made.mapping().slots()->first_look_ns, 7'000'000);
    EXPECT_EQ(made.mapping().slots()->last_look_ns, 60'000'000'000);
}

TEST(share_range, arenas_do_not_overlap) {
    std::vector<arena_memory> all;
    for (int i = 0; i < 60; ++i) {
        all.push_back(made_with(1 + static_cast<std::uint32_t>(i) * 777));
        if (i % 3 == 2) all.erase(all.begin() + i / 3); // gaps of several sizes, which are used again
    }
    std::vector<std::pair<std::uintptr_t, std::uintptr_t>> places;
    for (const arena_memory& one : all) {
        const std::uintptr_t begin = address_of(one.mapping().header());
        places.emplace_back(begin, begin + static_cast<std::uintptr_t>(one.where().bytes));
        EXPECT_EQ(slots_of_window(one.mapping().slots()->first_slot), one.mapping().slots());
    }
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) EXPECT_LE(places[i - 1].second, places[i].first);
}

TEST(share_range, what_is_released_is_reserved_still_and_used_again) {
    const arena_memory kept = made_with(1); // the range is not empty
    arena_memory made = made_with(100'000);
    const std::uint32_t windows = windows_in_use();
    const std::uintptr_t place = address_of(made.mapping().header());
    const std::uintptr_t slot = made.mapping().slots()->first_slot;
    const window_run run = windows_for(made.where());
    made.reset();
    EXPECT_EQ(windows_in_use(), windows - run.all());
    // A thread in its last steps of a call may still look at the slot.
    EXPECT_EQ(slots_of_window(slot)->first_slot, slot);
    EXPECT_EQ(permissions_at(place), "rw-p");
    EXPECT_EQ(permissions_at(slot), "rw-p");
    const arena_memory again = made_with(100'000);
    EXPECT_EQ(address_of(again.mapping().header()), place);
    EXPECT_EQ(permissions_at(place), "rw-s");
}

TEST(share_range, the_private_memory_beside_it_is_zero_and_no_peers) {
    const arena_memory made = made_with(5000);
    arena_memory other;
    ASSERT_EQ(arena_memory::attach(made.descriptor().number(), {}, other), refusal::none);
    core::shared_local* const own = made.mapping().slots()->locals;
    const auto* const bytes = reinterpret_cast<const std::byte*>(own);
    for (std::size_t i = 0; i < 5000 * sizeof *own; ++i) ASSERT_EQ(bytes[i], std::byte{0});
    own[4999].generation = 5;
    EXPECT_EQ(other.mapping().slots()->locals[4999].generation, 0U);
    EXPECT_EQ(slots_of_window(address_of(own)), nullptr); // no address of an object
    EXPECT_EQ(permissions_at(address_of(own)), "rw-p");
}

TEST(share_range, a_map_that_the_kernel_refuses_leaves_the_range_reserved) {
    const arena_memory made = made_with(1);
    const kernel_file reader(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const layout where = layout_of({});
    range_mapping mapping;
    EXPECT_TRUE(range_mapping::map(reader.fd(), 0, where, mapping).is_refused());
    EXPECT_FALSE(mapping.is_mapped());
    constexpr auto window = static_cast<std::uintptr_t>(window_bytes);
    const std::uintptr_t tried = made.mapping().slots()->first_slot + window;
    for (const std::uintptr_t at : {tried, tried + window, tried + 2 * window}) EXPECT_NE(permissions_at(at), "rw-s");
    const arena_memory next = made_with(1);
    EXPECT_EQ(slots_of_window(next.mapping().slots()->first_slot), next.mapping().slots());
}

// ---- With few addresses.

TEST(share_range, a_process_with_few_addresses_keeps_most_of_them) {
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer needs the addresses itself";
    if (is_reserved()) GTEST_SKIP() << "another test of this process has made an arena";
    const int status = status_of_child([] {
        constexpr std::uint64_t more = std::uint64_t{1} << 30;
        if (!limit_addresses_to_more(more)) return 8;
        const arena_memory made = made_with(1);
        if (!made.is_mapped() || core::range.bytes.load() > more / 4) return 1;
        void* const others =
            ::mmap(nullptr, static_cast<std::size_t>(more / 2), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return others != MAP_FAILED ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
}

// Most of what the limit allows is in use already, so that the range must be far smaller than its part of the limit.
TEST(share_range, a_range_is_halved_until_it_fits) {
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer needs the addresses itself";
    if (sizeof(void*) < 8) GTEST_SKIP() << "there are too few addresses to take so many";
    if (is_reserved()) GTEST_SKIP() << "another test of this process has made an arena";
    const int status = status_of_child([] {
        constexpr std::uint64_t left = 256U << 20;
        const auto taken = static_cast<std::size_t>(std::uint64_t{16} << 30);
        void* const place = ::mmap(nullptr, taken, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place == MAP_FAILED || !limit_addresses_to_more(left)) return 8;
        const arena_memory made = made_with(1);
        if (!made.is_mapped()) return 1;
        const std::uint64_t bytes = core::range.bytes.load();
        return bytes >= left / 8 && bytes <= left ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
}

TEST(share_range, an_arena_that_finds_no_addresses_is_refused_and_a_smaller_one_is_not) {
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer needs the addresses itself";
    if (is_reserved()) GTEST_SKIP() << "another test of this process has made an arena";
    const int status = status_of_child([] {
        const std::size_t files = open_descriptors();
        if (!limit_addresses_to_more(64U << 20)) return 8;
        arena_memory made;
        const creation large{.size = {.slots = 4'000'000}, .is_sparse = true};
        if (arena_memory::create(large, made) != refusal::no_memory) return 1;
        if (open_descriptors() != files || is_reserved()) return 2;
        if (arena_memory::create({}, made).is_refused()) return 3;
        // The range stays as it is now: as many as fit, and one more when one has gone.
        std::vector<arena_memory> all;
        outcome last = refusal::none;
        while (!last.is_refused() && all.size() < 10'000) {
            all.emplace_back();
            last = arena_memory::create({}, all.back());
        }
        if (last != refusal::no_memory) return 4;
        all.pop_back();
        if (all.empty()) return 5;
        all.pop_back();
        return arena_memory::create({}, made).is_refused() ? 6 : 0;
    });
    EXPECT_EQ(status, 0);
}

// ---- Threads and forks.

TEST(share_range, threads_make_and_release_beside_forks) {
    arena* with_fork_handlers = nullptr; // the lock of the range is taken by those of arenas
    ASSERT_FALSE(arena::create({}, with_fork_handlers).is_refused());
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            for (std::uint32_t round = 0; !stop; ++round) {
                const arena_memory made = made_with(1 + (t * 7919 + round * 104'729) % 60'000);
                if (slots_of_window(made.mapping().slots()->first_slot) != made.mapping().slots()) ++failures;
            }
        });
    const int forks = under_sanitizer ? 20 : 200;
    for (int i = 0; i < forks; ++i) {
        const int status = status_of_child([] {
            const arena_memory made = made_with(1000);
            return slots_of_window(made.mapping().slots()->first_slot) == made.mapping().slots() ? 0 : 1;
        });
        EXPECT_EQ(status, 0);
    }
    stop = true;
    threads.clear();
    EXPECT_EQ(failures, 0);
}

} // namespace
