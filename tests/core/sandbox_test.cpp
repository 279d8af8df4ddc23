// SPDX-License-Identifier: MIT
// Waits where a sandbox, or a kernel before 5.16, refuses futex_waitv(2); descriptors where one refuses what they need.
#include <efd/efd.h>

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using efd::tests::observed_thread;

constexpr int futex_waitv_number = 449; // everywhere

bool refuse_futex_waitv() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, futex_waitv_number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

std::uint64_t now_ns() {
    std::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// A wait says that its deadline has passed when it has, and not before; on 32 bits with 64-bit time_t too. The
// deadlines end in different parts of a second.
int wait_in_a_sandbox() {
    if (!refuse_futex_waitv()) return 99;
    efd_t* const object = efd_create(0, 0);
    for (int i = 0; i < 5; ++i) {
        std::uint64_t value = 0;
        const std::uint64_t deadline = now_ns() + 70'000'000;
        if (efd_read_until(object, &value, deadline) != -1 || errno != ETIMEDOUT) return 1;
        if (now_ns() < deadline) return 2;
    }
    efd_put(object);
    return 0;
}

// Three sleepers on one object, each with a token of its own: the cancelled one leaves, and the others sleep on, and
// are served. Ends the process where a sleeper is still there.
int cancel_in_a_sandbox() {
    if (!refuse_futex_waitv()) return 99;
    efd_t* const object = efd_create(0, EFD_SEMAPHORE);
    efd_cancel_t* const cancels[] = {efd_cancel_create(), efd_cancel_create(), efd_cancel_create()};
    std::atomic<int> cancelled{0};
    std::vector<std::unique_ptr<observed_thread>> readers;
    for (efd_cancel_t* const cancel : cancels)
        readers.push_back(std::make_unique<observed_thread>([object, cancel, &cancelled] {
            std::uint64_t value = 0;
            efd_wait_options until = EFD_WAIT_OPTIONS_INIT;
            until.cancel = cancel;
            if (efd_read_with(object, &value, &until) != 0 && errno == ECANCELED) ++cancelled;
        }));
    const auto must = [](bool holds, int step) {
        if (!holds) ::_exit(step);
    };
    for (auto& one : readers) must(one->seen_asleep(), 1);
    must(efd_cancel_request(cancels[1]) == 0 && readers[1]->seen_done() && cancelled == 1, 2);
    must(!readers[0]->done() && !readers[2]->done(), 3);
    must(efd_write(object, 1) == 0, 4);
    must(efd::tests::eventually([&] { return readers[0]->done() || readers[2]->done(); }), 5);
    for (efd_cancel_t* const cancel : cancels) (void)efd_cancel_request(cancel);
    for (auto& one : readers) must(one->seen_done(), 6);
    must(cancelled == 2, 7);
    return 0;
}

template <class Body>
int status_of_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = -1;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

// Refuses one call, or with `argument` only that where its second argument is this one.
bool refuse(unsigned call, int argument, unsigned error) {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(argument), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JA, argument < 0 ? 0U : 1U, 0, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool readable(int fd) {
    pollfd asked{fd, POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1;
}

// Descriptors of an object, of a number and of a set with a pipe; all that it gives is the step that failed.
class watched {
  public:
    watched() {
        step_ = ::pipe(pipe_) == 0 && level_ >= 0 && number_ >= 0 && efd_wait_set_add(set_, object_, 1) >= 0 &&
                        efd_wait_set_add_fd(set_, pipe_[0], EPOLLIN, 2) >= 0
                    ? 0
                    : 1;
    }
    int use() {
        std::uint64_t count = 1;
        efd_wait_set_event got{};
        for (int i = 0; i < 3; ++i) {
            must(efd_signal(object_) == 0 && readable(level_), 2);
            must(efd_wait_set_wait_any(set_, &got, EFD_FOREVER) == 0 && got.token == 1 && !readable(level_), 3);
            must(efd_fd_write(number_, &count, 8) == 8 && readable(number_), 4);
            must(efd_fd_read(number_, &count, 8) == 8 && !readable(number_), 5);
        }
        must(::write(pipe_[1], "x", 1) == 1 && readable(efd_wait_set_fd(set_)), 6);
        must(efd_wait_set_wait_any(set_, &got, EFD_FOREVER) == 0 && got.token == 2, 7);
        must(::read(pipe_[0], &count, 1) == 1 && efd_wait_set_wait_any(set_, &got, now_ns() + 5'000'000) == -1, 8);
        must(errno == ETIMEDOUT, 9);
        return step_;
    }

  private:
    void must(bool holds, int step) {
        if (!holds && step_ == 0) step_ = step;
    }
    efd_t* const object_ = efd_create(0, 0);
    efd_wait_set_t* const set_ = efd_wait_set_create();
    const int level_ = efd_fd(object_, EFD_LEVEL);
    const int number_ = efd_eventfd(0, EFD_NONBLOCK);
    int pipe_[2] = {-1, -1};
    int step_ = 0;
};

struct refused {
    const char* name;
    unsigned call;
    int argument;
};
const refused refusals[] = {
    {"F_SETSIG", SYS_fcntl, F_SETSIG},
    {"F_GETSIG", SYS_fcntl, F_GETSIG},
    {"preadv2", SYS_preadv2, -1},
#ifdef SYS_poll
    {"ppoll", SYS_ppoll, -1},
#endif
#ifdef SYS_epoll_wait
    {"epoll_pwait", SYS_epoll_pwait, -1},
#endif
};

// A sandbox may come before the descriptors are made, or after.
TEST(sandbox, descriptors_work_where_a_call_is_refused) {
    if (efd::tests::under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    if (sizeof(void*) != 8) GTEST_SKIP() << "the 64-bit numbers of these calls";
    for (const refused& one : refusals)
        for (const unsigned error : {unsigned{EPERM}, unsigned{ENOSYS}})
            for (const bool is_early : {false, true}) {
                const int status = status_of_child([&] {
                    if (is_early && !refuse(one.call, one.argument, error)) return 99;
                    watched all;
                    if (!is_early && !refuse(one.call, one.argument, error)) return 99;
                    return all.use();
                });
                if (status == 99) GTEST_SKIP() << "no seccomp here";
                EXPECT_EQ(status, 0) << "the step that failed: " << one.name << ", " << error << ", " << is_early;
            }
}

TEST(sandbox, a_deadline_holds_without_futex_waitv) {
    if (efd::tests::under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    const int status = status_of_child(wait_in_a_sandbox);
    if (status == 99) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0) << "1: no ETIMEDOUT, 2: before the deadline";
}

TEST(sandbox, a_cancel_ends_its_wait_without_futex_waitv) {
    if (efd::tests::under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    const int status = status_of_child(cancel_in_a_sandbox);
    if (status == 99) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0) << "the step that failed";
}

} // namespace
