// SPDX-License-Identifier: MIT
// Record locks of open file descriptions, and files opened through /proc.
#include "os/bell_pipe.hpp"
#include "os/proc_fd.hpp"
#include "os/record_lock.hpp"
#include "share/lives/peer.hpp"
#include "support/child.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace efd;
using os::lock_end;
using os::lock_look;
using tests::peer;
using tests::status_of_child;
using tests::talk;

constexpr os::byte_range far_away{std::uint64_t{1} << 62, 1};

bool has_ended(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t end = text.rfind(") ");
    return end != std::string::npos && text[end + 2] == 'Z';
}

class a_file_with_locks : public testing::Test {
  protected:
    a_file_with_locks() {
        EXPECT_EQ(::ftruncate(fd_, 4096), 0);
        EXPECT_GE(other_, 0);
    }
    ~a_file_with_locks() override {
        ::close(fd_);
        ::close(other_);
    }
    int fd_ = ::memfd_create("locks", MFD_CLOEXEC);
    int other_ = os::open_anew(fd_);
};

TEST_F(a_file_with_locks, belong_to_one_open_file_description) {
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::taken);
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::taken);
    EXPECT_EQ(os::try_lock(other_, far_away), lock_end::held_by_another);
    EXPECT_EQ(os::held_by_others(fd_, far_away), lock_look::free);
    EXPECT_EQ(os::held_by_others(other_, far_away), lock_look::held);
    EXPECT_EQ(os::held_by_any(fd_, far_away), lock_look::held);
    EXPECT_TRUE(os::holds_lock(fd_, far_away));
    EXPECT_FALSE(os::holds_lock(other_, far_away));
    os::unlock(fd_, far_away);
    EXPECT_FALSE(os::holds_lock(fd_, far_away));
    EXPECT_EQ(os::try_lock(other_, far_away), lock_end::taken);
}

TEST_F(a_file_with_locks, cover_ranges) {
    const os::byte_range last{UINT64_C(0x7fff'ffff'ffff'fff0), 15};
    EXPECT_EQ(os::try_lock(fd_, last), lock_end::taken);
    EXPECT_EQ(os::held_by_others(other_, {last.first + 14, 1}), lock_look::held);
    EXPECT_EQ(os::held_by_others(other_, {last.first - 1, 1}), lock_look::free);
    EXPECT_EQ(os::held_by_others(other_, {0, 1}), lock_look::free);
    // The lower halves of two offsets are the same.
    EXPECT_EQ(os::held_by_others(other_, {last.first & 0xffff'ffff, 1}), lock_look::free);
}

TEST_F(a_file_with_locks, survive_the_close_of_a_duplicate) {
    const int duplicate = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::taken);
    ::close(duplicate);
    EXPECT_EQ(os::try_lock(other_, far_away), lock_end::held_by_another);
}

TEST_F(a_file_with_locks, end_with_the_process) {
    peer holder([&](const talk& test) {
        const int own = os::open_anew(fd_);
        test.say(os::try_lock(own, far_away) == lock_end::taken ? 'y' : 'n');
        return test.hear();
    });
    ASSERT_EQ(holder.hear(), 'y');
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::held_by_another);
    holder.kill();
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::taken);
}

// A record lock of the classic kind, which the program may have, is no lock of an open file description.
TEST_F(a_file_with_locks, are_not_those_of_a_process) {
    peer holder([&](const talk& test) {
        struct flock lock{};
        lock.l_type = F_WRLCK;
        lock.l_len = 1;
        test.say(::fcntl(fd_, F_SETLK, &lock) == 0 ? 'y' : 'n');
        return test.hear();
    });
    ASSERT_EQ(holder.hear(), 'y');
    EXPECT_EQ(os::held_by_any(fd_, {0, 1}), lock_look::free);
}

TEST_F(a_file_with_locks, keep_errno_and_say_what_is_not_possible) {
    errno = 77;
    EXPECT_EQ(os::try_lock(-1, far_away), lock_end::not_possible);
    EXPECT_EQ(os::held_by_others(-1, far_away), lock_look::not_possible);
    EXPECT_EQ(os::held_by_any(-1, far_away), lock_look::not_possible);
    EXPECT_EQ(os::open_anew(-1), -EBADF);
    os::unlock(-1, far_away);
    EXPECT_EQ(errno, 77);
    const int read_only = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(os::try_lock(read_only, far_away), lock_end::not_possible);
    ::close(read_only);
}

TEST_F(a_file_with_locks, opens_anew_close_on_exec_and_no_pipe) {
    EXPECT_EQ(::fcntl(other_, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(other_, F_GETFL) & O_ACCMODE, O_RDWR);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_EQ(os::open_anew(ends[0]), -EINVAL);
    EXPECT_EQ(os::open_of(static_cast<std::uint32_t>(::getpid()), static_cast<std::uint32_t>(ends[1])), -EINVAL);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(a_file_with_locks, is_opened_by_the_number_of_another_process) {
    peer holder([&](const talk& test) { return test.hear(); });
    const auto pid = static_cast<std::uint32_t>(holder.pid());
    const int opened = os::open_of(pid, static_cast<std::uint32_t>(fd_));
    ASSERT_GE(opened, 0);
    EXPECT_EQ(os::try_lock(fd_, far_away), lock_end::taken);
    EXPECT_EQ(os::held_by_others(opened, far_away), lock_look::held);
    ::close(opened);
    EXPECT_EQ(os::open_of(pid, 999'999), -ESRCH);
    holder.kill();
    EXPECT_EQ(os::open_of(pid, static_cast<std::uint32_t>(fd_)), -ESRCH);
    EXPECT_EQ(os::open_of(UINT32_MAX, UINT32_MAX), -ESRCH);
}

// Such a process is a zombie in /proc, and its other threads are not.
TEST_F(a_file_with_locks, is_opened_anew_where_the_first_thread_has_ended) {
    const int fd = fd_;
    EXPECT_EQ(status_of_child([fd] {
                  std::thread([fd] {
                      while (!has_ended(::getpid())) std::this_thread::yield();
                      ::_exit(os::open_anew(fd) >= 0 ? 0 : 2);
                  }).detach();
                  ::syscall(SYS_exit, 0); // of this thread; pthread_exit would unwind the test
                  return 3;
              }),
              0);
}

TEST_F(a_file_with_locks, and_a_bell_are_opened_by_the_number_of_a_process_whose_first_thread_has_ended) {
    os::bell_ends bell;
    ASSERT_EQ(os::make_bell(bell), 0);
    peer holder([&](const talk& test) {
        std::thread([&test] {
            while (!has_ended(::getpid())) std::this_thread::yield();
            test.say('y');
            ::_exit(test.hear());
        }).detach();
        ::syscall(SYS_exit, 0); // of this thread, whose stack stays
        return 1;
    });
    ASSERT_EQ(holder.hear(), 'y');
    const auto pid = static_cast<std::uint32_t>(holder.pid());
    EXPECT_NE(os::other_thread_of(pid), 0U);
    const int opened = os::open_of(pid, static_cast<std::uint32_t>(fd_));
    const int rung = os::open_bell(pid, static_cast<std::uint32_t>(bell.read_end), bell.inode);
    EXPECT_GE(opened, 0);
    EXPECT_GE(rung, 0);
    EXPECT_EQ(os::open_of(pid, 999'999), -ESRCH);
    for (const int one : {opened, rung, bell.read_end, bell.write_end}) ::close(one);
}

TEST_F(a_file_with_locks, has_no_other_thread_where_there_is_one_thread) {
    peer holder([&](const talk& test) { return test.hear(); });
    EXPECT_EQ(os::other_thread_of(static_cast<std::uint32_t>(holder.pid())), 0U);
    EXPECT_EQ(os::other_thread_of(UINT32_MAX), 0U);
}

TEST_F(a_file_with_locks, says_that_there_is_no_proc) {
    if (::geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
    char root[] = "/tmp/efd-no-proc-XXXXXX";
    ASSERT_NE(::mkdtemp(root), nullptr);
    EXPECT_EQ(status_of_child([&] {
                  if (::chroot(root) != 0) return 1;
                  if (os::open_anew(fd_) != -ENOSYS || os::open_of(1, 0) != -ENOSYS) return 2;
                  if (os::pid_in_proc() != 0 || os::pid_namespace() != 0) return 3;
                  return os::open_anew(fd_ + 1000) == -EBADF ? 0 : 4;
              }),
              0);
    ::rmdir(root);
}

TEST_F(a_file_with_locks, another_users_file_is_refused) {
    if (::geteuid() != 0) GTEST_SKIP() << "another user needs root";
    const auto pid = static_cast<std::uint32_t>(::getpid());
    EXPECT_EQ(status_of_child([&] {
                  constexpr ::uid_t nobody = 65534;
                  if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) return 1;
                  return os::open_of(pid, static_cast<std::uint32_t>(fd_)) == -EACCES ? 0 : 2;
              }),
              0);
}

TEST_F(a_file_with_locks, knows_its_pid_and_namespace) {
    EXPECT_EQ(os::pid_in_proc(), static_cast<std::uint32_t>(::getpid()));
    EXPECT_NE(os::pid_namespace(), 0U);
    const auto outer = os::pid_namespace();
    const int status = status_of_child([&] {
        if (::unshare(CLONE_NEWPID) != 0) return 99;
        // The first process of the namespace, whose /proc still is that of the outer one.
        return status_of_child([&] {
            if (os::pid_namespace() == outer) return 1;
            if (os::pid_in_proc() == static_cast<std::uint32_t>(::getpid())) return 2;
            return os::try_lock(other_, far_away) == lock_end::taken ? 0 : 3;
        });
    });
    if (status == 99) GTEST_SKIP() << "unshare(2) is not permitted";
    EXPECT_EQ(status, 0);
}

} // namespace
