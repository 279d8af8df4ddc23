// os/user_memory.hpp: the caller's memory as the kernel treats it: an address that is not there is an answer.
//
// Owns nothing. Everything here may be called from any thread and from a signal handler; errno stays as it was. An
// address on the page of this thread's own running frame is surely there and is copied to and from at once. Any other
// eight bytes are shown to the kernel first, in one cheap call; what is shorter, or found bad, goes through
// process_vm_readv(2) or process_vm_writev(2) on this process, which copy up to the first byte that is not there.
// Who takes a mapping away in the middle of such a call crashes, as it would with memcpy.
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

// False: some of it cannot be touched; what lies before that has been copied, if the kernel lets itself be asked.
[[nodiscard]] bool copy_to_user(user_address to, const void* from, std::size_t bytes) noexcept;
[[nodiscard]] bool copy_from_user(void* to, user_address from, std::size_t bytes) noexcept;

} // namespace efd::os
