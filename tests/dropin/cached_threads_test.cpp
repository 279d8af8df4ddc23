// SPDX-License-Identifier: MIT
// Caching, promotion and demotion under threads: every unit read once, no thread asleep beside units.
#include "known_eventfd.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <random>
#include <thread>
#include <vector>

namespace efd::dropin {
namespace {

struct load {
    int flags;
    int writers;
    int readers;
    bool demoted_in_the_midst;
};

class cached_threads : public testing::TestWithParam<load> {};

constexpr int rounds = 20;
constexpr int writes = 4000;

// Sleeping readers take until the last unit stops them: a write after the flag.
TEST_P(cached_threads, every_unit_is_read_once) {
    const load how = GetParam();
    for (int round = 0; round < rounds; ++round) {
        known_eventfd it(how.flags);
        ASSERT_TRUE(it.promote_now());
        std::atomic<std::uint64_t> taken{0};
        std::atomic<std::uint64_t> written{0};
        std::atomic<bool> ended{false};
        std::vector<std::thread> readers;
        std::vector<std::thread> writers;
        for (int i = 0; i < how.readers; ++i)
            readers.emplace_back([&] {
                while (!ended.load()) {
                    const std::int64_t got = it.read();
                    if (got > 0) taken += static_cast<std::uint64_t>(got);
                    if (got == -EAGAIN) std::this_thread::yield();
                }
            });
        for (int i = 0; i < how.writers; ++i)
            writers.emplace_back([&, i] {
                std::minstd_rand dice(static_cast<unsigned>(round * 16 + i));
                for (int k = 0; k < writes; ++k) {
                    const std::uint64_t n = dice() % 4;
                    ASSERT_EQ(it.write(n), 8);
                    written += n;
                    if (how.demoted_in_the_midst && i == 0 && k == writes / 2) it.demote_now();
                }
            });
        for (std::thread& one : writers) one.join();
        ended = true;
        for (int i = 0; i < how.readers; ++i) it.write_unseen(static_cast<std::uint64_t>(1)); // wakes a sleeper
        written += static_cast<std::uint64_t>(how.readers);
        // A blocked reader takes all, also another's unit: until none is left asleep.
        std::thread waker([&] {
            for (std::thread& one : readers) one.join();
            ended = false;
        });
        while (ended.load()) {
            it.write_unseen(1);
            written += 1;
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // pace: between two units for a sleeper
        }
        waker.join();
        it.demote_now();
        const std::uint64_t left = it.kernel_count();
        ASSERT_EQ(written.load(), taken.load() + left) << "round " << round;
        ASSERT_EQ(units_of(it.word()), 0U);
        ASSERT_EQ(readers_of(it.word()), 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(loads, cached_threads,
                         testing::Values(load{EFD_NONBLOCK, 2, 1, false}, load{EFD_NONBLOCK, 2, 3, true},
                                         load{0, 2, 1, false}, load{0, 3, 3, true},
                                         load{EFD_NONBLOCK | EFD_SEMAPHORE, 2, 2, false},
                                         load{EFD_SEMAPHORE, 2, 2, true}));

// A poll is right: with one writer at rest and no reader, units mean readable.
TEST(cached_poll, units_and_readable_are_one) {
    known_eventfd it;
    ASSERT_TRUE(it.promote_now());
    std::atomic<bool> ended{false};
    std::uint64_t taken = 0;
    std::thread consumer([&] {
        while (true) {
            pollfd asked{it.fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&asked, 1, 60'000), 1) << "asleep beside units: " << units_of(it.word());
            const std::int64_t got = it.read();
            ASSERT_GT(got, 0);
            taken += static_cast<std::uint64_t>(got);
            if (ended.load() && taken >= 200'000) return;
        }
    });
    for (int i = 0; i < 200'000; ++i) {
        if (i == 199'999) ended = true;
        ASSERT_EQ(it.write(1), 8);
    }
    consumer.join();
    EXPECT_EQ(taken, 200'000U);
    EXPECT_GT(it.counted().cached_writes.load(base::relaxed), 0U);
}

} // namespace
} // namespace efd::dropin
