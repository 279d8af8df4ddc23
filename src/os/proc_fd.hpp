// SPDX-License-Identifier: MIT
// os/proc_fd.hpp: files opened through the descriptors of processes, as /proc shows them.
//
// Owns nothing; what is opened is the caller's, is open for reading and writing, and is closed by exec. Results below
// zero are negated errno values; -ENOSYS: /proc is not mounted. Any thread, also in a signal handler; errno stays as it
// was.
#pragma once

#include <cstdint>

namespace efd::os {

// A new open file description of the regular file that the number names. -EBADF; -EINVAL: it is no regular file;
// -ENOSYS; -EMFILE, -ENFILE and so on.
[[nodiscard]] int open_anew(int fd) noexcept;

// The regular file behind a number of another process. -ESRCH: the process has ended, or the number is closed; -EACCES:
// it belongs to another user; -EINVAL: no regular file, and nothing was done to it.
[[nodiscard]] int open_of(std::uint32_t pid, std::uint32_t fd) noexcept;

// A thread of the process beside its first; zero: there is none, or /proc does not show it. Once the first thread has
// ended, /proc shows the descriptors of the process through the others alone.
[[nodiscard]] std::uint32_t other_thread_of(std::uint32_t pid) noexcept;

// By which number /proc shows this process; zero without /proc.
[[nodiscard]] std::uint32_t pid_in_proc() noexcept;
// The inode of this process's pid namespace; zero without /proc.
[[nodiscard]] std::uint64_t pid_namespace() noexcept;

} // namespace efd::os
