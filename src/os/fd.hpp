// SPDX-License-Identifier: MIT
// os/fd.hpp: numbers of the process's descriptor table: whose they are, what they name, and calls that fit any file.
//
// The program may close a number without efd, and the number may then name another file. So a number is checked to be
// efd's own before it is written to, read from, closed or replaced: each of its eventfds (os/eventfd.hpp) and epolls
// (os/epoll.hpp) has a mark that no other file has, and a note for each number names its last owner. Both together
// identify it. Owns the notes. Results below zero are negated errno values. errno stays as it was, except where
// give_number_back fails: its callers set it anyway. May be called from any thread and from a signal handler, except
// for note_owner of a new number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

// ---- Whose it is.

// Whether the number names a marked file: one of make_doorbell or make_epoll. One cheap call.
[[nodiscard]] bool is_marked(int fd) noexcept;
// Marks the file behind a number that certainly is efd's.
void mark(int fd) noexcept;

// The kernel gave this number to `owner`; the former owner has lost it. Null: an owner that never asks.
void note_owner(int fd, const void* owner) noexcept;
// False: the number is below zero, or has another owner since. Also true if there was no memory for a note.
[[nodiscard]] bool is_owner(int fd, const void* owner) noexcept;

// Both: the number is marked, and this owner got it last.
[[nodiscard]] bool is_own(int fd, const void* owner) noexcept;

// Closes the number if what it names is marked, a doorbell or an epoll; anything else stays open.
void close_fd(int fd) noexcept;
// Closes the number without a look; the caller knows by other means that it is ours.
void close_known_fd(int fd) noexcept;
// False: it was free already.
bool give_number_back(int fd) noexcept;

// ---- What it names.

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

// Whether both numbers name one open file; true if the kernel cannot tell (before 6.10, and without kcmp).
[[nodiscard]] bool same_file(int one, int other) noexcept;

// Whether the file has no place in a file system, as an eventfd has none: no file, device, pipe or socket.
[[nodiscard]] bool is_anonymous(int fd) noexcept;

// Where fdinfo says that an anonymous file lies; zeros if the kernel does not tell.
struct file_place {
    std::uint64_t mount;
    std::uint64_t inode;
};
[[nodiscard]] file_place place_of_file(int fd) noexcept;

// ---- Duplicates, and fcntl(2) and ioctl(2).

// Duplicates a doorbell to a high number, close-on-exec: above the low ones that programs count on, and above those
// that select(2) can watch; to another number than other_than. EMFILE.
[[nodiscard]] int dup_high(int fd, int other_than = -1) noexcept;
// Moves a descriptor of this library's own there: low numbers are the program's. Where no high one is free the low one
// serves.
[[nodiscard]] int to_high_number(int fd) noexcept;

// Makes `to` name the file of `from`, as dup3(2) does; `to` keeps its close-on-exec flag.
void dup_onto(int from, int to) noexcept;

// What a command of fcntl(2) does.
enum class command : unsigned char { get_status, set_status, get_signal, set_signal, duplicate, other };
[[nodiscard]] command command_of(int cmd) noexcept;
extern const int plain_duplicate; // F_DUPFD
// Whether F_SETSIG accepts it; zero stands for SIGIO.
[[nodiscard]] bool is_signal(long number) noexcept;

// fcntl(2). set_status keeps O_NONBLOCK, whatever the argument says: doorbells never block.
[[nodiscard]] int control(int fd, int cmd, long argument) noexcept;
// ioctl(2); and whether a request is FIONBIO.
[[nodiscard]] int control_device(int fd, unsigned long request, void* argument) noexcept;
[[nodiscard]] bool sets_nonblock(unsigned long request) noexcept;
[[nodiscard]] int status_flags(int fd) noexcept;
// O_CLOEXEC if exec closes the number, else 0.
[[nodiscard]] int exec_flag(int fd) noexcept;

// ---- poll(2).

// What poll(2) says of a doorbell. True if this is none.
[[nodiscard]] bool is_readable(int fd) noexcept;

// Sleeps until one of the descriptors is readable, or CLOCK_MONOTONIC reaches deadline_ns; INT64_MAX means for ever.
enum class poll_end : unsigned char { ready, timed_out, interrupted };
[[nodiscard]] poll_end poll_readable(std::span<const int> fds, std::int64_t deadline_ns) noexcept;

// How many rings, silences and looks at an epoll this process has made, without the check of the mark before each.
[[nodiscard]] std::uint64_t doorbell_calls() noexcept;

} // namespace efd::os
