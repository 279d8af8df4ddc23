// SPDX-License-Identifier: MIT
// os/file_number.cpp: see file_number.hpp.
#include "os/file_number.hpp"

#include "os/errno_keeper.hpp"
#include "os/raw_call.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027 // Linux 6.10
#endif

namespace efd::os {
namespace {

constexpr int first_apart = 512;

int result_of(int made) noexcept { return made >= 0 ? made : -errno; }

// The fcntl commands that libc makes cancellation points.
constexpr bool may_sleep(int cmd) noexcept { return cmd == F_SETLKW || cmd == F_SETLKW64 || cmd == F_OFD_SETLKW; }

} // namespace

int eventfd_create(bool readable, bool cloexec) noexcept {
    return result_of(raw_eventfd(readable ? 1 : 0, EFD_NONBLOCK | (cloexec ? EFD_CLOEXEC : 0)));
}

int dup_high(int fd) noexcept {
    const errno_keeper keeper;
    const int apart = raw_fcntl(fd, F_DUPFD_CLOEXEC, first_apart);
    return apart >= 0
               ? apart
               : result_of(raw_fcntl(fd, F_DUPFD_CLOEXEC, 0)); // the limit is low, or all numbers above are taken
}

bool give_number_back(int fd) noexcept { return raw_close(fd) == 0; }

const int plain_duplicate = F_DUPFD;

command command_of(int cmd) noexcept {
    switch (cmd) {
    case F_GETFL: return command::get_status;
    case F_SETFL: return command::set_status;
    case F_GETSIG: return command::get_signal;
    case F_SETSIG: return command::set_signal;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: return command::duplicate;
    default: return command::other;
    }
}

bool is_signal(long number) noexcept { return number >= 0 && number < _NSIG; }

int control(int fd, int cmd, long argument) noexcept {
    const errno_keeper keeper;
    if (may_sleep(cmd)) return result_of(raw_fcntl(fd, cmd, argument));
    return result_of(::fcntl(fd, cmd, cmd == F_SETFL ? argument | O_NONBLOCK : argument));
}

int control_device(int fd, unsigned long request, void* argument) noexcept {
    const errno_keeper keeper;
    return result_of(::ioctl(fd, request, argument));
}

bool sets_nonblock(unsigned long request) noexcept { return request == FIONBIO; }

int status_flags(int fd) noexcept { return control(fd, F_GETFL, 0); }

int exec_flag(int fd) noexcept { return (control(fd, F_GETFD, 0) & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0; }

bool same_file(int one, int other) noexcept {
    const errno_keeper keeper;
    if (const int same = raw_fcntl(one, F_DUPFD_QUERY, other); same >= 0) return same == 1;
    if (errno == EBADF) return false;
    constexpr long compare_files = 0;
    const pid_t self = ::getpid();
    return ::syscall(SYS_kcmp, self, self, compare_files, one, other) <= 0;
}

bool is_anonymous(int fd) noexcept {
    const errno_keeper keeper;
    struct stat found{};
    return ::fstat(fd, &found) == 0 && (found.st_mode & S_IFMT) == 0;
}

void dup_onto(int from, int to) noexcept {
    const errno_keeper keeper;
    raw_dup3(from, to, exec_flag(to));
}

file_place place_of_file(int fd) noexcept {
    const errno_keeper keeper;
    struct statx found{};
    constexpr unsigned mount_id = 0x1000; // STATX_MNT_ID, Linux 5.8
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_INO | mount_id, &found) != 0) return {0, 0};
    return {found.stx_mnt_id, found.stx_ino};
}

} // namespace efd::os
