// SPDX-License-Identifier: MIT
// os/statx.hpp: statx(2), also where libc has neither the function nor its struct (musl before 1.2.5). Such a libc gets
// the kernel's own struct, and the system call. Any thread may call it, from a signal handler too; it sets errno.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef STATX_INO // of the kernel's header, which a libc with statx includes
#include <linux/stat.h>
#define EFD_NO_STATX_IN_LIBC
#endif

namespace efd::os {

inline int file_status(int directory, const char* name, int flags, unsigned mask, struct ::statx& about) noexcept {
#ifdef EFD_NO_STATX_IN_LIBC
    return static_cast<int>(::syscall(SYS_statx, directory, name, flags, mask, &about));
#else
    return ::statx(directory, name, flags, mask, &about);
#endif
}

} // namespace efd::os
