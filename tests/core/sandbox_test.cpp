// Waits where a sandbox, or a kernel before 5.16, refuses futex_waitv(2).
#include <efd/efd.h>

#include "support/sanitizer.hpp"

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

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

TEST(sandbox, a_deadline_holds_without_futex_waitv) {
    if (efd::tests::under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    const pid_t child = ::fork();
    if (child == 0) ::_exit(wait_in_a_sandbox());
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(WEXITSTATUS(status), 0) << "1: no ETIMEDOUT, 2: before the deadline";
}

} // namespace
