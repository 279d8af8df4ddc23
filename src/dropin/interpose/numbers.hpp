// SPDX-License-Identifier: MIT
// dropin/interpose/numbers.hpp: what becomes of the notes where a number comes or goes, for libc's names and syscall().
#pragma once

#include "dropin/table/table.hpp"

#include <fcntl.h>

namespace efd::dropin {

// The call may fail; then the number stands for what it stood for, which is the kernel's from now on.
inline void before_dup2(int fd, int to) noexcept {
    if (fd == to) return;
    before_duplicated(fd);
    let_go(to, reason::replaced);
}

inline void after_dup(int fd, int made) noexcept {
    if (made >= 0 && made != fd) after_duplicated(fd);
}

constexpr bool duplicates(int command) noexcept { return command == F_DUPFD || command == F_DUPFD_CLOEXEC; }

} // namespace efd::dropin
