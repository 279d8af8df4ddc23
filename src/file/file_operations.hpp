// file/file_operations.hpp: what an eventfd does as a file: eventfd_fops of the kernel.
//
// Owns nothing; the caller holds a reference to the file for as long as it is inside. read and write may be called from
// any thread and from a signal handler. poll and llseek have no function here: the number is a kernel eventfd, and the
// kernel answers poll(2), and lseek(2) with 0 (K-109), and pread(2) and its like with ESPIPE (K-026, K-043).
#pragma once

#include <efd/detail/base/status.hpp>
#include <efd/detail/core/context.hpp>

#include "file/iov_iter.hpp"
#include "file/open_file.hpp"

#include <cstddef>
#include <span>

namespace efd::file {

// How many bytes were moved; what kept a call from moving any.
struct moved {
    long bytes;
    base::status end;
};

// Takes as the object's mode says, and spreads the eight bytes over what is named. Length before count, count before
// address (K-016, K-021, K-023); fault: they were taken and lost, but for those that had a place (K-025).
[[nodiscard]] moved read(open_file& file, iov_iter to) noexcept;

// One write for each segment up to the first that fails (K-041); each: length, address, 2^64-1, room (K-035).
[[nodiscard]] moved write(open_file& file, iov_iter from) noexcept;

// The text that /proc/self/fdinfo shows for an eventfd (K-126 to K-130), cut to fit and ended by a zero if there is
// room for one; gives its whole length. Not for signal handlers.
[[nodiscard]] std::size_t show_fdinfo(const open_file& file, int fd, std::span<char> text) noexcept;

// The last reference is gone: who watched the descriptor is forgotten, the wait queue hears POLLHUP (K-154), and the
// file's reference to the context goes back.
void release(core::context& object) noexcept;

} // namespace efd::file
