// SPDX-License-Identifier: MIT
// Numbers of efd_eventfd with EFD_SHARED: the kernel's eventfd, through efd_fd_*. The claims run on them, too
// (tests/claims); here is what no claim asks.
#include <efd/wait_set.hpp>

#include "common/faces.hpp"
#include "file/numbers.hpp"
#include "support/child.hpp"
#include "support/waiting.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <thread>

namespace efd::tests {
namespace {

using common::answer;
using common::kernel_face;
using common::library_face;

int make(unsigned initval = 0, int flags = 0) { return ::efd_eventfd(initval, flags | EFD_SHARED); }

std::uint64_t taken(int fd) {
    std::uint64_t value = 0;
    return take(fd, value).result == 8 ? value : 0;
}

// A thread that can be seen asleep in any system call.
class sleeping_thread {
  public:
    template <class Body>
    explicit sleeping_thread(Body body)
        : thread_([this, body] {
              tid_.store(this_tid());
              body();
          }) {}
    [[nodiscard]] bool seen_asleep() {
        return eventually([this] { return tid_.load() != 0 && sleeps_now(tid_.load()); });
    }
    [[nodiscard]] pthread_t native() { return thread_.native_handle(); }
    void join() { thread_.join(); }

  private:
    std::atomic<pid_t> tid_{0};
    std::jthread thread_;
};

TEST(shared_descriptor, is_the_lowest_number_and_takes_no_other) {
    const std::set<int> before = open_numbers();
    const int fd = make(3, EFD_CLOEXEC | EFD_NONBLOCK);
    EXPECT_EQ(taken(fd), 3U);
    EXPECT_EQ(take(fd, *std::make_unique<std::uint64_t>()), (answer{-1, EAGAIN}));
    EXPECT_EQ(open_numbers().size(), before.size() + 1);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(open_numbers(), before);
    EXPECT_EQ(make(), fd);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(library_face::close(fd), (answer{-1, EBADF}));
}

TEST(shared_descriptor, flags_are_checked_first) { // K-002, K-003
    const fewer_numbers none(0);
    EXPECT_EQ(library_face::make(0, EFD_SHARED | 2), (answer{-1, EINVAL}));
    EXPECT_EQ(library_face::make(0, EFD_SHARED), (answer{-1, EMFILE}));
}

TEST(shared_descriptor, without_a_number_a_duplicate_leaves_nothing_behind) {
    const int fd = make();
    const std::set<int> before = open_numbers();
    {
        const fewer_numbers none(0);
        EXPECT_EQ(library_face::dup(fd), (answer{-1, EMFILE}));
        EXPECT_EQ(library_face::fdinfo(fd), "");
    }
    EXPECT_EQ(open_numbers(), before);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, plain_calls_and_efds_reach_one_count) {
    const int fd = make(0, EFD_SEMAPHORE);
    const std::uint64_t two = 2;
    EXPECT_EQ(::write(fd, &two, sizeof two), 8);
    EXPECT_EQ(add(fd, 3).result, 8);
    EXPECT_EQ(taken(fd), 1U);
    std::uint64_t value = 0;
    EXPECT_EQ(::read(fd, &value, sizeof value), 8);
    EXPECT_NE(library_face::fdinfo(fd).find("eventfd-count:                3"), std::string::npos);
    EXPECT_EQ(library_face::fdinfo(fd), kernel_face::fdinfo(fd));
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, fdinfo_is_cut_to_fit) { // as snprintf
    const int fd = make(7);
    const std::string whole = kernel_face::fdinfo(fd);
    const auto length = static_cast<int>(whole.size());
    EXPECT_EQ(::efd_fd_fdinfo(fd, nullptr, 0), length);
    for (const std::size_t size : {std::size_t{1}, std::size_t{10}, whole.size(), whole.size() + 1}) {
        std::string text(size + 1, '#');
        EXPECT_EQ(::efd_fd_fdinfo(fd, text.data(), size), length) << size;
        EXPECT_EQ(text, whole.substr(0, size - 1) + std::string(1, '\0') + "#") << size;
    }
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, duplicates_are_known_and_closed_one_by_one) { // K-100
    const int fd = make(5);
    const int low = ::efd_fd_dup(fd);
    const int high = ::efd_fd_fcntl(fd, F_DUPFD_CLOEXEC, 200);
    EXPECT_GE(high, 200);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(add(low, 1).result, 8);
    EXPECT_EQ(taken(high), 6U);
    EXPECT_EQ(::efd_fd_close(low), 0);
    EXPECT_EQ(add(low, 1), (answer{-1, EBADF}));
    EXPECT_EQ(add(high, 1).result, 8);
    EXPECT_EQ(::efd_fd_close(high), 0);
}

TEST(shared_descriptor, status_flags_are_the_kernels) { // K-104, K-106, K-107
    const int fd = make();
    EXPECT_EQ(::efd_fd_fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND), 0);
    EXPECT_EQ(::fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK | O_APPEND);
    EXPECT_EQ(::efd_fd_fcntl(fd, F_SETFL, 0), 0);
    EXPECT_EQ(::efd_fd_fcntl(fd, F_GETFL, 0), O_RDWR);
    int on = 1;
    EXPECT_EQ(::efd_fd_ioctl(fd, FIONBIO, &on), 0);
    EXPECT_EQ(::fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    EXPECT_EQ(::efd_fd_fcntl(fd, F_SETSIG, SIGUSR1), 0);
    EXPECT_EQ(::fcntl(fd, F_GETSIG), SIGUSR1);
    EXPECT_EQ(library_face::ioctl(fd, FIONREAD, &on), (answer{-1, ENOTTY}));
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, has_no_object) {
    const int fd = make();
    EXPECT_EQ(::efd_fd_ctx(fd), nullptr);
    EXPECT_EQ(errno, EOPNOTSUPP);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, a_set_watches_it_as_any_descriptor) {
    const int fd = make();
    efd::wait_set set;
    set.add(fd, POLLIN, 7);
    EXPECT_EQ(status_of_child([fd] { return add(fd, 1).result == 8 ? 0 : 1; }), 0);
    efd::set_event got;
    EXPECT_EQ(set.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 7U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

// ---- Sleeps, and other processes.

TEST(shared_descriptor, a_reader_sleeps_until_another_process_writes) { // K-019, K-101
    const int fd = make();
    std::uint64_t value = 0;
    sleeping_thread reader([&] { value = taken(fd); });
    EXPECT_TRUE(reader.seen_asleep());
    EXPECT_EQ(status_of_child([fd] { return add(fd, 4).result == 8 ? 0 : 1; }), 0);
    reader.join();
    EXPECT_EQ(value, 4U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, a_loop_sleeps_until_another_process_writes) { // K-101
    for (const int every : {0, EFD_EVERY}) {
        const int fd = make(0, every);
        const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
        epoll_event interest{.events = EPOLLIN | EPOLLET, .data = {}};
        ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest), 0);
        for (int i = 0; i < 3; ++i) { // each write is an edge, K-060
            epoll_event got{};
            int number = -1;
            sleeping_thread loop([&] { number = ::epoll_wait(epoll, &got, 1, -1); });
            EXPECT_TRUE(loop.seen_asleep());
            EXPECT_EQ(status_of_child([fd] { return add(fd, 1).result == 8 ? 0 : 1; }), 0);
            loop.join();
            EXPECT_EQ(number, 1);
        }
        EXPECT_EQ(taken(fd), 3U);
        ::close(epoll);
        EXPECT_EQ(::efd_fd_close(fd), 0);
    }
}

TEST(shared_descriptor, a_child_may_close_its_own) {
    const int fd = make(1);
    EXPECT_EQ(status_of_child([fd] {
                  if (::efd_renew_descriptors() != 0) return 1;
                  if (::efd_fd_close(fd) != 0) return 2;
                  return make() == fd && add(fd, 9).result == 8 ? 0 : 3; // another one under the same number
              }),
              0);
    EXPECT_EQ(taken(fd), 1U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, private_numbers_beside_it_are_copied_as_ever) {
    const int own = ::efd_eventfd(2, 0);
    const int dup = ::efd_fd_dup(own);
    const int shared = make(2);
    EXPECT_EQ(status_of_child([&] {
                  if (::efd_renew_descriptors() != 0) return 1;
                  if (taken(own) != 2 || taken(shared) != 2) return 2;
                  return says(dup) == POLLOUT && says(shared) == POLLOUT ? 0 : 3;
              }),
              0);
    EXPECT_EQ(says(dup), unsigned{POLLIN | POLLOUT});
    EXPECT_EQ(says(shared), unsigned{POLLOUT});
    for (const int fd : {own, dup, shared}) EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, a_killed_writer_leaves_no_loop_asleep_beside_a_unit) {
    const int fd = make();
    for (int round = 0; round < 100; ++round) {
        const pid_t victim = ::fork();
        if (victim == 0) {
            for (;;) (void)add(fd, 1);
        }
        pollfd asked{fd, POLLIN, 0};
        EXPECT_EQ(::poll(&asked, 1, -1), 1);
        ::kill(victim, SIGKILL);
        EXPECT_EQ(::waitpid(victim, nullptr, 0), victim);
        EXPECT_GT(taken(fd), 0U);
        EXPECT_EQ(says(fd), unsigned{POLLOUT});
    }
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

// ---- What the calls are not.

TEST(shared_descriptor, no_call_is_a_cancellation_point) {
    const int fd = make();
    std::atomic<bool> returned{false};
    sleeping_thread reader([&] {
        std::uint64_t value = 0;
        if (take(fd, value).result == 8) returned.store(true);
    });
    EXPECT_TRUE(reader.seen_asleep());
    ::pthread_cancel(reader.native());
    EXPECT_EQ(add(fd, 1).result, 8);
    reader.join();
    EXPECT_TRUE(returned.load());
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, closed_without_efd_its_number_is_closed_as_close_does) {
    const int fd = make();
    ::close(fd);
    EXPECT_EQ(add(fd, 1), (answer{-1, EBADF}));
    EXPECT_EQ(library_face::close(fd), (answer{-1, EBADF}));
    EXPECT_EQ(make(1), fd);
    ::close(fd);
    EXPECT_EQ(::efd_eventfd(2, 0), fd); // the next owner is a number of efd's own
    EXPECT_EQ(taken(fd), 2U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(shared_descriptor, threads_make_use_and_close_numbers_at_once) { // FDGET
    std::atomic<int> wrong{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 2000; ++i) {
                const int fd = ::efd_eventfd(1, (i + t) % 2 == 0 ? EFD_SHARED : 0);
                if (fd < 0 || taken(fd) != 1 || ::efd_fd_close(fd) != 0) wrong.fetch_add(1);
            }
        });
    threads.clear();
    EXPECT_EQ(wrong.load(), 0);
}

} // namespace
} // namespace efd::tests
