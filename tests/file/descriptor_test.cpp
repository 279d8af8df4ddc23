// SPDX-License-Identifier: MIT
// The descriptor of efd_eventfd: its number, its dups, what close leaves, fork, and what happens behind our back.
#include "common/faces.hpp"
#include "file/numbers.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <csignal>
#include <cstddef>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <set>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <vector>

namespace efd::tests {
namespace {

using common::answer;
using common::library_face;

constexpr int dup_query = 1027; // F_DUPFD_QUERY, Linux 6.10: 1 if both name one file

int next_id() {
    efd_t* const probe = ::efd_create(0, 0);
    const int id = ::efd_id(probe);
    ::efd_put(probe);
    return id;
}

TEST(descriptor, without_a_number_leaves_nothing_behind) {
    (void)::efd_fd_close(::efd_eventfd(0, 0));
    const std::set<int> before = open_numbers();
    const int id = next_id();
    for (rlim_t most = 0; most < 40; ++most) {
        std::vector<int> made;
        {
            const fewer_numbers limit(most);
            for (int fd = 0; (fd = ::efd_eventfd(0, 0)) >= 0;) made.push_back(fd);
            EXPECT_EQ(errno, EMFILE) << most;
            EXPECT_EQ(::efd_eventfd(0, 2), -1);
            EXPECT_EQ(errno, EINVAL); // before a number is looked for
            if (!made.empty()) {
                const answer dup = library_face::dup(made[0]);
                EXPECT_TRUE(dup == (answer{-1, EMFILE}) || dup.result >= 0);
                if (dup.result >= 0) made.push_back(static_cast<int>(dup.result));
            }
        }
        for (const int fd : made) EXPECT_EQ(::efd_fd_close(fd), 0);
        EXPECT_EQ(open_numbers(), before) << most;
        EXPECT_EQ(next_id(), id) << most;
    }
}

// A system whose table of files is full, for this process alone.
bool fill_the_files_of_the_system() {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_eventfd2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENFILE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{sizeof program / sizeof program[0], program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(descriptor, without_a_file_leaves_nothing_behind) { // K-004
    if (under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    (void)::efd_fd_close(::efd_eventfd(0, 0));
    const pid_t child = ::fork();
    if (child == 0) {
        const std::set<int> before = open_numbers();
        const int id = next_id();
        if (!fill_the_files_of_the_system()) ::_exit(99);
        const int made = ::efd_eventfd(5, EFD_SEMAPHORE);
        if (made != -1 || errno != ENFILE) ::_exit(1);
        if (open_numbers() != before) ::_exit(2);
        ::_exit(next_id() == id ? 0 : 3);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// K-144, K-154, K-075: close while the object lives on.
TEST(descriptor, the_object_outlives_the_file_and_its_watches_do_not) {
    (void)::efd_fd_close(::efd_eventfd(0, 0));
    const std::set<int> before = open_numbers();
    const int fd = ::efd_eventfd(0, 0);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest{};
    interest.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest), 0);
    efd_t* const object = ::efd_fd_ctx(fd);
    ASSERT_NE(object, nullptr);
    unsigned heard = 0;
    efd_wait_queue_entry entry{};
    entry.callback = [](efd_wait_queue_entry* self, unsigned key) {
        *static_cast<unsigned*>(self->context) |= key;
        return 0;
    };
    entry.context = &heard;
    entry.mask = POLLHUP;
    ASSERT_EQ(::efd_wait_queue_add(object, &entry, nullptr), 0);
    EXPECT_EQ(add(fd, 1), (answer{8, 0}));
    EXPECT_EQ(::epoll_wait(epoll, &interest, 1, 0), 1);
    EXPECT_EQ(heard, 0U);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(heard, unsigned{POLLHUP});
    EXPECT_EQ(::epoll_wait(epoll, &interest, 1, 0), 0); // readable when it was closed
    EXPECT_EQ(::efd_signal(object), 0);
    EXPECT_EQ(::epoll_wait(epoll, &interest, 1, 0), 0);
    EXPECT_EQ(::efd_count(object), 2U);
    EXPECT_EQ(::efd_fd(object, EFD_LEVEL), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(::efd_fd(object, EFD_ARMED), -1);
    EXPECT_EQ(::efd_arm(object, POLLIN), -1);
    std::uint64_t n = 0;
    EXPECT_EQ(::efd_read(object, &n), 0);
    EXPECT_EQ(::efd_wait_queue_remove(object, &entry), 0);
    ::efd_put(object);
    ::close(epoll);
    EXPECT_EQ(open_numbers(), before);
}

// K-090.
TEST(descriptor, close_does_not_disturb_a_call_that_sleeps) {
    const std::set<int> before = open_numbers();
    const int fd = ::efd_eventfd(0, 0);
    efd_t* const object = ::efd_fd_ctx(fd);
    answer end{};
    std::uint64_t n = 0;
    observed_thread reader([&] { end = take(fd, n); });
    ASSERT_TRUE(reader.seen_asleep());
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(add(fd, 1), (answer{-1, EBADF}));
    const int other = ::efd_eventfd(7, 0); // the same number, another file
    EXPECT_EQ(other, fd);
    EXPECT_TRUE(reader.seen_asleep());
    EXPECT_EQ(::efd_write(object, 3), 0);
    ASSERT_TRUE(reader.seen_done());
    EXPECT_EQ(end, (answer{8, 0}));
    EXPECT_EQ(n, 3U);
    EXPECT_EQ(::efd_fd_close(other), 0);
    ::efd_put(object);
    EXPECT_TRUE(eventually([&] { return open_numbers() == before; }));
}

// As fcntl does (K-104), for programs that know FIONBIO; and a plain one never makes a call of ours sleep in the
// kernel.
TEST(descriptor, fionbio_is_o_nonblock) {
    const int fd = ::efd_eventfd(0, 0);
    int on = 1;
    EXPECT_EQ(::efd_fd_ioctl(fd, FIONBIO, &on), 0);
    EXPECT_EQ(::efd_fd_fcntl(fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
    std::uint64_t n = 0;
    EXPECT_EQ(take(fd, n), (answer{-1, EAGAIN}));
    on = 0;
    EXPECT_EQ(::efd_fd_ioctl(fd, FIONBIO, &on), 0);
    EXPECT_EQ(::efd_fd_fcntl(fd, F_GETFL, 0) & O_NONBLOCK, 0);
    EXPECT_EQ(::efd_fd_ioctl(fd, FIONBIO, nullptr), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(::efd_fd_ioctl(fd, FIONREAD, &on), -1);
    EXPECT_EQ(errno, ENOTTY);
    EXPECT_EQ(::efd_fd_ioctl(-1, FIONBIO, &on), -1);
    EXPECT_EQ(errno, EBADF);
    ASSERT_EQ(::ioctl(fd, FIONBIO, &on), 0); // the kernel's file may sleep from now on
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(add(fd, 1), (answer{8, 0}));
        EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT});
        EXPECT_EQ(take(fd, n), (answer{8, 0}));
        EXPECT_EQ(says(fd), unsigned{POLLOUT});
    }
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

TEST(descriptor, the_fdinfo_of_a_closed_number_is_refused) {
    const int fd = ::efd_eventfd(1, 0);
    char text[300];
    EXPECT_GT(::efd_fd_fdinfo(fd, text, sizeof text), 0);
    ::close(fd);
    EXPECT_EQ(::efd_fd_fdinfo(fd, text, sizeof text), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(::efd_fd_close(fd), -1); // forgets what it was
}

TEST(descriptor, a_number_closed_behind_our_back_is_not_mistaken) {
    const std::set<int> before = open_numbers();
    const int fd = ::efd_eventfd(1, 0);
    EXPECT_EQ(add(fd, 1), (answer{8, 0}));
    ::close(fd);
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_TRUE(ends[0] == fd || ends[1] == fd);
    EXPECT_EQ(::efd_fd_close(fd), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_NE(::fcntl(fd, F_GETFD), -1); // the pipe's still
    ::close(ends[0]);
    ::close(ends[1]);
    EXPECT_EQ(open_numbers(), before);

    const int again = ::efd_eventfd(1, 0);
    ::close(again);
    const int anew = ::efd_eventfd(0, EFD_NONBLOCK); // the number comes back to us
    ASSERT_EQ(anew, again);
    std::uint64_t n = 0;
    EXPECT_EQ(take(anew, n), (answer{-1, EAGAIN}));
    EXPECT_EQ(::efd_fd_close(anew), 0);
    EXPECT_EQ(open_numbers(), before); // what was forgotten has been given back
}

TEST(descriptor, the_child_of_a_fork_has_copies) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer allows a child little";
    const int fd = ::efd_eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    const int second = ::efd_fd_dup(fd);
    const int lost = ::efd_eventfd(0, 0);
    ::close(lost);
    ASSERT_EQ(::dup2(0, lost), lost); // somebody else's by now
    const pid_t child = ::fork();
    if (child == 0) {
        std::uint64_t n = 0;
        const bool right = says(fd) == unsigned{POLLIN | POLLOUT} && take(second, n) == (answer{8, 0}) && n == 3 &&
                           says(fd) == unsigned{POLLOUT} && says(second) == unsigned{POLLOUT} &&
                           add(fd, 9) == (answer{8, 0}) && says(second) == unsigned{POLLIN | POLLOUT} &&
                           (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 && (::fcntl(second, F_GETFD) & FD_CLOEXEC) == 0 &&
                           ::fcntl(lost, dup_query, 0) != 0 && ::efd_fd_close(fd) == 0 && ::efd_fd_close(second) == 0;
        ::_exit(right ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(says(fd), unsigned{POLLIN | POLLOUT});
    std::uint64_t n = 0;
    EXPECT_EQ(take(fd, n), (answer{8, 0}));
    EXPECT_EQ(n, 3U);
    EXPECT_EQ(says(fd), POLLOUT);
    ::close(lost);
    EXPECT_EQ(::efd_fd_close(lost), -1); // forgets what it was
    EXPECT_EQ(::efd_fd_close(fd), 0);
    EXPECT_EQ(::efd_fd_close(second), 0);
}

// K-093, K-094, K-095, K-045: handlers with and without SA_RESTART, and what a vector has done by then.
class signals : public testing::TestWithParam<int> {
  protected:
    void SetUp() override {
        struct sigaction how{};
        how.sa_handler = [](int) {};
        how.sa_flags = GetParam();
        ::sigaction(SIGUSR1, &how, &before_);
    }
    void TearDown() override { ::sigaction(SIGUSR1, &before_, nullptr); }
    struct sigaction before_{};
};

TEST_P(signals, a_vector_that_sleeps_in_its_second_segment) {
    const int fd = ::efd_eventfd(0, 0);
    std::uint64_t values[2] = {UINT64_MAX - 1, 5};
    const iovec parts[2] = {{&values[0], 8}, {&values[1], 8}};
    answer end{};
    observed_thread writer([&] { end = library_face::writev(fd, parts, 2); });
    ASSERT_TRUE(writer.seen_asleep());
    ::pthread_kill(writer.native(), SIGUSR1);
    ASSERT_TRUE(writer.seen_done());
    EXPECT_EQ(end, (answer{8, 0}));
    std::uint64_t n = 0;
    EXPECT_EQ(take(fd, n), (answer{8, 0}));
    EXPECT_EQ(n, UINT64_MAX - 1);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

INSTANTIATE_TEST_SUITE_P(handlers, signals, testing::Values(0, int{SA_RESTART}));

} // namespace
} // namespace efd::tests
