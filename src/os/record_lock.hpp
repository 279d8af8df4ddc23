// SPDX-License-Identifier: MIT
// os/record_lock.hpp: locks on ranges of bytes of a file that belong to an open file description (F_OFD_SETLK).
//
// Owns nothing. The kernel gives such a lock up when the last descriptor of its open file description is closed, so
// also when a process is killed; a fork shares it. The bytes need not exist: they may lie far beyond the file's end. No
// call waits for a lock. Offsets have 64 bits on every architecture. Any thread, also in a signal handler; errno stays
// as it was.
#pragma once

#include <cstdint>

namespace efd::os {

struct byte_range {
    std::uint64_t first;
    std::uint64_t bytes;
};

enum class lock_end : unsigned char {
    taken,           // or the descriptor's open file description had it already
    held_by_another, // by another open file description, of this process or of another one
    not_possible,    // no such descriptor, not open for writing, no file that has locks, or no memory for the lock
};
[[nodiscard]] lock_end try_lock(int fd, byte_range range) noexcept;
// Of all processes that share the open file description.
void unlock(int fd, byte_range range) noexcept;

enum class lock_look : unsigned char { free, held, not_possible };
// Whether another open file description than the descriptor's has a lock on a byte of the range.
[[nodiscard]] lock_look held_by_others(int fd, byte_range range) noexcept;
// Whether any open file description has one, the descriptor's own included.
[[nodiscard]] lock_look held_by_any(int fd, byte_range range) noexcept;

// Whether the descriptor's own open file description has the lock, as far as both looks tell: a lock that another one
// takes and gives up between them is overlooked.
[[nodiscard]] bool holds_lock(int fd, byte_range range) noexcept;

} // namespace efd::os
