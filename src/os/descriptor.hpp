// SPDX-License-Identifier: MIT
// os/descriptor.hpp: the kernel's eventfd as a bell: make it, ring it, silence it, close it.
//
// A bell never blocks (O_NONBLOCK) and does not survive exec. The program may close a number without efd, and the
// number may then name another file. So a number is checked to be a bell before it is written to, read from, closed or
// replaced: each bell has a mark that no other file has, and a note for each number names its last owner. Both together
// identify this bell. Owns the notes. All but make_bell may be called from any thread and from a signal handler; errno
// stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

// A marked descriptor, readable from the start or not; or a negative errno: EMFILE, ENFILE, ENOMEM, as eventfd(2).
[[nodiscard]] int make_bell(bool readable) noexcept;

// Whether the number names a marked file: a bell, or an epoll of make_epoll. One cheap call.
[[nodiscard]] bool is_marked(int fd) noexcept;
// Marks the file behind a number that certainly is efd's.
void mark(int fd) noexcept;

// The kernel gave this number to `owner`; the former owner has lost it. Null: an owner that never asks.
void note_owner(int fd, const void* owner) noexcept;
// False: the number is below zero, or has another owner since. Also true if there was no memory for a note.
[[nodiscard]] bool is_owner(int fd, const void* owner) noexcept;

// Both: the number is marked, and this owner got it last.
[[nodiscard]] bool is_own(int fd, const void* owner) noexcept;

// Adds n to what the bell holds, so that watchers see an edge. False: it would pass 2^64-2, or this is no bell.
bool ring_bell(int fd, std::uint64_t n) noexcept;

// Takes all that it holds and returns how much that was; 0 if this is no bell.
std::uint64_t silence_bell(int fd) noexcept;

// Whether the number names a marked file, or an eventfd like one of eventfd_create, readable or not: the last resort
// for a number of which nothing else is known.
[[nodiscard]] bool is_bell_as_made(int fd, bool readable) noexcept;

// What poll(2) says of a bell. True if this is none.
[[nodiscard]] bool is_readable(int fd) noexcept;

// Closes the number if what it names is marked, a bell or an epoll; anything else stays open.
void close_fd(int fd) noexcept;
// Closes the number without a look; the caller knows by other means that it is ours.
void close_known_fd(int fd) noexcept;

// Puts a new bell, not readable, in the place of an old one; needs no free number. False: the number names no bell, or
// the system has no more files; then the number still names the old bell, or nothing.
[[nodiscard]] bool replace_bell(int fd) noexcept;

// How many rings, silences and looks at an epoll this process has made, without the check of the mark before each.
[[nodiscard]] std::uint64_t bell_calls() noexcept;

// Which file a number names, as far as fstat(2) tells. No two files at once have the same identity, except files
// without a place in a file system: all eventfds share one. Zeros: no file.
struct file_identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const file_identity& x, const file_identity& y) noexcept {
        return x.device == y.device && x.inode == y.inode;
    }
};
[[nodiscard]] file_identity identity_of(int fd) noexcept;

// EPOLLONESHOT.
inline constexpr std::uint32_t epoll_one_shot = 1U << 30;
// A marked epoll, close-on-exec, or a negative errno.
[[nodiscard]] int make_epoll() noexcept;
// As replace_bell, for an epoll.
[[nodiscard]] bool replace_epoll(int fd) noexcept;
// 0 or a negative errno, as epoll_ctl(2). The data beside the descriptor is returned with its events.
[[nodiscard]] int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
void epoll_remove(int epoll, int fd) noexcept;
// Whether the file behind this number was added under it and is still registered. What it is watched for stays.
[[nodiscard]] bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
// Puts one epoll behind the number of another, whose registrations end; `fresh` is closed. False: nothing has changed.
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
