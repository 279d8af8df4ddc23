// tests/dropin/plain_scenes.cpp: calls of which a preloaded library sees too much, too little, or too late.
#include "plain_parts.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

// A child of which no handler is told closes the number and gets it for something else.
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
