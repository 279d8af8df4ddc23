// SPDX-License-Identifier: MIT
// dropin/interpose/numbers.hpp: what becomes of the notes where a number comes or goes, for libc's names and syscall().
#pragma once

#include "dropin/table/table.hpp"

#include <fcntl.h>

namespace efd::dropin {

inline void before_close(int fd) noexcept {
    forget_epoll(fd);
    forget(fd);
}

// The call may fail; then the number stands for what it stood for, which is the kernel's from now on.
inline void before_dup2(int fd, int to) noexcept {
    if (fd == to) return;
    before_duplicated(fd);
    forget_epoll(to);
    let_go(to, reason::replaced);
}

inline void after_dup(int fd, int made) noexcept {
    if (made >= 0 && made != fd) after_duplicated(fd);
}

constexpr bool duplicates(int command) noexcept { return command == F_DUPFD || command == F_DUPFD_CLOEXEC; }

inline void before_number_fcntl(int fd, int command, long more) noexcept {
    if (duplicates(command))
        before_duplicated(fd);
    else if (command == F_SETFD)
        set_inherited(fd, (more & FD_CLOEXEC) == 0);
}
inline void after_number_fcntl(int fd, int command, int result) noexcept {
    if (duplicates(command)) after_dup(fd, result);
}

} // namespace efd::dropin
