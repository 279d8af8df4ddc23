// SPDX-License-Identifier: MIT
// Numbers that are closed behind our back and come back as somebody else's: nothing is written to them, and nothing
// closes them; the descriptor is made anew at the next need.
#include "common/libc.hpp"
#include "support/child.hpp"

#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using efd::common::close_from;
using efd::common::close_numbers;
using efd::tests::status_of_child;

bool readable(int fd) {
    pollfd asked{fd, POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLIN) != 0;
}

// A stranger behind a number, and whether it is as it was.
struct stranger {
    const char* name;
    std::function<int()> make;
    std::function<bool(int)> unharmed;
};

int socket_with_a_message() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0) return -1;
    static int kept = -1;
    kept = ::fcntl(ends[1], F_DUPFD, 200);
    ::close(ends[1]);
    return ::write(kept, "12345678", 8) == 8 ? ends[0] : -1;
}
bool has_its_message(int fd) {
    char got[9] = {};
    return ::read(fd, got, 8) == 8 && std::string(got) == "12345678" && ::read(fd, got, 8) == -1;
}
int file_with_bytes() {
    const int fd = ::memfd_create("stranger", 0);
    return ::write(fd, "0123456789abcdef", 16) == 16 && ::lseek(fd, 4, SEEK_SET) == 4 ? fd : -1;
}
bool has_its_bytes(int fd) { return ::lseek(fd, 0, SEEK_CUR) == 4 && ::lseek(fd, 0, SEEK_END) == 16; }
bool holds_three(int fd) {
    eventfd_t held = 0;
    return ::eventfd_read(fd, &held) == 0 && held == 3;
}

std::vector<stranger> strangers() {
    return {{"a file", file_with_bytes, has_its_bytes},
            {"a socket", socket_with_a_message, has_its_message},
            {"an eventfd of the kernel's", [] { return ::eventfd(3, EFD_NONBLOCK); }, holds_three},
            {"another object's bell",
             [] {
                 efd_t* const other = efd_create(0, 0);
                 return efd_fd(other, EFD_LEVEL);
             },
             [](int fd) { return ::fcntl(fd, F_GETFD) >= 0 && !readable(fd); }},
            {"a descriptor of ours", [] { return efd_eventfd(0, EFD_NONBLOCK); },
             [](int fd) { return ::fcntl(fd, F_GETFD) >= 0 && !readable(fd); }}};
}

// In a child, which closes everything: the calls `before` have made an object with the number, strangers get it, and
// after the calls `then` every stranger is as it was. 0: so it is.
int harm(const stranger& who, const std::function<int(efd_t*)>& make_number, const std::function<void(efd_t*)>& then) {
    close_from(3);        // numbers that the test was started with
    rlimit few{256, 256}; // then numbers that are asked for from 512 on are low ones too
    ::setrlimit(RLIMIT_NOFILE, &few);
    efd_t* const object = efd_create(0, 0);
    const int number = make_number(object);
    if (number < 0) return 90;
    close_from(3);
    std::vector<int> all;
    bool met = false;
    for (int i = 0; i < 6; ++i) {
        all.push_back(who.make());
        met = met || all.back() == number;
    }
    if (!met) return 91;
    then(object);
    int harmed = 0;
    for (const int fd : all) harmed += who.unharmed(fd) ? 0 : 1;
    return harmed;
}

void signal_read_and_put(efd_t* object) {
    std::uint64_t count = 0;
    efd_signal(object);
    efd_try_read(object, &count);
    efd_signal(object);
    efd_put(object);
}

TEST(number, a_level_bell_harms_no_stranger) {
    for (const stranger& who : strangers())
        EXPECT_EQ(status_of_child([&] {
                      return harm(who, [](efd_t* object) { return efd_fd(object, EFD_LEVEL); }, signal_read_and_put);
                  }),
                  0)
            << who.name;
}

TEST(number, a_level_bell_that_rings_harms_no_stranger) {
    for (const stranger& who : strangers())
        EXPECT_EQ(status_of_child([&] {
                      return harm(
                          who,
                          [](efd_t* object) {
                              efd_signal(object);
                              return efd_fd(object, EFD_LEVEL);
                          },
                          [](efd_t* object) {
                              std::uint64_t count = 0;
                              efd_try_read(object, &count);
                              signal_read_and_put(object);
                          });
                  }),
                  0)
            << who.name;
}

TEST(number, an_armed_bell_harms_no_stranger) {
    for (const stranger& who : strangers())
        EXPECT_EQ(status_of_child([&] {
                      return harm(
                          who, [](efd_t* object) { return efd_fd(object, EFD_ARMED); },
                          [](efd_t* object) {
                              efd_arm(object, POLLIN);
                              signal_read_and_put(object);
                          });
                  }),
                  0)
            << who.name;
}

TEST(number, that_of_efd_eventfd_harms_no_stranger) {
    static efd_t* behind = nullptr;
    for (const stranger& who : strangers())
        EXPECT_EQ(status_of_child([&] {
                      return harm(
                          who,
                          [](efd_t*) {
                              const int fd = efd_eventfd(0, EFD_NONBLOCK);
                              behind = efd_fd_ctx(fd);
                              return fd;
                          },
                          [](efd_t*) { signal_read_and_put(behind); });
                  }),
                  0)
            << who.name;
}

// The object lives on, and its descriptor is made anew when it is asked for: by name, or all at once.
TEST(number, what_was_closed_is_made_anew) {
    EXPECT_EQ(status_of_child([] {
                  close_from(3); // numbers that the test was started with
                  efd_t* const level = efd_create(1, 0);
                  efd_t* const armed = efd_create(0, 0);
                  const int old = efd_fd(level, EFD_LEVEL);
                  if (old < 0 || efd_fd(armed, EFD_ARMED) < 0) return 1;
                  close_from(3);
                  if (::dup(0) != old) return 2;
                  if (efd_renew_descriptors() != 0) return 3;
                  const int fd = efd_fd(level, EFD_LEVEL);
                  if (fd == old || !readable(fd)) return 4;
                  std::uint64_t count = 0;
                  if (efd_read(level, &count) != 0 || readable(fd)) return 5;
                  if (efd_signal(level) != 0 || !readable(fd)) return 6;
                  const int other = efd_fd(armed, EFD_ARMED);
                  if (readable(other) || efd_arm(armed, POLLIN) != 0 || efd_signal(armed) != 0) return 7;
                  if (!readable(other)) return 8;
                  efd_put(level);
                  efd_put(armed);
                  return ::fcntl(old, F_GETFD) >= 0 && ::fcntl(fd, F_GETFD) < 0 ? 0 : 9;
              }),
              0);
}

TEST(number, the_child_of_a_fork_may_ask_for_all_its_own_at_once) {
    efd_t* const object = efd_create(0, 0);
    const int fd = efd_fd(object, EFD_LEVEL);
    const int number = efd_eventfd(0, EFD_NONBLOCK);
    EXPECT_EQ(status_of_child([&] {
                  if (efd_renew_descriptors() != 0) return 1;
                  const int epoll = ::epoll_create1(0);
                  epoll_event interest{};
                  interest.events = EPOLLIN;
                  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) != 0) return 2;
                  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, number, &interest) != 0) return 3;
                  std::uint64_t one = 1;
                  efd_signal(object);
                  efd_fd_write(number, &one, 8);
                  epoll_event got[2];
                  return ::epoll_wait(epoll, got, 2, 0) == 2 ? 0 : 4;
              }),
              0);
    EXPECT_FALSE(readable(fd));
    EXPECT_FALSE(readable(number));
    EXPECT_EQ(efd_fd_close(number), 0);
    efd_put(object);
}

// The program keeps the numbers that it knows of, and closes all others; those that the object has for itself too.
TEST(number, one_that_the_program_keeps_works_on) {
    for (const int way : {0, EFD_EVERY})
        for (const int kept : {0, 1})
            EXPECT_EQ(status_of_child([way, kept] {
                          int numbers[] = {efd_eventfd(0, EFD_NONBLOCK | way), -1};
                          numbers[1] = efd_fd_dup(numbers[0]);
                          if (efd_fd_close(numbers[1 - kept]) != 0) return 1;
                          const int fd = numbers[kept];
                          std::uint64_t n = 1;
                          for (int round = 0; round < 4; ++round) {
                              if (round == 1 && close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 2;
                              if (efd_fd_write(fd, &n, 8) != 8 || !readable(fd)) return 3;
                              if (round == 2 && close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 4;
                              if (efd_fd_read(fd, &n, 8) != 8 || n != 1 || readable(fd)) return 5;
                          }
                          if (close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 6;
                          return efd_fd_close(fd) == 0 && ::fcntl(fd, F_GETFD) < 0 ? 0 : 7;
                      }),
                      0)
                << way << ' ' << kept;
}

// The child of a fork after that has a file of its own behind the number.
TEST(number, one_that_the_program_keeps_is_the_childs_own_in_a_child) {
    EXPECT_EQ(status_of_child([] {
                  const int fd = efd_eventfd(0, EFD_NONBLOCK);
                  const std::uint64_t one = 1;
                  std::uint64_t n = 0;
                  if (efd_fd_write(fd, &one, 8) != 8 || efd_fd_read(fd, &n, 8) != 8) return 1;
                  if (close_numbers(static_cast<unsigned>(fd) + 1, ~0U) != 0) return 2;
                  const int end = status_of_child([fd, one] {
                      if (efd_fd_write(fd, &one, 8) != 8 || !readable(fd)) return 1;
                      return efd_fd_close(fd) == 0 ? 0 : 2;
                  });
                  if (end != 0) return 10 + end;
                  if (readable(fd)) return 3;
                  return efd_fd_write(fd, &one, 8) == 8 && readable(fd) ? 0 : 4;
              }),
              0);
}

// Nothing but the file itself tells that an unused number is efd's. The parent may use it before the child asks, or
// after.
void renew_without_proc(bool parent_is_first) {
    const int number = efd_eventfd(0, EFD_NONBLOCK);
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); // nothing of efd's, and as anonymous
    const int gone = efd_eventfd(0, EFD_NONBLOCK);
    ASSERT_EQ(::dup2(timer, gone), gone);
    int to_child[2];
    int to_parent[2];
    ASSERT_TRUE(::pipe(to_child) == 0 && ::pipe(to_parent) == 0);
    std::string empty = testing::TempDir() + "efd_emptyXXXXXX";
    ASSERT_NE(::mkdtemp(empty.data()), nullptr);
    const std::uint64_t one = 1;
    char byte = 0;
    const pid_t child = ::fork();
    if (child == 0) {
        if (::chroot(empty.c_str()) != 0) ::_exit(99);
        if (parent_is_first && ::read(to_child[0], &byte, 1) != 1) ::_exit(1);
        if (efd_renew_descriptors() != 0) ::_exit(2);
        if (::write(to_parent[1], "x", 1) != 1 || ::read(to_child[0], &byte, 1) != 1) ::_exit(3);
        itimerspec never{};
        if (::timerfd_settime(gone, 0, &never, nullptr) != 0) ::_exit(4); // it is the timer still
        ::_exit(readable(number) ? 5 : 0);
    }
    ::close(to_parent[1]);
    if (parent_is_first) {
        EXPECT_EQ(efd_fd_write(number, &one, sizeof one), static_cast<ssize_t>(sizeof one));
        EXPECT_EQ(::write(to_child[1], "x", 1), 1);
    }
    (void)!::read(to_parent[0], &byte, 1); // or the child has ended
    EXPECT_EQ(efd_fd_write(number, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    EXPECT_EQ(::write(to_child[1], "x", 1), 1);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    ::rmdir(empty.c_str());
    for (const int end : {timer, gone, to_child[0], to_child[1], to_parent[0]}) ::close(end);
    EXPECT_EQ(efd_fd_close(number), 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99) GTEST_SKIP() << "no right to chroot";
    EXPECT_EQ(status, 0) << "the step that failed, times 256";
}

TEST(number, a_child_without_proc_may_ask_for_an_unused_one) { renew_without_proc(false); }
TEST(number, a_child_may_ask_for_one_that_the_parent_uses_meanwhile) { renew_without_proc(true); }

// A program that posix_spawn(3) starts reads the number that it inherits, and takes the ring.
void let_a_program_read(int fd) {
    char shell[] = "sh";
    char flag[] = "-c";
    std::string command = "head -c 8 <&" + std::to_string(fd) + " >/dev/null 2>&1";
    char* const arguments[] = {shell, flag, command.data(), nullptr};
    pid_t child = -1;
    ASSERT_EQ(::posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, nullptr), 0);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_FALSE(readable(fd)) << "the program has not read";
}

// The next write that doubles the count rings again, and the descriptor stays true after that.
TEST(number, a_spawned_program_does_not_silence_it_for_good) {
    const int fd = efd_eventfd(1, EFD_NONBLOCK);
    ASSERT_TRUE(readable(fd));
    let_a_program_read(fd);
    std::uint64_t n = 1;
    ASSERT_EQ(efd_fd_write(fd, &n, 8), 8);
    EXPECT_TRUE(readable(fd));
    ASSERT_EQ(efd_fd_read(fd, &n, 8), 8);
    EXPECT_EQ(n, 2U);
    EXPECT_FALSE(readable(fd));
    ASSERT_EQ(efd_fd_write(fd, &n, 8), 8);
    EXPECT_TRUE(readable(fd));
    ASSERT_EQ(efd_fd_read(fd, &n, 8), 8);
    EXPECT_FALSE(readable(fd));
    EXPECT_EQ(efd_fd_close(fd), 0);
}

// The count of the object that had this place before says nothing of this one.
TEST(number, a_spawned_program_does_not_silence_the_next_life) {
    const std::uint64_t one = 1;
    const int before = efd_eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(efd_fd_write(before, &one, 8), 8);
    ASSERT_EQ(efd_fd_close(before), 0);
    const int fd = efd_eventfd(1, EFD_NONBLOCK);
    let_a_program_read(fd);
    ASSERT_EQ(efd_fd_write(fd, &one, 8), 8);
    EXPECT_TRUE(readable(fd));
    EXPECT_EQ(efd_fd_close(fd), 0);
}

// A burst to a number that exec does not close: one call for each doubling.
TEST(number, a_burst_to_one_that_is_inherited_costs_little) {
    const int fd = efd_eventfd(0, EFD_NONBLOCK);
    std::uint64_t n = 1;
    const std::uint64_t before = efd_system_calls();
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(efd_fd_write(fd, &n, 8), 8);
    EXPECT_LE(efd_system_calls() - before, 11U);
    EXPECT_EQ(efd_fd_close(fd), 0);
}

// fork(2) needs no free number, and no more does a child that uses what it got.
TEST(number, a_child_at_the_limit_has_bells_of_its_own) {
    EXPECT_EQ(status_of_child([] {
                  rlimit few{64, 64};
                  ::setrlimit(RLIMIT_NOFILE, &few);
                  efd_t* const object = efd_create(0, 0);
                  const int fd = efd_fd(object, EFD_LEVEL);
                  const int number = efd_eventfd(1, EFD_NONBLOCK);
                  const int second = efd_fd_dup(number);
                  while (::dup(0) >= 0) {
                  }
                  const int end = status_of_child([&] {
                      std::uint64_t count = 0;
                      efd_signal(object);
                      if (efd_fd_read(second, &count, 8) != 8) return 11;
                      if (!readable(fd) || readable(number) || readable(second)) return 12;
                      count = 1;
                      if (efd_fd_write(number, &count, 8) != 8 || !readable(second)) return 13;
                      return efd_fd_close(second) == 0 && efd_fd_close(number) == 0 ? 0 : 14;
                  });
                  if (end != 0) return end;
                  return !readable(fd) && readable(number) && readable(second) ? 0 : 1;
              }),
              0);
}

} // namespace
