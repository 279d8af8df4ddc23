// SPDX-License-Identifier: MIT
// os/file_number.hpp: numbers of the process's descriptor table: take the lowest, give it back, ask about one.
//
// Owns nothing. Results below zero are negated errno values. errno stays as it was, except where eventfd_create and
// give_number_back fail: their callers set it anyway. May be called from any thread and from a signal handler.
#pragma once

#include <cstdint>

namespace efd::os {

// Makes a bell behind the lowest free number: O_RDWR | O_NONBLOCK. EMFILE, ENFILE, ENOMEM.
[[nodiscard]] int eventfd_create(bool readable, bool cloexec) noexcept;

// Duplicates a bell to a high number, close-on-exec: above the low ones that programs count on, and above those that
// select(2) can watch. EMFILE.
[[nodiscard]] int dup_high(int fd) noexcept;

// False: it was free already.
bool give_number_back(int fd) noexcept;

// What a command of fcntl(2) does.
enum class command : unsigned char { get_status, set_status, get_signal, set_signal, duplicate, other };
[[nodiscard]] command command_of(int cmd) noexcept;
extern const int plain_duplicate; // F_DUPFD
// Whether F_SETSIG accepts it; zero stands for SIGIO.
[[nodiscard]] bool is_signal(long number) noexcept;

// fcntl(2). set_status keeps O_NONBLOCK, whatever the argument says: bells never block.
[[nodiscard]] int control(int fd, int cmd, long argument) noexcept;
// ioctl(2); and whether a request is FIONBIO.
[[nodiscard]] int control_device(int fd, unsigned long request, void* argument) noexcept;
[[nodiscard]] bool sets_nonblock(unsigned long request) noexcept;
[[nodiscard]] int status_flags(int fd) noexcept;
// O_CLOEXEC if exec closes the number, else 0.
[[nodiscard]] int exec_flag(int fd) noexcept;

// Whether both numbers name one open file; true if the kernel cannot tell (before 6.10, and without kcmp).
[[nodiscard]] bool same_file(int one, int other) noexcept;

// Whether the file has no place in a file system, as an eventfd has none: no file, device, pipe or socket.
[[nodiscard]] bool is_anonymous(int fd) noexcept;

// Makes `to` name the file of `from`, as dup3(2) does; `to` keeps its close-on-exec flag.
void dup_onto(int from, int to) noexcept;

// Where fdinfo says that an anonymous file lies; zeros if the kernel does not tell.
struct file_place {
    std::uint64_t mount;
    std::uint64_t inode;
};
[[nodiscard]] file_place place_of_file(int fd) noexcept;

} // namespace efd::os
