// SPDX-License-Identifier: MIT
// os/open_call.hpp: open(2) without a cancellation point, for files larger than 2 GiB as well.
#pragma once

#include "os/errno.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace efd::os {

// The descriptor, or a negated errno; errno stays as it was.
inline int open_uncancelled(int directory, const char* path, int flags, unsigned mode) noexcept {
    const errno_keeper keeper;
    long fd = -1;
    do fd = ::syscall(SYS_openat, directory, path, flags | O_LARGEFILE, mode);
    while (fd < 0 && errno == EINTR);
    return result_of(static_cast<int>(fd));
}

} // namespace efd::os
