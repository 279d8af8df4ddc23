// SPDX-License-Identifier: MIT
// os/process.hpp: in which process are we: a number that is another one in the child of a fork, however it was forked.
//
// Owns one page that the kernel empties in a child (MADV_WIPEONFORK, Linux 4.14). What belongs to one process alone
// keeps the number of the process that made it and compares. Any thread, also in signal handlers; no system call.
#pragma once

#include <cstdint>

namespace efd::os {

// Makes the page, once in a process; without memory for it, or before Linux 4.14, a fork handler takes its part.
void tell_forks_apart() noexcept;

// 0 until tell_forks_apart was called here or in a parent.
[[nodiscard]] std::uint32_t process_number() noexcept;

} // namespace efd::os
