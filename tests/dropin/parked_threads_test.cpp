// Parking, promotion and demotion under threads and processes: every unit read once, nobody asleep beside units.
#include "known_eventfd.hpp"

#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <random>
#include <sys/prctl.h>
#include <sys/wait.h>
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

class parked_threads : public testing::TestWithParam<load> {};

constexpr int rounds = 20;
constexpr int writes = 4000;

// Sleeping readers take until they have been told to stop by the last unit: a write after the flag.
TEST_P(parked_threads, every_unit_is_read_once) {
    const load how = GetParam();
    for (int round = 0; round < rounds; ++round) {
        known_eventfd it(how.flags);
        promote(it.there());
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
                    if (dice() % 64 == 0) hand_back(it.there(), it.fd());
                    if (how.demoted_in_the_midst && i == 0 && k == writes / 2)
                        demote(it.there(), it.fd(), reason::denied);
                }
            });
        for (std::thread& one : writers) one.join();
        ended = true;
        for (int i = 0; i < how.readers; ++i) it.write_unseen(static_cast<std::uint64_t>(1)); // wakes who sleeps
        written += static_cast<std::uint64_t>(how.readers);
        // A blocked reader takes all, also another's unit: until none is left asleep.
        std::thread waker([&] {
            for (std::thread& one : readers) one.join();
            ended = false;
        });
        while (ended.load()) {
            it.write_unseen(1);
            written += 1;
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // pace: between two units for who sleeps
        }
        waker.join();
        demote(it.there(), it.fd(), reason::denied);
        const std::uint64_t left = it.kernel_count();
        ASSERT_EQ(written.load(), taken.load() + left) << "round " << round;
        ASSERT_EQ(units_of(it.word()), 0U);
        ASSERT_EQ(readers_of(it.word()), 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(loads, parked_threads,
                         testing::Values(load{EFD_NONBLOCK, 2, 1, false}, load{EFD_NONBLOCK, 2, 3, true},
                                         load{0, 2, 1, false}, load{0, 3, 3, true},
                                         load{EFD_NONBLOCK | EFD_SEMAPHORE, 2, 2, false},
                                         load{EFD_SEMAPHORE, 2, 2, true}));

// Whoever polls is told the truth: with one writer at rest and no reader, units mean readable.
TEST(parked_poll, units_and_readable_are_one) {
    known_eventfd it;
    promote(it.there());
    std::atomic<bool> ended{false};
    std::uint64_t seen = 0;
    std::thread consumer([&] {
        while (true) {
            pollfd asked{it.fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&asked, 1, 60'000), 1) << "asleep beside units: " << units_of(it.word());
            const std::int64_t got = it.read();
            ASSERT_GT(got, 0);
            seen += static_cast<std::uint64_t>(got);
            if (ended.load() && seen >= 200'000) return;
        }
    });
    for (int i = 0; i < 200'000; ++i) {
        if (i == 199'999) ended = true;
        ASSERT_EQ(it.write(1), 8);
    }
    consumer.join();
    EXPECT_EQ(seen, 200'000U);
    EXPECT_GT(it.there().counted.parked_writes.load(base::relaxed), 0U);
}

// Processes that share it by fork, one of them killed at any moment: the rest goes on, and nobody sleeps for ever.
TEST(parked_processes, a_killed_reader_takes_what_it_took_and_no_more) {
    for (int round = 0; round < 50; ++round) {
        known_eventfd it;
        promote(it.there());
        const pid_t child = ::fork();
        ASSERT_GE(child, 0); // kill would take -1 for everybody
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            learn_process();
            for (;;) (void)it.read();
        }
        std::uint64_t written = 0;
        for (int i = 0; i < 300 + round * 40; ++i, ++written) ASSERT_EQ(it.write(1), 8);
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        std::uint64_t after = 0;
        for (int i = 0; i < 100; ++i) {
            ASSERT_EQ(it.write(2), 8);
            ASSERT_TRUE(it.readable());
            const std::int64_t got = it.read();
            ASSERT_GT(got, 0);
            if (i > 0) after += static_cast<std::uint64_t>(got);
        }
        EXPECT_EQ(after, 198U);
    }
}

} // namespace
} // namespace efd::dropin
