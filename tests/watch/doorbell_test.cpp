// SPDX-License-Identifier: MIT
// The descriptor of an object: what it says, what it costs, and what becomes of it.
#include "file/numbers.hpp"
#include "os/eventfd.hpp"
#include "os/fd.hpp"
#include "os/futex.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

constexpr std::uint64_t largest = UINT64_MAX - 1;

TEST(level, says_what_poll_says) {
    for (const std::uint64_t start :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 27, largest - 1, largest}) {
        eventfd object(start, efd::flags::nonblock);
        const int fd = object.fd();
        ASSERT_EQ(says(fd), object.poll()) << start;
        std::uint64_t value = 0;
        (void)object.read(value);
        EXPECT_EQ(says(fd), POLLOUT) << start;
        for (const std::uint64_t n :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{70}, std::uint64_t{1} << 40, largest}) {
            (void)object.write(n);
            EXPECT_EQ(says(fd), object.poll()) << start << " + " << n;
        }
        ASSERT_EQ(object.read(value), std::errc{});
        EXPECT_EQ(says(fd), POLLOUT);
    }
}

TEST(level, a_semaphore_is_readable_until_the_last_unit) {
    eventfd object(0, efd::flags::semaphore);
    const int fd = object.fd();
    ASSERT_EQ(object.write(3), std::errc{});
    std::uint64_t value = 0;
    for (int left = 3; left > 0; --left) {
        EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT});
        ASSERT_EQ(object.read(value), std::errc{});
    }
    EXPECT_EQ(says(fd), POLLOUT);
}

TEST(level, room_is_shown_to_writers) {
    eventfd object(largest);
    const int fd = object.fd();
    EXPECT_EQ(says(fd), POLLIN);
    std::uint64_t value = 0;
    ASSERT_EQ(object.read(value), std::errc{});
    ASSERT_EQ(object.write(largest - 1), std::errc{});
    EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT});
    ASSERT_TRUE(object.signal());
    EXPECT_EQ(says(fd), POLLIN);
}

TEST(level, only_leaving_and_reaching_zero_enter_the_kernel) {
    eventfd object;
    (void)object.fd();
    std::uint64_t value = 0;
    ASSERT_EQ(object.write(1), std::errc{});
    const std::uint64_t before = efd_system_calls();
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(efd_system_calls(), before);
    ASSERT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(efd_system_calls(), before + 1);
    ASSERT_TRUE(object.signal());
    EXPECT_EQ(efd_system_calls(), before + 2);
}

// What each kind of loop is told is asked in loops_test.
TEST(armed, a_burst_after_an_arm_rings_once) {
    eventfd object;
    const int fd = object.fd(doorbell::armed);
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(object.arm().ready, 0U);
        ASSERT_EQ(object.arm().ready, 0U);
        const std::uint64_t before = efd_system_calls();
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(object.signal());
        EXPECT_EQ(efd_system_calls(), before + 1);
        std::uint64_t value = 0;
        EXPECT_EQ(::read(fd, &value, sizeof value), ssize_t{sizeof value});
        EXPECT_EQ(value, 1U);
        ASSERT_EQ(object.read(value), std::errc{});
    }
}

TEST(descriptor, is_one_close_on_exec_and_closed_with_the_object) {
    const std::size_t before = open_numbers().size();
    {
        const eventfd nobody_asked;
        eventfd object;
        EXPECT_EQ(open_numbers().size(), before);
        const int fd = object.fd();
        EXPECT_EQ(open_numbers().size(), before + 1);
        EXPECT_EQ(object.fd(), fd);
        EXPECT_EQ(object.duplicate().fd(), fd);
        EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
        EXPECT_THROW((void)object.fd(doorbell::armed), std::system_error);
        EXPECT_EQ(object.arm().error, std::errc::invalid_argument);
    }
    EXPECT_EQ(open_numbers().size(), before);
    eventfd next; // in the same slot
    const int fd = next.fd(doorbell::armed);
    EXPECT_EQ(says(fd), POLLOUT);
    ASSERT_EQ(next.arm().ready, 0U);
    ASSERT_TRUE(next.signal());
    EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT});
}

TEST(descriptor, none_to_be_had_leaves_nothing_behind) {
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    const rlimit none{0, old.rlim_max};
    eventfd object;
    efd_t* const in_c = efd_create(1, 0);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_THROW((void)object.fd(), std::system_error);
    EXPECT_EQ(efd_fd(in_c, EFD_LEVEL), -1);
    EXPECT_EQ(errno, EMFILE);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
    ASSERT_TRUE(object.signal());
    EXPECT_EQ(says(object.fd()), unsigned{POLLIN | POLLOUT});
    EXPECT_EQ(efd_fd(in_c, 2), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(efd_arm(in_c, POLLIN), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_GE(efd_fd(in_c, EFD_ARMED), 0);
    EXPECT_EQ(efd_arm(in_c, POLLIN), POLLIN);
    efd_put(in_c);
}

TEST(descriptor, a_child_has_a_bell_of_its_own) {
    eventfd object;
    const int fd = object.fd();
    ASSERT_TRUE(object.signal());
    const pid_t child = ::fork();
    if (child == 0) {
        std::uint64_t value = 0;
        bool good = says(fd) == (POLLIN | POLLOUT) && object.read(value) == std::errc{} && says(fd) == POLLOUT;
        good = good && object.signal() && says(fd) == (POLLIN | POLLOUT) && object.read(value) == std::errc{};
        ::_exit(good && says(fd) == POLLOUT ? 0 : 1);
    }
    int end = -1;
    ASSERT_EQ(::waitpid(child, &end, 0), child);
    EXPECT_EQ(end, 0);
    EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT}) << "the child took the parent's ring";
}

// LEVEL: writers and readers on all cores; whenever all rest, the descriptor says what poll says.
TEST(level_race, at_rest_it_is_true) {
    for (int round = 0; round < 400; ++round) {
        eventfd object(0, round % 2 == 0 ? efd::flags::nonblock : efd::flags::nonblock | efd::flags::semaphore);
        const int fd = object.fd();
        {
            std::vector<std::jthread> all;
            for (int i = 0; i < 4; ++i)
                all.emplace_back([&object, i] {
                    std::uint64_t value = 0;
                    for (int k = 0; k < 100; ++k) (void)(i % 2 == 0 ? object.write(1) : object.read(value));
                });
        }
        ASSERT_EQ(says(fd), object.poll()) << "round " << round;
    }
}

// Nobody stays asleep: a consumer in an epoll loop gets every unit that producers write.
template <class Consume>
void epoll_consumer(doorbell how, std::uint32_t events, Consume consume) {
    constexpr std::uint64_t each = 20000;
    eventfd object;
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest{events, {}};
    ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, object.fd(how), &interest), 0);
    std::vector<std::jthread> producers;
    for (int i = 0; i < 2; ++i)
        producers.emplace_back([&object, i] {
            for (std::uint64_t k = 0; k < each; ++k) {
                (void)object.signal();
                if (k % 64 == static_cast<std::uint64_t>(i)) std::this_thread::yield();
            }
        });
    std::uint64_t taken = 0;
    while (taken < 2 * each) {
        epoll_event got{};
        if (!consume(object, taken)) continue;
        ASSERT_EQ(::epoll_wait(epoll, &got, 1, 60000), 1) << "asleep beside " << object.count();
    }
    EXPECT_EQ(taken, 2 * each);
    ::close(epoll);
}

bool take_once(eventfd& object, std::uint64_t& taken) {
    std::uint64_t value = 0;
    if (object.try_read(value) == std::errc{}) taken += value;
    return taken < 40000;
}

TEST(level_race, a_loop_that_reads_once_for_each_event_gets_all) {
    epoll_consumer(doorbell::level, EPOLLIN, take_once);
}
TEST(level_race, an_edge_triggered_loop_that_takes_once_gets_all) {
    epoll_consumer(doorbell::level, EPOLLIN | EPOLLET, take_once);
}
TEST(armed_race, an_edge_triggered_loop_that_arms_gets_all) {
    epoll_consumer(doorbell::armed, EPOLLIN | EPOLLET, [](eventfd& object, std::uint64_t& taken) {
        (void)take_once(object, taken);
        return taken < 40000 && object.arm().ready == 0;
    });
}

} // namespace
} // namespace efd::tests
