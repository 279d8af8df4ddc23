// SPDX-License-Identifier: MIT
// os/file_number.hpp: the numbers of the process's descriptor table: take the lowest, give it back, ask about one.
//
// Owns nothing. Results below zero are negated errno values; errno stays as it was, but for take_number and
// give_number_back where they fail, as their callers say so in errno anyway. May be called from any thread and from a
// signal handler.
#pragma once

#include <cstdint>

namespace efd::os {

// A bell behind the lowest free number: O_RDWR | O_NONBLOCK. EMFILE, ENFILE, ENOMEM.
[[nodiscard]] int take_number(bool readable, bool cloexec) noexcept;

// Another number, close-on-exec, for the same bell, out of the way of what programs count on: the lowest ones, and
// those that select(2) can watch. EMFILE.
[[nodiscard]] int take_number_apart(int fd) noexcept;

// False: it was free already.
bool give_number_back(int fd) noexcept;

// What a command of fcntl(2) is about.
enum class command : unsigned char { get_status, set_status, get_signal, set_signal, duplicate, other };
[[nodiscard]] command command_of(int cmd) noexcept;
extern const int plain_duplicate; // F_DUPFD
// Whether F_SETSIG accepts it; zero stands for SIGIO.
[[nodiscard]] bool is_signal(long number) noexcept;

// fcntl(2). For set_status O_NONBLOCK stays on, whatever the argument says of it: bells never block.
[[nodiscard]] int control(int fd, int cmd, long argument) noexcept;
// ioctl(2); and whether a request is FIONBIO.
[[nodiscard]] int control_device(int fd, unsigned long request, void* argument) noexcept;
[[nodiscard]] bool sets_nonblock(unsigned long request) noexcept;
[[nodiscard]] int status_flags(int fd) noexcept;
// O_CLOEXEC if exec closes the number, else 0.
[[nodiscard]] int exec_flag(int fd) noexcept;

// Whether both numbers name one open file; true where the kernel cannot be asked (before 6.10, and without kcmp).
[[nodiscard]] bool same_file(int one, int other) noexcept;

// Whether the file has no place in a file system, as an eventfd has none: no file, device, pipe or socket.
[[nodiscard]] bool is_anonymous(int fd) noexcept;

// Puts the file behind `from` in the place of the one behind `to`, which keeps its close-on-exec flag.
void put_behind(int from, int to) noexcept;

// Where fdinfo says that an anonymous file lies; zeros if the kernel does not say.
struct file_place {
    std::uint64_t mount;
    std::uint64_t inode;
};
[[nodiscard]] file_place place_of_file(int fd) noexcept;

} // namespace efd::os
