// SPDX-License-Identifier: MIT
// A number of efd_eventfd before its first use, and with it.
#include "common/libc.hpp"
#include "file/numbers.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace efd::tests {
namespace {

using common::answer;
using common::close_numbers;

// If no call has named it before, nothing is known of it but what its closer says: as close(2) has it.
TEST(first_use, a_number_that_was_never_used_is_closed_as_close_does) {
    const std::set<int> before = open_numbers();
    const int fd = ::efd_eventfd(1, 0);
    ::close(fd);
    EXPECT_EQ(::efd_fd_close(fd), -1);
    EXPECT_EQ(errno, EBADF);
    const int again = ::efd_eventfd(1, 0);
    ::close(again);
    ASSERT_EQ(::dup(0), again);
    EXPECT_EQ(::efd_fd_close(again), 0);
    EXPECT_EQ(open_numbers(), before);
}

// One number as long as it is not used, and a second one then; where there is none it does without.
TEST(first_use, takes_its_second_number_with_the_first_use) {
    const std::set<int> before = open_numbers();
    const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
    EXPECT_EQ(open_numbers().size(), before.size() + 1);
    std::uint64_t n = 0;
    EXPECT_EQ(take(fd, n), (answer{-1, EAGAIN}));
    EXPECT_EQ(open_numbers().size(), before.size() + 2);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(open_numbers(), before);

    const int other = ::efd_eventfd(2, EFD_NONBLOCK);
    {
        const fewer_numbers limit(static_cast<rlim_t>(other) + 1);
        EXPECT_EQ(take(other, n), (answer{8, 0}));
        EXPECT_EQ(says(other), POLLOUT);
        EXPECT_EQ(add(other, 1), (answer{8, 0}));
        EXPECT_EQ(says(other), unsigned{POLLIN | POLLOUT});
    }
    EXPECT_EQ(open_numbers().size(), before.size() + 1);
    EXPECT_EQ(take(other, n), (answer{8, 0})); // has one now
    EXPECT_EQ(open_numbers().size(), before.size() + 2);
    EXPECT_EQ(says(other), POLLOUT);
    EXPECT_EQ(::efd_fd_close(other), 0);
    EXPECT_EQ(open_numbers(), before);
}

// The program closes the second number again and again: each time the object takes one above the lost one, and at the
// limit it begins below again.
TEST(first_use, takes_its_second_number_again_at_a_low_limit) {
    EXPECT_EQ(status_of_child([] {
                  const rlimit few{64, 64};
                  ::setrlimit(RLIMIT_NOFILE, &few);
                  const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
                  std::uint64_t n = 0;
                  for (int round = 0; round < 200; ++round) {
                      if (add(fd, 1) != answer{8, 0} || says(fd) != (POLLIN | POLLOUT)) return 1;
                      if (take(fd, n) != answer{8, 0} || n != 1 || says(fd) != POLLOUT) return 2;
                      if (close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 3;
                  }
                  return 0;
              }),
              0);
}

// A count at its ceiling leaves no room, and the number says so.
TEST(first_use, takes_its_second_number_again_to_be_full) {
    EXPECT_EQ(status_of_child([] {
                  const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
                  std::uint64_t n = 0;
                  if (add(fd, 1) != answer{8, 0} || take(fd, n) != answer{8, 0}) return 1;
                  if (close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 2;
                  return add(fd, UINT64_MAX - 1) == answer{8, 0} && says(fd) == POLLIN ? 0 : 3;
              }),
              0);
}

} // namespace
} // namespace efd::tests
