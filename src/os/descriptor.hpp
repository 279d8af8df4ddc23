// os/descriptor.hpp: the kernel's eventfd as a bell: make it, ring it, silence it, close it.
//
// Owns nothing. A bell never blocks (O_NONBLOCK) and does not survive exec. All but make_bell may be called from any
// thread and from a signal handler; errno stays as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

// A descriptor, readable from the start or not; or a negative errno: EMFILE, ENFILE, ENOMEM, as eventfd(2).
[[nodiscard]] int make_bell(bool readable) noexcept;

// Adds n to what the bell holds, so that watchers see an edge. False: it would pass 2^64-2.
bool ring_bell(int fd, std::uint64_t n) noexcept;

// Takes all that it holds, and says how much that was.
std::uint64_t silence_bell(int fd) noexcept;

void close_bell(int fd) noexcept;

// After fork: puts a bell of this process behind the number that so far names the parent's.
void renew_bell(int fd, bool readable) noexcept;

// How many system calls ring_bell and silence_bell have made in this process.
[[nodiscard]] std::uint64_t bell_calls() noexcept;

// EPOLLONESHOT.
inline constexpr std::uint32_t epoll_one_shot = 1U << 30;
// An epoll, close-on-exec, or a negative errno.
[[nodiscard]] int make_epoll() noexcept;
// 0 or a negative errno, as epoll_ctl(2). What stands beside the descriptor comes back with its events.
[[nodiscard]] int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
void epoll_remove(int epoll, int fd) noexcept;
// Whether the file behind this number was added by it and is registered still; what it is watched for stays.
[[nodiscard]] bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
// Puts one epoll behind the number of another, whose registrations end; `fresh` is closed. False: all is as it was.
[[nodiscard]] bool epoll_replace(int fresh, int epoll) noexcept;
struct epoll_found {
    std::uint32_t events;
    std::uint64_t beside;
};
// What is ready now, without waiting.
[[nodiscard]] std::size_t epoll_look(int epoll, std::span<epoll_found> room) noexcept;

// Sleeps until one of the descriptors is readable, or CLOCK_MONOTONIC reaches deadline_ns; INT64_MAX means for ever.
enum class poll_end : unsigned char { ready, timed_out, interrupted };
[[nodiscard]] poll_end poll_readable(std::span<const int> fds, std::int64_t deadline_ns) noexcept;

} // namespace efd::os
