// SPDX-License-Identifier: MIT
// A descriptor at which each write is an edge, whether anybody reads or not; what it costs, and what it is besides.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "file/numbers.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::tests {
namespace {

constexpr std::uint64_t largest = UINT64_MAX - 1;

class edges {
  public:
    explicit edges(int fd, std::uint32_t events = EPOLLIN) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event interest{events | EPOLLET, {}};
        EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest), 0);
    }
    ~edges() { ::close(epoll_); }
    edges& operator=(edges&&) = delete; // neither copied nor moved
    [[nodiscard]] std::uint32_t now(int timeout = 0) const {
        epoll_event got{};
        return ::epoll_wait(epoll_, &got, 1, timeout) == 1 ? got.events : 0;
    }
    [[nodiscard]] int fd() const { return epoll_; }

  private:
    int epoll_;
};

TEST(every, a_write_that_nobody_read_before_is_an_edge) {
    for (const efd::flags mode : {efd::flags::none, efd::flags::semaphore})
        for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1} << 27}) {
            eventfd object(start, mode);
            const edges loop(object.fd(doorbell::every));
            (void)loop.now();
            for (int i = 0; i < 5; ++i) {
                ASSERT_TRUE(object.signal());
                EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
                EXPECT_EQ(loop.now(), 0U);
            }
            std::uint64_t value = 0;
            ASSERT_EQ(object.read_some(value, largest), std::errc{});
            EXPECT_EQ(loop.now(), 0U);
            ASSERT_EQ(object.write(7), std::errc{});
            EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
        }
}

TEST(every, says_what_poll_says) {
    for (const std::uint64_t start :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 27, largest - 1, largest}) {
        eventfd object(start, efd::flags::nonblock);
        const int fd = object.fd(doorbell::every);
        ASSERT_EQ(says(fd), object.poll()) << start;
        std::uint64_t value = 0;
        (void)object.read(value);
        EXPECT_EQ(says(fd), POLLOUT) << start;
        for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{70},
                                      std::uint64_t{1} << 40, largest, largest - object.count()}) {
            (void)object.write(n);
            EXPECT_EQ(says(fd), object.poll()) << start << " + " << n;
        }
        ASSERT_EQ(object.read(value), std::errc{});
        EXPECT_EQ(says(fd), POLLOUT);
    }
}

TEST(every, a_signal_at_the_bound_is_an_edge) {
    eventfd object(largest);
    const edges loop(object.fd(doorbell::every));
    (void)loop.now();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(object.signal());
        EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
    }
    ASSERT_EQ(object.count(), UINT64_MAX);
}

TEST(every, costs_one_call_for_each_write_and_each_read_that_drains) {
    eventfd object(0, efd::flags::semaphore);
    (void)object.fd(doorbell::every);
    std::uint64_t before = efd_system_calls();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(object.signal());
    EXPECT_EQ(efd_system_calls(), before + 100);
    before = efd_system_calls();
    std::uint64_t value = 0;
    for (int i = 0; i < 99; ++i) ASSERT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(efd_system_calls(), before);
    ASSERT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(efd_system_calls(), before + 1);
}

TEST(every, never_fills_the_descriptor) {
    eventfd object;
    const int fd = object.fd(doorbell::every);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(object.signal());
    std::uint64_t held = 0;
    ASSERT_EQ(::read(fd, &held, sizeof held), 8); // which nobody should, but a test
    EXPECT_EQ(held, 1U);
}

TEST(every, is_a_way_of_its_own) {
    eventfd object;
    const int fd = object.fd(doorbell::every);
    EXPECT_EQ(object.fd(doorbell::every), fd);
    EXPECT_THROW((void)object.fd(doorbell::level), std::system_error);
    EXPECT_THROW((void)object.fd(doorbell::armed), std::system_error);
    EXPECT_EQ(object.arm().error, std::errc::invalid_argument);
    efd_t* const in_c = efd_create(0, 0);
    EXPECT_GE(efd_fd(in_c, EFD_EVERY), 0);
    EXPECT_EQ(efd_fd(in_c, EFD_LEVEL), -1);
    EXPECT_EQ(errno, EINVAL);
    efd_put(in_c);
    EXPECT_EQ(efd_create(0, EFD_EVERY), nullptr) << "an object without a descriptor has no way";
    EXPECT_EQ(errno, EINVAL);
}

TEST(every, as_a_flag_of_a_descriptor) {
    const int fd = ::efd_eventfd(2, EFD_EVERY | EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT_GE(fd, 0);
    const edges loop(fd);
    EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
    const std::uint64_t one = 1;
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(::efd_fd_write(fd, &one, sizeof one), 8);
        EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
    }
    efd_t* const object = ::efd_fd_ctx(fd);
    EXPECT_EQ(::efd_flags(object), EFD_NONBLOCK | EFD_CLOEXEC);
    const int second = ::efd_fd_dup(fd);
    ASSERT_EQ(::efd_fd_write(second, &one, sizeof one), 8);
    EXPECT_EQ(loop.now(), unsigned{EPOLLIN});
    EXPECT_EQ(::efd_fd_close(second), 0);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(::efd_signal(object), 0) << "the object lives on without its file";
    ::efd_put(object);
}

// EVERY: the ring of a write beside the clear of a read. Each write that is not read must be heard.
TEST(every, a_write_beside_a_read_is_heard) {
    eventfd object;
    const edges loop(object.fd(doorbell::every));
    std::atomic<int> round{-1};
    std::atomic<bool> over{false};
    std::atomic<int> read_rounds{-1};
    observed_thread reader([&] {
        int done = -1;
        while (!over.load()) {
            const int now = round.load();
            if (now == done) continue;
            std::uint64_t value = 0;
            (void)object.try_read(value);
            done = now;
            read_rounds.store(done);
        }
    });
    for (const int now : as_many_as(20'000)) {
        round.store(now);
        ASSERT_TRUE(object.signal());
        await_change(read_rounds, now - 1);
        if (object.count() == 0) continue;
        ASSERT_EQ(loop.now(patience / std::chrono::milliseconds(1)), unsigned{EPOLLIN}) << now;
        ASSERT_TRUE(object.signal());
        ASSERT_EQ(loop.now(), unsigned{EPOLLIN}) << "a second write above " << now;
        std::uint64_t value = 0;
        ASSERT_EQ(object.read(value), std::errc{});
        (void)loop.now();
    }
    over.store(true);
}

TEST(every, holds_in_the_child_of_a_fork) {
    eventfd object;
    const int fd = object.fd(doorbell::every);
    ASSERT_TRUE(object.signal());
    const pid_t child = ::fork();
    if (child == 0) {
        if (efd_renew_descriptors() != 0) ::_exit(2);
        const edges loop(fd);
        if (loop.now() != EPOLLIN) ::_exit(3);
        for (int i = 0; i < 3; ++i)
            if (!object.signal() || loop.now() != EPOLLIN) ::_exit(4);
        ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

} // namespace
} // namespace efd::tests
