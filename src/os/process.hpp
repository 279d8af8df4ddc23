// SPDX-License-Identifier: MIT
// os/process.hpp: a number that differs in every child of a fork, however it was forked.
//
// Owns one page that the kernel empties in a child (MADV_WIPEONFORK, Linux 4.14). What belongs to one process keeps the
// number of the process that made it, and compares. Any thread, also in signal handlers; no system call.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::os {

// Makes the page, once in a process. Without memory for it, or before Linux 4.14, a fork handler replaces it.
void tell_forks_apart() noexcept;

// 0 until tell_forks_apart was called here or in a parent.
[[nodiscard]] std::uint32_t process_number() noexcept;
// Where that number stands, for a look that must not ask; 0 there in a child that has not asked yet. After
// tell_forks_apart.
[[nodiscard]] const base::atomic<std::uint32_t>* process_word() noexcept;

// The kernel's number of this thread; asked for once in a thread of a process. After tell_forks_apart.
[[nodiscard]] std::uint32_t thread_number() noexcept;
[[nodiscard]] std::uint32_t process_id() noexcept;

} // namespace efd::os
