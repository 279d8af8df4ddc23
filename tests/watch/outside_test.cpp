// SPDX-License-Identifier: MIT
// Descriptors that somebody else makes readable: the kernel's completions, another process, anybody who writes to the
// number by write(2). What they add is not counted; the loop is woken, and does not spin. And the way that counts.
#include "conformance/framework/aio.hpp"
#include "conformance/framework/uring.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace {

bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    EXPECT_GE(::poll(&one, 1, 0), 0);
    return (one.revents & POLLIN) != 0;
}

int read_error(int fd) {
    std::uint64_t value = 0;
    return ::efd_fd_read(fd, &value, sizeof value) == sizeof value ? 0 : errno;
}

// How often a level-triggered loop that reads once for each event is told, until it is not any more.
int turns_of_a_loop(int fd, int most) {
    int turns = 0;
    for (; turns < most && readable(fd); ++turns) (void)read_error(fd);
    return turns;
}

void write_from_outside(int fd) {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(fd, &one, sizeof one), 8);
}

TEST(outside, a_level_loop_is_told_twice_and_not_for_ever) {
    for (const int flags : {0, EFD_EVERY, int{EFD_SEMAPHORE}}) {
        const int fd = ::efd_eventfd(0, flags | EFD_NONBLOCK);
        for (int round = 0; round < 5; ++round) {
            write_from_outside(fd);
            EXPECT_EQ(turns_of_a_loop(fd, 100), 2) << round;
            EXPECT_FALSE(readable(fd));
        }
        const std::uint64_t one = 1;
        ASSERT_EQ(::efd_fd_write(fd, &one, sizeof one), 8);
        EXPECT_TRUE(readable(fd)) << "its own rings are as they were";
        EXPECT_EQ(read_error(fd), 0);
        EXPECT_FALSE(readable(fd));
        ::efd_fd_close(fd);
    }
}

TEST(outside, beside_units_the_numbers_stay_right) {
    efd::eventfd object(0, efd::flags::nonblock);
    const int fd = object.fd();
    std::uint64_t value = 0;
    for (int round = 0; round < 50; ++round) {
        ASSERT_TRUE(object.signal());
        write_from_outside(fd);
        ASSERT_EQ(object.read(value), std::errc{});
        ASSERT_FALSE(readable(fd)) << "the read that drains takes what came from outside as well";
        const std::uint64_t before = efd_system_calls();
        ASSERT_TRUE(object.signal());
        ASSERT_TRUE(readable(fd));
        ASSERT_EQ(object.read(value), std::errc{});
        ASSERT_FALSE(readable(fd));
        ASSERT_EQ(efd_system_calls(), before + 2) << "no call more than without";
    }
}

TEST(outside, reads_that_find_nothing_seldom_ask_the_kernel) {
    efd::eventfd object(0, efd::flags::nonblock);
    const int fd = object.fd();
    std::uint64_t value = 0;
    std::uint64_t before = efd_system_calls();
    for (int i = 0; i < 10'000; ++i) EXPECT_NE(object.try_read(value), std::errc{});
    EXPECT_LE(efd_system_calls() - before, 20U);
    write_from_outside(fd);
    int turns = 0;
    for (; readable(fd) && turns < 5000; ++turns) (void)object.try_read(value);
    EXPECT_LE(turns, 1024);
    // A loop that reads until there is nothing asks no more than one that reads once.
    before = efd_system_calls();
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(object.signal());
        ASSERT_EQ(object.try_read(value), std::errc{});
        ASSERT_NE(object.try_read(value), std::errc{});
    }
    EXPECT_EQ(efd_system_calls(), before + 200);
}

TEST(outside, an_aio_completion_wakes_a_loop_and_is_not_counted) {
    efd::claims::aio context;
    if (context.refused() != 0) GTEST_SKIP() << "no AIO here";
    const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
    char byte = 0;
    efd::claims::aio_request request(IOCB_CMD_PREAD, efd::claims::one_byte_file(), &byte, 1);
    ASSERT_EQ(context.submit(request.signalling(fd)), 0);
    std::int64_t result = 0;
    ASSERT_TRUE(context.completed(result));
    EXPECT_TRUE(readable(fd));
    EXPECT_EQ(turns_of_a_loop(fd, 100), 2);
    ::efd_fd_close(fd);
}

TEST(outside, a_ring_signals_the_bell_and_not_the_count) {
    efd::claims::uring ring;
    if (ring.refused() != 0) GTEST_SKIP() << "no io_uring here";
    const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
    ASSERT_EQ(::io_uring_register_eventfd(ring.ring(), fd), 0);
    ring.submit_nops(1);
    EXPECT_TRUE(ring.now().came) << "the completion itself is in the ring";
    EXPECT_TRUE(readable(fd));
    EXPECT_EQ(read_error(fd), EAGAIN);
    EXPECT_EQ(read_error(fd), EAGAIN);
    EXPECT_FALSE(readable(fd));
    ::efd_fd_close(fd);
}

// The recipe: the ring gets an eventfd of the kernel's, and that stands in the set beside the objects.
TEST(outside, a_set_waits_for_a_ring_and_for_objects) {
    efd::claims::uring ring;
    if (ring.refused() != 0) GTEST_SKIP() << "no io_uring here";
    const int completions = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT_EQ(::io_uring_register_eventfd(ring.ring(), completions), 0);
    efd::eventfd jobs;
    efd::wait_set set;
    set.add(jobs, 1);
    set.add(completions, EPOLLIN, 2);
    efd::set_event event;

    ring.submit_nops(3);
    ASSERT_EQ(set.wait_any(event), std::errc{});
    EXPECT_EQ(event.token, 2U);
    std::uint64_t value = 0;
    ASSERT_EQ(::read(completions, &value, sizeof value), 8);
    EXPECT_EQ(value, 1U) << "one signal for one submit";
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ring.now().came);
    ASSERT_TRUE(jobs.signal());
    ASSERT_EQ(set.wait_any(event), std::errc{});
    EXPECT_EQ(event.token, 1U);

    // Who needs the units in a count writes there what was read.
    ring.submit_nops(1);
    ASSERT_EQ(set.wait_any(event), std::errc{});
    ASSERT_EQ(::read(completions, &value, sizeof value), 8);
    ASSERT_EQ(jobs.write(value), std::errc{});
    EXPECT_EQ(jobs.count(), 1U);
    ::close(completions);
}

} // namespace
