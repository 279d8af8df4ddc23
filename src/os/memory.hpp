// SPDX-License-Identifier: MIT
// os/memory.hpp: zeroed pages, and copies to and from the caller's memory, where a bad address is an error, no crash.
//
// Owns nothing. Everything here may be called from any thread and from a signal handler; errno stays as it was, but for
// the first two. An address on the page of this thread's running frame is mapped, and is copied at once. Any other page
// is first probed by one futex call, which compares a word or adds zero to one, so it changes nothing in the page.
// Other threads see in a buffer what it held and what was copied, once. If a mapping is removed between probe and copy
// the program crashes, as with memcpy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efd::os {

// `bytes` of zeroed, page-aligned, private memory that stays mapped for the life of the process; null if there is none.
[[nodiscard]] void* map_zeroed(std::size_t bytes) noexcept;
// The same, for memory that is filled densely: aligned to a huge page of the hardware, and the kernel is asked to use
// such pages. `bytes` is a multiple of huge_page.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;
[[nodiscard]] void* map_zeroed_huge(std::size_t bytes) noexcept;

// An address as a caller gave it; not to be dereferenced.
using user_address = std::uintptr_t;

// struct iovec as it lies in the caller's memory.
struct user_segment {
    user_address base;
    std::size_t length;
};

// Finds the limit of user space, where it ends, once in a process. eventfd: the number of any kernel eventfd, which
// stays as it is.
void probe_user_limit(int eventfd) noexcept;

// Whether the range lies in user space, mapped or not; the kernel checks this first.
[[nodiscard]] bool in_user_space(user_address base, std::size_t length) noexcept;

// False: some of it is not mapped; the pages before that have been copied. If a sandbox refuses the futex calls (which
// libefd needs to sleep, too) no page can be probed, and everything is copied.
[[nodiscard]] bool copy_to_user(user_address to, const void* from, std::size_t bytes) noexcept;
[[nodiscard]] bool copy_from_user(void* to, user_address from, std::size_t bytes) noexcept;

} // namespace efd::os
