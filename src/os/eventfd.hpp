// SPDX-License-Identifier: MIT
// os/eventfd.hpp: the kernel's eventfd as a doorbell: make it, ring it, silence it, replace it.
//
// A doorbell never blocks (O_NONBLOCK) and does not survive exec. Each call but the makers checks first that the number
// names a marked file (os/fd.hpp). All but make_doorbell may be called from any thread and from a signal handler; errno
// stays, except where eventfd_create fails: its callers set it anyway.
#pragma once

#include <cstdint>

namespace efd::os {

// A marked descriptor, readable from the start or not; or a negative errno: EMFILE, ENFILE, ENOMEM, as eventfd(2).
[[nodiscard]] int make_doorbell(bool readable) noexcept;

// Makes a doorbell without a mark behind the lowest free number: O_RDWR | O_NONBLOCK. EMFILE, ENFILE, ENOMEM.
[[nodiscard]] int eventfd_create(bool readable, bool cloexec) noexcept;

// Adds n to what the doorbell holds, so that watchers see an edge. False: it would pass 2^64-2, or this is no doorbell.
bool ring_doorbell(int fd, std::uint64_t n) noexcept;

// Takes all that it holds and returns how much that was; 0 if this is no doorbell.
std::uint64_t silence_doorbell(int fd) noexcept;

// Puts a new doorbell, not readable, in the place of an old one; needs no free number. False: the number names no
// doorbell, or the system has no more files; then the number still names the old doorbell, or nothing.
[[nodiscard]] bool replace_doorbell(int fd) noexcept;

// Whether the number names a marked file, or an eventfd like one of eventfd_create, readable or not: the last resort
// for a number of which nothing else is known.
[[nodiscard]] bool is_doorbell_as_made(int fd, bool readable) noexcept;

} // namespace efd::os
