// SPDX-License-Identifier: MIT
// os/user_memory.hpp: the caller's memory as the kernel treats it: an address that is not there is an answer.
//
// Owns nothing. Everything here may be called from any thread and from a signal handler; errno stays as it was. An
// address on the page of this thread's own running frame is surely there and is copied to and from at once. Any other
// page is first tried by one futex call, which changes nothing in it: it compares a word, or adds zero to one. So other
// threads see in a buffer what it held and what was copied, once, and nothing else. A mapping that is taken away
// between the two is a crash, as it would be with memcpy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efd::os {

// An address as a caller gave it: not to be trusted, not to be followed.
using user_address = std::uintptr_t;

// struct iovec as it lies in the caller's memory.
struct user_segment {
    user_address base;
    std::size_t length;
};

// Finds out where user space ends, once in a process. eventfd: the number of any kernel eventfd, which stays as it is.
void learn_border(int eventfd) noexcept;

// Whether the range lies in user space, whatever is there; what the kernel asks before it looks at anything else.
[[nodiscard]] bool in_user_space(user_address base, std::size_t length) noexcept;

// False: some of it cannot be touched; what lies on the pages before that has been copied. Where a sandbox refuses the
// futex calls (libefd needs them to sleep, too) nothing can be tried, and everything is copied.
[[nodiscard]] bool copy_to_user(user_address to, const void* from, std::size_t bytes) noexcept;
[[nodiscard]] bool copy_from_user(void* to, user_address from, std::size_t bytes) noexcept;

} // namespace efd::os
