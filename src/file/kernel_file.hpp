// SPDX-License-Identifier: MIT
// file/kernel_file.hpp: numbers whose eventfd is the kernel's own, count and all: those made with EFD_SHARED.
//
// Owns nothing. The table knows of such a number only that it is one; each call for it is made by the kernel, on the
// number that the caller gave. So fork, exec, SCM_RIGHTS and the kernel's own signallers share it
// (docs/decisions/0023-shared-descriptors.md). A call that sleeps sleeps in the kernel, also inside a callback. Any
// thread; all but make_kernel_descriptor also from signal handlers. Results below zero are negated errno values.
#pragma once

#include "file/iov_iter.hpp"

namespace efd::file {

[[nodiscard]] long read_in_kernel(int fd, const iov_iter& to) noexcept;
[[nodiscard]] long write_in_kernel(int fd, const iov_iter& from) noexcept;

// fcntl(2) and dup(2), as the kernel answers them; the number that they give is in the table.
[[nodiscard]] int fcntl_in_kernel(int fd, int command, long argument) noexcept;
[[nodiscard]] int dup_in_kernel(int fd) noexcept;

} // namespace efd::file
