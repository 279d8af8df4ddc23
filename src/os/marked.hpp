// SPDX-License-Identifier: MIT
// os/marked.hpp: the mark of efd's own files, for the calls of src/os that look for it; shared by them alone.
//
// Owns nothing; the number of calls that tests count is fd.cpp's. No function here keeps errno.
#pragma once

#include "os/raw_call.hpp"

#include <efd/detail/base/atomic.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>

namespace efd::os {

// Rings, silences and looks, of this process; see doorbell_calls.
extern base::atomic<std::uint64_t> calls_made;

// F_SETSIG names the signal that O_ASYNC would send. An eventfd and an epoll send none, and libc keeps this one for
// itself, so it serves as a mark that stays with the open file wherever its numbers go.
inline constexpr long mark_of_doorbells = 33;

// A sandbox refuses the mark. Then every anonymous file that a number of efd's names counts as marked.
inline constinit base::atomic<bool> no_marks{false};

[[gnu::noinline]] inline bool is_anonymous_file(int fd) noexcept {
    struct stat found{};
    return fd >= 0 && ::fstat(fd, &found) == 0 && (found.st_mode & S_IFMT) == 0;
}

inline bool has_mark(int fd) noexcept {
    const int signal = raw_fcntl(fd, F_GETSIG, 0);
    if (signal == mark_of_doorbells) return true;
    const bool is_refused = signal < 0 ? errno != EBADF : signal == 0 && no_marks.load(base::relaxed);
    return is_refused && is_anonymous_file(fd);
}

inline int with_mark(int fd) noexcept {
    if (fd < 0) return -errno;
    if (raw_fcntl(fd, F_SETSIG, mark_of_doorbells) != 0 && errno != EBADF) no_marks.store(true, base::relaxed);
    return fd;
}

// Puts a new file in the place of a marked one. If no number is free the marked one is closed first; another thread may
// then get that number.
template <class Make>
bool replace_file(int fd, Make make) noexcept {
    if (!has_mark(fd)) return false;
    const int exec_flag = raw_fcntl(fd, F_GETFD, 0);
    int fresh = with_mark(make());
    bool done = fresh >= 0 && raw_dup3(fresh, fd, O_CLOEXEC) == fd;
    if (fresh == -EMFILE) {
        raw_close(fd);
        fresh = with_mark(make());
        done = fresh == fd || (fresh >= 0 && raw_fcntl(fresh, F_DUPFD_CLOEXEC, fd) == fd);
    }
    if (fresh >= 0 && fresh != fd) raw_close(fresh);
    if (done && exec_flag == 0) raw_fcntl(fd, F_SETFD, 0);
    return done;
}

} // namespace efd::os
