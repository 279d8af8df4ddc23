// SPDX-License-Identifier: MIT
// dropin/rules/kernel_side.hpp: what the rules ask of the kernel's object, behind the program's back.
//
// No cancellation point, errno stays as it was; any thread, also in signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>

struct iovec;

namespace efd::dropin {

struct slot;

// Reads without sleeping, into the program's memory: bytes or a negative errno (-EFAULT after it consumed, K-023).
[[nodiscard]] long read_now(int fd, const iovec* places, int number) noexcept;

// A number of our own for what `fd` is now, high up; negative: there is none. Given up by close_own().
[[nodiscard]] int own_number(int fd) noexcept;
void close_own(int own) noexcept;
// Adds n; false: it does not sleep, and has no room for them.
[[nodiscard]] bool add_units(int fd, std::uint64_t n) noexcept;

// The calling thread has no handler run while this lives.
class signals_blocked {
  public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

  private:
    std::uint64_t before_ = 0;
};

// The policy of this process: promotes, if nobody but the caller reads it, and nobody may want more than what can be
// parked.
void promote_if_welcome(slot& there, int fd) noexcept;

} // namespace efd::dropin
