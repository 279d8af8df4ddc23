// SPDX-License-Identifier: MIT
// file/file_operations.hpp: what an eventfd does as a file: eventfd_fops of the kernel.
//
// Owns nothing; the caller holds a reference to the file during the call. read and write may be called from any thread
// and from a signal handler. poll and llseek need no function here: the number is a kernel eventfd, and the kernel
// answers poll(2), lseek(2) with 0 (K-109), and pread(2) and its like with ESPIPE (K-026, K-043).
#pragma once

#include <efd/detail/base/status.hpp>
#include <efd/detail/core/context.hpp>

#include "file/iov_iter.hpp"
#include "file/open_file.hpp"

#include <cstddef>
#include <span>

namespace efd::file {

// How many bytes were moved, and why a call moved none.
struct moved {
    long bytes;
    base::status status;
};

// Takes as the object's mode says, and spreads the eight bytes over the segments. Checks length before count, count
// before address (K-016, K-021, K-023). fault: the count was taken and is lost, except for the bytes that had a place
// (K-025).
[[nodiscard]] moved read(open_file& file, iov_iter to) noexcept;

// One write for each segment, up to the first that fails (K-041). Each checks length, address, 2^64-1, room (K-035).
[[nodiscard]] moved write(open_file& file, iov_iter from) noexcept;

// The text that /proc/self/fdinfo shows for an eventfd (K-126 to K-130), cut to fit, with a final zero if there is
// room; `bytes` is its whole length. bad_descriptor: the number was closed without efd. Not for signal handlers.
[[nodiscard]] moved show_fdinfo(const open_file& file, int fd, std::span<char> text) noexcept;

// For the last reference: forgets the watchers of the descriptor, wakes the wait queue with POLLHUP (K-154) and puts
// the file's reference to the context.
void release(core::context& object) noexcept;

} // namespace efd::file
