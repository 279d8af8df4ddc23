// file/anon_fd.hpp: the making of a descriptor, as anon_inode_getfd of the kernel; and a second number for one.
//
// Owns nothing that outlives a call. The order is the kernel's: take all that can fail, then, in a last step that
// cannot, put the file into the table. Whoever fails gives everything back: no number, no id, no memory is left behind
// (K-012). Any thread; not for signal handlers.
#pragma once

#include <efd/detail/base/status.hpp>

#include "file/open_file.hpp"
#include "watch/doorbell.hpp"

namespace efd::file {

// The lowest free number, with a new object behind it. flags: core::flag_*, checked by the caller. way: level or every.
// no_descriptor, table_full, no_memory.
[[nodiscard]] base::status make_descriptor(unsigned initval, unsigned flags, watch::ring_way way, int& fd) noexcept;

// The number that the kernel has just given for a dup of one of this file's: it names the file here too. no_memory,
// no_descriptor (a number beyond the table): the number is given back.
[[nodiscard]] base::status install_dup(int fd, open_file& file) noexcept;

// The number is free. Calls that are inside go on (K-090). False: it named none of ours, or was closed behind our back;
// then what it names now stays open, unless no call has named the number before: then it is closed, as by close(2).
[[nodiscard]] bool close_descriptor(int fd) noexcept;

// The status of an errno with which the kernel refused a number.
[[nodiscard]] base::status refusal_of(int negative_errno) noexcept;

} // namespace efd::file
