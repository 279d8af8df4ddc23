// SPDX-License-Identifier: MIT
// file/fcntl.hpp: fcntl(2), ioctl(2) and dup(2) of a descriptor: fs/fcntl.c of the kernel.
//
// Owns nothing; the caller holds a reference to the file during the call. O_NONBLOCK is the context's, the signal of
// F_SETSIG is kept in the open file, and everything else is done by the kernel to its eventfd behind the number. The
// result is that of the system call; below zero it is a negated errno, since the kernel may give one that base::status
// does not have. Any thread; do_fcntl also from signal handlers, unless it duplicates.
#pragma once

#include "file/open_file.hpp"

namespace efd::file {

// F_GETFL, F_SETFL, F_GETSIG, F_SETSIG, F_DUPFD and F_DUPFD_CLOEXEC (K-007, K-100, K-104 to K-107); the kernel does the
// others to `fd`, the number that the caller has given.
[[nodiscard]] int do_fcntl(open_file& file, int fd, int command, long argument) noexcept;

// FIONBIO (K-104); other requests go to the kernel.
[[nodiscard]] int do_ioctl(open_file& file, int fd, unsigned long request, void* argument) noexcept;

// The lowest free number, which names the file from now on (K-100).
[[nodiscard]] int do_dup(open_file& file, int fd) noexcept;

} // namespace efd::file
