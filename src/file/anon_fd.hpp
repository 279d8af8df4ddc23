// SPDX-License-Identifier: MIT
// file/anon_fd.hpp: makes a descriptor, as the kernel's anon_inode_getfd, and a second number for one.
//
// Owns nothing that outlives a call. The order is the kernel's: take all that can fail, then put the file into the
// table in a last step that cannot. A failed call leaves no number, id or memory behind (K-012). Any thread; not for
// signal handlers.
#pragma once

#include <efd/detail/base/status.hpp>

#include "file/open_file.hpp"
#include "watch/doorbell.hpp"

namespace efd::file {

// The lowest free number, with a new object behind it. flags: core::flag_*, checked by the caller. way: level or every.
// no_descriptor, table_full, no_memory.
[[nodiscard]] base::status make_descriptor(unsigned initval, unsigned flags, watch::ring_way way, int& fd) noexcept;

// The lowest free number, with an eventfd of the kernel behind it that nothing stands beside (file/kernel_file.hpp).
// flags: as above. no_descriptor, table_full, no_memory.
[[nodiscard]] base::status make_kernel_descriptor(unsigned initval, unsigned flags, int& fd) noexcept;

// The kernel has just given this number for a dup of one of the file's: it names the file here too. no_memory,
// no_descriptor (a number beyond the table): the number is given back.
[[nodiscard]] base::status install_dup(int fd, open_file& file) noexcept;

// Frees the number. Calls that are inside go on (K-090). False: it named none of ours, or was closed without efd. In
// the second case what it names now stays open, if a call has named the number before. If none has, efd cannot know
// that the number was closed, and closes it as close(2) does.
[[nodiscard]] bool close_descriptor(int fd) noexcept;

} // namespace efd::file
