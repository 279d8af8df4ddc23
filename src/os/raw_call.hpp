// SPDX-License-Identifier: MIT
// os/raw_call.hpp: system calls that libc makes into thread cancellation points, without that.
//
// A call of efd that does not sleep by contract is no cancellation point, and what is noexcept must not be unwound. So
// nothing in efd calls read, write, close, poll or epoll_wait of libc. Each says what syscall(2) says, errno included.
// Times are of 64 bits where time_t is, and where the kernel knows them: an older one gets what fits.
#pragma once

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace efd::os {

inline constexpr std::int64_t ns_per_second = 1'000'000'000;

// What the kernel's calls of 64-bit time read, on every architecture.
struct wide_timespec {
    std::int64_t seconds;
    std::int64_t nanoseconds;
};
// What its other calls read: the same where a long has 64 bits.
struct narrow_timespec {
    long seconds;
    long nanoseconds;
};
constexpr wide_timespec wide_time(std::int64_t ns) noexcept { return {ns / ns_per_second, ns % ns_per_second}; }
constexpr narrow_timespec narrow_time(std::int64_t ns) noexcept {
    constexpr std::int64_t last_second = std::numeric_limits<long>::max();
    return {static_cast<long>(std::min(ns / ns_per_second, last_second)), static_cast<long>(ns % ns_per_second)};
}

inline long raw_read(int fd, void* to, std::size_t bytes) noexcept { return ::syscall(SYS_read, fd, to, bytes); }
// Does not sleep, whatever became of O_NONBLOCK.
inline long raw_read_now(int fd, void* to, std::size_t bytes) noexcept {
    constexpr int no_wait = 8;   // RWF_NOWAIT; an eventfd knows it from Linux 5.8 on
    constexpr long in_turn = -1; // instead of an offset, in both its halves
    const ::iovec all{to, bytes};
    const long got = ::syscall(SYS_preadv2, fd, &all, 1, in_turn, in_turn, no_wait);
    return got >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS) ? got : raw_read(fd, to, bytes);
}
inline long raw_write(int fd, const void* from, std::size_t bytes) noexcept {
    return ::syscall(SYS_write, fd, from, bytes);
}
inline int raw_close(int fd) noexcept { return static_cast<int>(::syscall(SYS_close, fd)); }

// What is closed by a system call is made by one: ThreadSanitizer follows libc's calls in the program's libraries too,
// and would take a number that came back for one that was never closed.
inline int raw_eventfd(unsigned count, int flags) noexcept {
    return static_cast<int>(::syscall(SYS_eventfd2, count, flags));
}
inline int raw_epoll_create(int flags) noexcept { return static_cast<int>(::syscall(SYS_epoll_create1, flags)); }
inline int raw_dup3(int from, int to, int flags) noexcept {
    return static_cast<int>(::syscall(SYS_dup3, from, to, flags));
}

inline int raw_fcntl(int fd, int command, long argument) noexcept {
#ifdef SYS_fcntl64
    return static_cast<int>(::syscall(SYS_fcntl64, fd, command, argument));
#else
    return static_cast<int>(::syscall(SYS_fcntl, fd, command, argument));
#endif
}

inline long raw_epoll_look(int epoll, ::epoll_event* found, int room) noexcept {
    return ::syscall(SYS_epoll_pwait, epoll, found, room, 0, nullptr, std::size_t{_NSIG / 8});
}

// left_ns below zero: for ever.
inline long raw_poll(::pollfd* asked, std::size_t number, std::int64_t left_ns) noexcept {
    constexpr std::size_t set_bytes = _NSIG / 8;
#if defined(SYS_ppoll_time64)
    wide_timespec wide = wide_time(left_ns);
    const long end = ::syscall(SYS_ppoll_time64, asked, number, left_ns < 0 ? nullptr : &wide, nullptr, set_bytes);
    if (end >= 0 || errno != ENOSYS) return end;
#endif
#if defined(SYS_ppoll)
    narrow_timespec narrow = narrow_time(left_ns);
    return ::syscall(SYS_ppoll, asked, number, left_ns < 0 ? nullptr : &narrow, nullptr, set_bytes);
#else
    return -1;
#endif
}

} // namespace efd::os
