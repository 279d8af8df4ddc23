// SPDX-License-Identifier: MIT
// os/raw_call.hpp: system calls that are cancellation points in libc, made without one.
//
// A call of efd that does not sleep by contract is no cancellation point, and a noexcept function must not be unwound.
// So efd calls none of libc's read, write, close, poll and epoll_wait. Each function returns what syscall(2) returns
// and sets errno. Times have 64 bits where time_t has, and where the kernel takes them; an older kernel gets the
// narrower type. Where a sandbox refuses a newer call an older one is made that does the same.
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

// The time of the kernel's 64-bit calls, on every architecture.
struct wide_timespec {
    std::int64_t seconds;
    std::int64_t nanoseconds;
};
// The time of its other calls: the same where a long has 64 bits.
struct narrow_timespec {
    long seconds;
    long nanoseconds;
};
constexpr wide_timespec wide_time(std::int64_t ns) noexcept { return {ns / ns_per_second, ns % ns_per_second}; }
constexpr narrow_timespec narrow_time(std::int64_t ns) noexcept {
    constexpr std::int64_t last_second = std::numeric_limits<long>::max();
    return {static_cast<long>(std::min(ns / ns_per_second, last_second)), static_cast<long>(ns % ns_per_second)};
}

// The kernel lacks the call, or a sandbox (seccomp) refuses it.
inline bool is_refused(int error) noexcept { return error == ENOSYS || error == EPERM; }

inline long raw_read(int fd, void* to, std::size_t bytes) noexcept { return ::syscall(SYS_read, fd, to, bytes); }
// Does not sleep, even if O_NONBLOCK was cleared.
inline long raw_read_now(int fd, void* to, std::size_t bytes) noexcept {
    constexpr int no_wait = 8;   // RWF_NOWAIT; an eventfd knows it from Linux 5.8 on
    constexpr long in_turn = -1; // instead of an offset, in both its halves
    const ::iovec all{to, bytes};
    const long got = ::syscall(SYS_preadv2, fd, &all, 1, in_turn, in_turn, no_wait);
    return got >= 0 || (errno != EOPNOTSUPP && !is_refused(errno)) ? got : raw_read(fd, to, bytes);
}
inline long raw_write(int fd, const void* from, std::size_t bytes) noexcept {
    return ::syscall(SYS_write, fd, from, bytes);
}
inline int raw_close(int fd) noexcept { return static_cast<int>(::syscall(SYS_close, fd)); }

// Opens by a system call what a system call closes. ThreadSanitizer follows libc's calls in the program's libraries
// too, and would take a reused number for one that was never closed.
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
    const long got = ::syscall(SYS_epoll_pwait, epoll, found, room, 0, nullptr, std::size_t{_NSIG / 8});
#if defined(SYS_epoll_wait)
    if (got < 0 && is_refused(errno)) return ::syscall(SYS_epoll_wait, epoll, found, room, 0);
#endif
    return got;
}

// left_ns below zero: for ever.
inline long raw_poll(::pollfd* asked, std::size_t number, std::int64_t left_ns) noexcept {
    constexpr std::size_t set_bytes = _NSIG / 8;
#if defined(SYS_ppoll_time64)
    wide_timespec wide = wide_time(left_ns);
    const long wide_end = ::syscall(SYS_ppoll_time64, asked, number, left_ns < 0 ? nullptr : &wide, nullptr, set_bytes);
    if (wide_end >= 0 || !is_refused(errno)) return wide_end;
#endif
#if defined(SYS_ppoll)
    narrow_timespec narrow = narrow_time(left_ns);
    const long result = ::syscall(SYS_ppoll, asked, number, left_ns < 0 ? nullptr : &narrow, nullptr, set_bytes);
    if (result >= 0 || !is_refused(errno)) return result;
#endif
#if defined(SYS_poll)
    constexpr std::int64_t ns_per_ms = 1'000'000;
    constexpr std::int64_t longest_ms = std::numeric_limits<int>::max();
    const std::int64_t left_ms = std::min((left_ns + ns_per_ms - 1) / ns_per_ms, longest_ms); // not before the time
    return ::syscall(SYS_poll, asked, number, left_ns < 0 ? -1 : static_cast<int>(left_ms));
#else
    return -1;
#endif
}

} // namespace efd::os
