// SPDX-License-Identifier: MIT
// dropin/rules/kernel_side.hpp: what the rules need from table/: system calls of their own, and the policy's answer.
//
// No call is a cancellation point, and errno does not change. Any thread; also in signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

struct fd_slot;

// Reads without sleeping, into the program's memory. Returns bytes or a negative errno; -EFAULT comes after the value
// was consumed (K-023).
[[nodiscard]] long read_now(int fd, void* to, std::size_t length) noexcept;

// A duplicate of `fd`, with a high number that only the caller knows. Negative: no number is free. The caller ends it
// by close_private_dup().
[[nodiscard]] int private_dup(int fd) noexcept;
void close_private_dup(int dup) noexcept;
// Adds n to the count. False: O_NONBLOCK is set and there is no room.
[[nodiscard]] bool add_units(int fd, std::uint64_t n) noexcept;

// While this lives, no signal handler runs in the calling thread.
class signals_blocked {
  public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked& operator=(signals_blocked&&) = delete; // neither copied nor moved

  private:
    std::uint64_t before_ = 0;
};

// Promotes the eventfd if the policy of this process allows it. The caller knows that no other thread reads it.
void promote_if_welcome(fd_slot& slot, int fd) noexcept;

} // namespace efd::dropin
