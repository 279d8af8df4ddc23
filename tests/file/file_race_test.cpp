// SPDX-License-Identifier: MIT
// Calls on numbers that other threads close and make anew: no unit is lost or invented, no file is met dead, and at the
// end everything has been given back.
#include "common/faces.hpp"
#include "support/sanitizer.hpp"

#include <array>
#include <atomic>
#include <dirent.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/eventfd.h>
#include <thread>
#include <vector>

namespace {

using efd::common::answer;
using efd::common::library_face;

constexpr int rounds = efd::tests::under_sanitizer ? 2'000 : 10'000;

int open_numbers() {
    DIR* const list = ::opendir("/proc/self/fd");
    int number = 0;
    while (::readdir(list) != nullptr) ++number;
    ::closedir(list);
    return number;
}

// Two write through a dup each that they make and close each time; two read likewise.
TEST(file_race, units_are_conserved_while_numbers_come_and_go) {
    const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> taken{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) {
                    const int own = ::efd_fd_dup(fd);
                    const std::uint64_t n = 1 + static_cast<std::uint64_t>(round % 100);
                    if (library_face::write(own, &n, 8).result == 8) written += n;
                    if (::efd_fd_close(own) != 0) std::abort();
                }
            });
            threads.emplace_back([&] {
                for (int round = 0; round < rounds || taken == 0; ++round) { // the writers may come late
                    const int own = ::efd_fd_dup(fd);
                    std::uint64_t n = 0;
                    if (library_face::read(own, &n, 8).result == 8) taken += n;
                    if (::efd_fd_close(own) != 0) std::abort();
                }
            });
        }
    }
    std::uint64_t rest = 0;
    (void)library_face::read(fd, &rest, 8);
    EXPECT_EQ(written.load(), taken.load() + rest);
    EXPECT_GT(taken.load(), 0U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

// One thread closes and makes; the others call on whatever the numbers name: their file, a newer one, or nothing. An
// object is only ever given the units 1 << 20 by its calls, so a read that shows anything else met another's memory.
TEST(file_race, calls_meet_a_number_that_is_closed_and_made_anew) {
    constexpr std::uint64_t unit = std::uint64_t{1} << 20;
    const int before = (::efd_fd_close(::efd_eventfd(0, 0)), open_numbers());
    std::array<std::atomic<int>, 2> numbers;
    for (auto& one : numbers) one = ::efd_eventfd(0, EFD_NONBLOCK);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> served{0};
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < 3; ++i)
            threads.emplace_back([&, i] {
                std::mt19937 dice(i);
                while (!stop.load()) {
                    const int fd = numbers[dice() % numbers.size()].load();
                    std::uint64_t n = unit;
                    const answer wrote = library_face::write(fd, &n, 8);
                    const answer took = library_face::read(fd, &n, 8);
                    if (wrote.result != 8 && wrote.error != EBADF) ADD_FAILURE() << "write: " << wrote;
                    if (took.result != 8 && took.error != EBADF && took.error != EAGAIN)
                        ADD_FAILURE() << "read: " << took;
                    if (took.result == 8 && n % unit != 0) ADD_FAILURE() << "read " << n;
                    if (efd_t* const object = ::efd_fd_ctx(fd); object != nullptr) ::efd_put(object);
                    ++served;
                }
            });
        for (int round = 0; round < rounds; ++round) {
            auto& one = numbers[static_cast<unsigned>(round) % numbers.size()];
            ASSERT_EQ(::efd_fd_close(one.load()), 0);
            one = ::efd_eventfd(0, EFD_NONBLOCK);
            ASSERT_GE(one.load(), 0);
        }
        while (served.load() == 0) std::this_thread::yield();
        stop = true;
    }
    for (auto& one : numbers) EXPECT_EQ(::efd_fd_close(one.load()), 0);
    EXPECT_EQ(open_numbers(), before);
}

// Of several that close one number, one does.
TEST(file_race, one_close_of_many_closes) {
    for (int round = 0; round < rounds / 10; ++round) {
        const int fd = ::efd_eventfd(0, 0);
        std::atomic<int> closed{0};
        {
            std::jthread other([&] { closed += ::efd_fd_close(fd) == 0 ? 1 : 0; });
            closed += ::efd_fd_close(fd) == 0 ? 1 : 0;
        }
        ASSERT_EQ(closed.load(), 1);
    }
}

} // namespace
