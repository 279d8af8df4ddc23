// os/descriptor.hpp: the kernel's eventfd as a bell: make it, ring it, silence it, close it.
//
// Owns nothing. A bell never blocks (O_NONBLOCK) and does not survive exec. All but make_bell may be called from any
// thread and from a signal handler; errno stays as it was.
#pragma once

#include <cstdint>

namespace efd::os {

// A descriptor, readable from the start or not; or a negative errno: EMFILE, ENFILE, ENOMEM, as eventfd(2).
[[nodiscard]] int make_bell(bool readable) noexcept;

// Adds n to what the bell holds, so that watchers see an edge. False: it would pass 2^64-2.
bool ring_bell(int fd, std::uint64_t n) noexcept;

// Takes all that it holds.
void silence_bell(int fd) noexcept;

void close_bell(int fd) noexcept;

// After fork: puts a bell of this process behind the number that so far names the parent's.
void renew_bell(int fd, bool readable) noexcept;

// How many system calls ring_bell and silence_bell have made in this process.
[[nodiscard]] std::uint64_t bell_calls() noexcept;

} // namespace efd::os
