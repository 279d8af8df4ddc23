// SPDX-License-Identifier: MIT
// os/plain_eventfd.hpp: the kernel's eventfd as a program has it: made, read, written and set as the program asks.
//
// Owns nothing. Nothing is checked first and nothing is changed on the way: the kernel judges the arguments. No call is
// a cancellation point. Results below zero are negated errno values; errno stays as it was. Any thread, also from a
// signal handler.
#pragma once

#include "os/memory.hpp"

#include <cstddef>
#include <span>

namespace efd::os {

// eventfd(2).
[[nodiscard]] int make_plain_eventfd(unsigned initval, int flags) noexcept;

// read(2), readv(2), write(2), writev(2).
[[nodiscard]] long plain_read(int fd, user_address to, std::size_t bytes) noexcept;
[[nodiscard]] long plain_readv(int fd, user_address segments, int count) noexcept;
[[nodiscard]] long plain_write(int fd, user_address from, std::size_t bytes) noexcept;
[[nodiscard]] long plain_writev(int fd, user_address segments, int count) noexcept;

// dup(2), whose errors are not those of F_DUPFD.
[[nodiscard]] int plain_dup(int fd) noexcept;
// F_SETFL with these flags and no others.
[[nodiscard]] int set_status_flags(int fd, long flags) noexcept;

// The text of fdinfo, cut to fit, with a final zero if there is room; its whole length. -EBADF; -ENOSYS: /proc is not
// mounted; -EMFILE, -ENFILE and so on: it takes a number while it reads.
[[nodiscard]] long read_fdinfo(int fd, std::span<char> text) noexcept;

} // namespace efd::os
