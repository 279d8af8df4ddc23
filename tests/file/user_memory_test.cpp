// SPDX-License-Identifier: MIT
// The caller's buffers: what other threads see in one, and addresses that are not there, in a sandbox too.
#include "common/faces.hpp"
#include "support/sanitizer.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

// Reads and writes of one value, from and into a place in the heap: a thread that looks there sees that value, always.
TEST(user_memory, others_see_nothing_but_the_value) {
    if (efd::tests::under_tsan) GTEST_SKIP() << "the looker races on purpose";
    constexpr std::uint64_t value = 5;
    auto place = std::make_unique<std::atomic<std::uint64_t>>(value);
    std::atomic<bool> done{false};
    std::uint64_t strange = value;
    std::jthread looker([&] {
        while (!done.load(std::memory_order_relaxed))
            if (const std::uint64_t stored = place->load(std::memory_order_relaxed); stored != value) strange = stored;
    });
    const int fd = ::efd_eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 200'000; ++i) {
        ASSERT_EQ(::efd_fd_write(fd, place.get(), sizeof value), 8);
        ASSERT_EQ(::efd_fd_read(fd, place.get(), sizeof value), 8);
    }
    done = true;
    looker.join();
    EXPECT_EQ(strange, value);
    EXPECT_EQ(::efd_fd_close(fd), 0);
}

// What lies before the first byte that is not there is written, as by the kernel.
TEST(user_memory, a_range_that_ends_in_the_midst) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const two = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    auto* const second = static_cast<unsigned char*>(two) + page;
    ASSERT_EQ(::mprotect(second, page, PROT_READ), 0);
    const int fd = ::efd_eventfd(0x07060504, EFD_NONBLOCK);
    EXPECT_EQ(::efd_fd_read(fd, second - 3, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(second[-3] << 16 | second[-2] << 8 | second[-1], 0x040506);
    const std::uint64_t one = 1;
    EXPECT_EQ(::efd_fd_write(fd, &one, 8), 8) << "the count was not taken";
    ASSERT_EQ(::munmap(second, page), 0);
    EXPECT_EQ(::efd_fd_write(fd, second - 3, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(::efd_fd_close(fd), 0);
    ::munmap(two, page);
}

void refuse_process_vm() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        ::_exit(100);
}

// Each call of ours that follows a caller's address; the number of the first that is not EFAULT.
int first_not_refused() {
    const int fd = ::efd_eventfd(9, EFD_NONBLOCK | EFD_SEMAPHORE);
    void* const gone = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::munmap(gone, 4096);
    char half[4] = {};
    const iovec parts[2] = {{half, 4}, {gone, 4}};
    const iovec nothing[1] = {{nullptr, 8}};
    refuse_process_vm();
    const auto refused = [](ssize_t end) { return end == -1 && errno == EFAULT; };
    if (!refused(::efd_fd_read(fd, nullptr, 8))) return 1;
    if (!refused(::efd_fd_read(fd, gone, 8))) return 2;
    if (!refused(::efd_fd_readv(fd, parts, 2))) return 3;
    if (!refused(::efd_fd_readv(fd, nullptr, 2))) return 4;
    if (!refused(::efd_fd_write(fd, nullptr, 8))) return 5;
    if (!refused(::efd_fd_write(fd, gone, 8))) return 6;
    if (!refused(::efd_fd_writev(fd, nothing, 1))) return 7;
    return refused(::efd_fd_writev(fd, static_cast<const iovec*>(gone), 2)) ? 0 : 8;
}

TEST(user_memory, a_bad_address_in_a_sandbox_is_an_answer) { // K-023, K-035, K-159
    const pid_t child = ::fork();
    if (child == 0) ::_exit(first_not_refused());
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    if (WEXITSTATUS(status) == 100) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the call of that number";
}

} // namespace
