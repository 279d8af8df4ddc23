// SPDX-License-Identifier: MIT
// os/record_lock.cpp: see record_lock.hpp.
#include "os/record_lock.hpp"

#include "os/errno.hpp"
#include "os/raw_call.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace efd::os {
namespace {

constexpr short owned_by_description = -1; // what F_GETLK says instead of a pid

struct ::flock64 about(byte_range range, short type) noexcept {
    struct ::flock64 lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<decltype(lock.l_start)>(range.first);
    lock.l_len = static_cast<decltype(lock.l_len)>(range.bytes);
    return lock; // l_pid must be zero
}

// The commands for 64-bit offsets; fcntl(2) of libc would be a cancellation point.
int call(int fd, int command, struct ::flock64& lock) noexcept {
    int result = 0;
    do result = raw_fcntl(fd, command, reinterpret_cast<long>(&lock));
    while (result < 0 && errno == EINTR);
    return result;
}

} // namespace

lock_end try_lock(int fd, byte_range range) noexcept {
    const errno_keeper keeper;
    auto lock = about(range, F_WRLCK);
    if (call(fd, F_OFD_SETLK, lock) == 0) return lock_end::taken;
    return errno == EAGAIN || errno == EACCES ? lock_end::held_by_another : lock_end::not_possible;
}

void unlock(int fd, byte_range range) noexcept {
    const errno_keeper keeper;
    auto lock = about(range, F_UNLCK);
    (void)call(fd, F_OFD_SETLK, lock);
}

lock_look held_by_others(int fd, byte_range range) noexcept {
    const errno_keeper keeper;
    auto lock = about(range, F_WRLCK);
    if (call(fd, F_OFD_GETLK, lock) != 0) return lock_look::not_possible;
    return lock.l_type == F_UNLCK ? lock_look::free : lock_look::held;
}

// The lock that F_GETLK asks for would be the process's, so the locks of all open file descriptions are in its way.
lock_look held_by_any(int fd, byte_range range) noexcept {
    const errno_keeper keeper;
    auto lock = about(range, F_WRLCK);
    if (call(fd, F_GETLK64, lock) != 0) return lock_look::not_possible;
    return lock.l_type != F_UNLCK && lock.l_pid == owned_by_description ? lock_look::held : lock_look::free;
}

bool holds_lock(int fd, byte_range range) noexcept {
    return held_by_any(fd, range) == lock_look::held && held_by_others(fd, range) == lock_look::free;
}

} // namespace efd::os
