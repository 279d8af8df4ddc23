// SPDX-License-Identifier: MIT
// tests/dropin/plain_scenes.cpp: calls of which a preloaded library sees too much, too little, or too late.
#include "plain_parts.hpp"

#include <aio.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

// The inner epoll is watched for edges before ours comes into it.
void nested_edges_first() {
    const int fd = busy();
    const int inner = ::epoll_create1(EPOLL_CLOEXEC);
    const int outer = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    (void)::epoll_ctl(outer, EPOLL_CTL_ADD, inner, &wanted);
    wanted.events = EPOLLIN;
    (void)::epoll_ctl(inner, EPOLL_CTL_ADD, fd, &wanted);
    for (int i = 0; i < 3; ++i) {
        add(fd, 1);
        epoll_event got{};
        std::printf("outer epoll: %d\n", ::epoll_wait(outer, &got, 1, 0));
    }
    tell_take(fd);
}

// A thread that was cancelled before its call: the call does nothing.
void cancelled() {
    static int fd = -1;
    fd = busy();
    const auto run = [](void* (*body)(void*)) {
        pthread_t thread{};
        void* end = nullptr;
        if (::pthread_create(&thread, nullptr, body, nullptr) != 0) std::abort();
        (void)::pthread_join(thread, &end);
        std::printf("cancelled: %d\n", end == PTHREAD_CANCELED ? 1 : 0);
    };
    run([](void*) -> void* {
        const std::uint64_t one = 1;
        (void)::pthread_cancel(::pthread_self());
        (void)!::write(fd, &one, sizeof one);
        return nullptr;
    });
    run([](void*) -> void* {
        std::uint64_t value = 0;
        (void)::pthread_cancel(::pthread_self());
        (void)!::read(fd, &value, sizeof value);
        return nullptr;
    });
    run([](void*) -> void* {
        const std::uint64_t one = 1;
        (void)::pthread_cancel(::pthread_self());
        (void)::syscall(SYS_write, fd, &one, sizeof one); // no cancellation point
        return nullptr;
    });
    tell_take(fd);
}

// Calls that were to replace or close the number, and are refused.
void not_replaced() {
    const int fd = busy();
    std::printf("dup2: %d\n", ::dup2(1 << 20, fd));
    std::printf("dup3: %d\n", ::dup3(0, fd, O_APPEND));
    std::printf("close_range: %ld\n", ::syscall(SYS_close_range, fd, fd, 0x40U));
    tell_take(fd);
}

// A child that no handler announces closes the number and gets it for something else.
void unannounced_child() {
    int pipe[2] = {-1, -1};
    const int fd = busy();
    if (::pipe2(pipe, O_NONBLOCK) != 0) std::abort();
    (void)std::fflush(stdout);
    const long child = ::syscall(SYS_clone, static_cast<long>(SIGCHLD), 0L, 0L, 0L, 0L);
    if (child == 0) {
        (void)::close(fd);
        const std::uint64_t five = 5;
        std::uint64_t got = 0;
        const int again = ::dup(pipe[1]);
        const bool went = ::write(again, &five, sizeof five) == 8 && ::read(pipe[0], &got, sizeof got) == 8;
        ::_exit(again == fd && went && got == 5 ? 0 : 1);
    }
    int status = -1;
    (void)::waitpid(static_cast<pid_t>(child), &status, 0);
    std::printf("child: %d\n", status);
    tell_take(fd);
}

// A child of vfork puts a pipe in its number's place, and executes: nothing of ours is written into it.
void replaced_in_vfork() {
    int pipe[2] = {-1, -1};
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    make_busy(fd);
    if (::pipe2(pipe, O_NONBLOCK | O_CLOEXEC) != 0) std::abort();
    const pid_t child = ::vfork();
    if (child == 0) {
        (void)::dup2(pipe[1], fd);
        ::execl("/bin/true", "true", static_cast<char*>(nullptr));
        ::_exit(1);
    }
    (void)::waitpid(child, nullptr, 0);
    char got[64];
    std::printf("pipe: %zd\n", ::read(pipe[0], got, sizeof got));
    tell_take(fd);
}

// Where a range leaves user space the kernel refuses it, and nothing is consumed.
void far_away() {
    const int fd = busy();
    std::uint64_t value = 0;
    std::printf("read: %zd\n", ::read(fd, reinterpret_cast<void*>(std::uintptr_t{1} << 60), sizeof value)); // NOLINT
    std::printf("read: %ld\n", ::syscall(SYS_read, fd, &value, std::size_t{1} << 48));
    tell_take(fd);
}

namespace {

void tell_count(int info) {
    std::FILE* const file = ::fdopen(info, "r");
    if (file == nullptr) std::abort();
    char line[128];
    while (std::fgets(line, sizeof line, file) != nullptr)
        if (std::strncmp(line, "eventfd-count", 13) == 0) (void)std::fputs(line, stdout);
    (void)std::fclose(file);
}

} // namespace

// As a program opens it that lists the directory; and with flags that the compiler cannot see.
void fdinfo_by_its_number() {
    const int fd = busy();
    const std::string number = std::to_string(fd);
    DIR* const all = ::opendir("/proc/self/fdinfo");
    if (all == nullptr) std::abort();
    add(fd, 20);
    tell_count(::openat(::dirfd(all), number.c_str(), O_RDONLY | O_CLOEXEC));
    (void)::closedir(all);
    add(fd, 20);
    const volatile int flags = O_RDONLY | O_CLOEXEC;
    tell_count(::open(("/proc/self/fdinfo/" + number).c_str(), flags));
    tell_take(fd);
}

// A process that has forbidden itself all but a few system calls is not ended for one that the drop-in makes.
void sandboxed() {
    const int fd = busy();
    add(fd, 3);
    (void)std::fflush(stdout);
    constexpr std::uint32_t allowed[] = {SYS_read,  SYS_write, SYS_close, SYS_eventfd2,        SYS_exit_group,
                                         SYS_fork,  SYS_clone, SYS_wait4, SYS_set_robust_list, SYS_rseq,
                                         SYS_gettid};
    sock_filter program[2 * std::size(allowed) + 2];
    sock_filter* at = program;
    *at++ = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    for (const std::uint32_t number : allowed) {
        *at++ = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
        *at++ = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    *at++ = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) std::abort();
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) std::abort();
    tell_take(fd);
    const int other = ::eventfd(0, EFD_NONBLOCK);
    make_busy(other);
    tell_take(other);
    std::printf("closed: %d\n", ::close(fd));
    std::printf("closed: %d\n", ::close(other));
    (void)std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(3);
    int status = -1;
    (void)::waitpid(child, &status, 0);
    std::printf("child: %d\n", WEXITSTATUS(status));
    (void)std::fflush(stdout);
    ::_exit(0);
}

// A thread with a table of its own closes its number: all other threads still have it.
void unshared() {
    const int fd = busy();
    add(fd, 3);
    std::thread other([fd] {
        std::printf("unshared: %d\n", ::unshare(CLONE_FILES));
        (void)::close(fd);
    });
    other.join();
    std::thread another([fd] {
        std::printf("closed: %ld\n", ::syscall(SYS_close_range, fd, fd, 2U)); // CLOSE_RANGE_UNSHARE
    });
    another.join();
    add(fd, 4);
    tell_take(fd);
}

// The kernel says EFAULT of each.
void bad_addresses() {
    const int fd = busy();
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
    void* const bad = reinterpret_cast<void*>(std::uintptr_t{64}); // NOLINT(performance-no-int-to-ptr)
    errno = 0;
    std::printf("epoll_ctl: %d", ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, static_cast<epoll_event*>(bad)));
    std::printf(" %d\n", errno);
    std::printf("sendmsg: %zd", ::sendmsg(ends[0], static_cast<msghdr*>(bad), 0));
    std::printf(" %d\n", errno);
    msghdr message{};
    message.msg_control = bad;
    message.msg_controllen = 64;
    std::printf("sendmsg: %zd", ::sendmsg(ends[0], &message, 0));
    std::printf(" %d\n", errno);
    std::printf("open: %d", ::open(static_cast<const char*>(bad), O_RDONLY));
    std::printf(" %d\n", errno);
    add(fd, 2);
    tell_take(fd);
}

namespace {

template <class Request>
Request read_request(int fd, std::uint64_t& value, int operation) {
    Request request{};
    request.aio_fildes = fd;
    request.aio_buf = &value;
    request.aio_nbytes = sizeof value;
    request.aio_lio_opcode = operation;
    return request;
}

// From a list; not all of it is a read, and not all of it is there.
void read_from_list() {
    const int first = busy();
    const int second = busy();
    add(first, 5);
    add(second, 6);
    std::uint64_t value = 0;
    auto request = read_request<aiocb>(first, value, LIO_READ);
    aiocb nothing{};
    nothing.aio_lio_opcode = LIO_NOP;
    aiocb* const all[] = {nullptr, &nothing, &request};
    std::printf("lio_listio: %d", ::lio_listio(LIO_WAIT, all, 3, nullptr));
    std::printf(", result: %zd, value: %llu\n", ::aio_return(&request), static_cast<unsigned long long>(value));
    tell_poll(first);
    auto other = read_request<aiocb64>(second, value, LIO_READ);
    aiocb64* const others[] = {&other};
    std::printf("lio_listio64: %d", ::lio_listio64(LIO_WAIT, others, 1, nullptr));
    std::printf(", result: %zd, value: %llu\n", ::aio_return64(&other), static_cast<unsigned long long>(value));
    tell_poll(second);
}

} // namespace

// A thread of the C library reads, past every name.
void read_by_libc() {
    const int fd = busy();
    add(fd, 5);
    std::uint64_t value = 0;
    auto request = read_request<aiocb>(fd, value, 0);
    std::printf("aio_read: %d\n", ::aio_read(&request));
    const aiocb* const all[] = {&request};
    while (::aio_error(&request) == EINPROGRESS) (void)::aio_suspend(all, 1, nullptr);
    std::printf("result: %zd, value: %llu\n", ::aio_return(&request), static_cast<unsigned long long>(value));
    tell_poll(fd);
    read_from_list();
}

extern "C" int pidfd_getfd(int process, int fd, unsigned flags) noexcept; // glibc 2.36's header is for C alone

// Another number of the same eventfd, which the drop-in does not see.
void taken_by_pidfd() {
    const int fd = busy();
    const auto myself = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0U));
    const int other = ::pidfd_getfd(myself, fd, 0);
    std::printf("taken: %d\n", other >= 0);
    add(fd, 5);
    tell_take(other);
    tell_poll(fd);
}

extern "C" { // NOLINTBEGIN: old names of libc's
ssize_t __read(int fd, void* buffer, std::size_t length);
ssize_t __write(int fd, const void* buffer, std::size_t length);
int __dup2(int fd, int to);
int __close(int fd);
} // NOLINTEND

void by_other_names() {
    const int fd = busy();
    const std::uint64_t five = 5;
    std::printf("write: %zd\n", __write(fd, &five, sizeof five));
    const int other = __dup2(fd, 70);
    std::printf("close: %d\n", __close(fd));
    std::uint64_t value = 0;
    std::printf("read: %zd", __read(other, &value, sizeof value));
    std::printf(" %llu\n", static_cast<unsigned long long>(value));
}

// As servers do it, to show in a list of processes what they are at.
void other_name() {
    char* const started_as = ::program_invocation_name;
    std::memset(started_as, 'x', std::strlen(started_as));
    tell_take(busy());
}
