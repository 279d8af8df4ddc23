// SPDX-License-Identifier: MIT
// verify/common/libc.hpp: calls that not every libc has, or has with other types.
//
// Where libc has the function it is the one that is called, by its name, so that a preloaded library gets the call.
// Where it has none, the template of that name is the only one that matches. Any thread may call; errno is that of the
// call.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

// Not in efd: names of a namespace inside it would hide those of libc, where these must stand beside them. A function
// that is no template is preferred to a template, if both match exactly.
namespace efd_where_libc_has_none {

template <class Number>
int close_range(Number first, Number last, int flags) {
    return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}
template <class Offset>
ssize_t preadv2(int fd, const iovec* parts, int count, Offset offset, int flags) {
    const auto half_of_it = static_cast<long>(offset >> (4 * sizeof offset));
    return ::syscall(SYS_preadv2, fd, parts, long{count}, static_cast<long>(offset), half_of_it, flags);
}
struct named_number {
    int number;
    const char* name;
};
template <class Number, std::size_t count>
constexpr const char* name_of(Number number, const named_number (&names)[count]) {
    for (const named_number& one : names)
        if (one.number == number) return one.name;
    return nullptr;
}
// The errors and signals that claims meet.
template <class Number>
const char* strerrorname_np(Number number) {
    static constexpr named_number names[] = {
        {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"},     {EBADF, "EBADF"},           {EBUSY, "EBUSY"},
        {EEXIST, "EEXIST"}, {EFAULT, "EFAULT"},     {EINTR, "EINTR"},           {EINVAL, "EINVAL"},
        {EMFILE, "EMFILE"}, {ENODEV, "ENODEV"},     {ENOENT, "ENOENT"},         {ENOMEM, "ENOMEM"},
        {ENOSYS, "ENOSYS"}, {ENOTSOCK, "ENOTSOCK"}, {ENOTTY, "ENOTTY"},         {ENXIO, "ENXIO"},
        {EPERM, "EPERM"},   {ESPIPE, "ESPIPE"},     {EOPNOTSUPP, "EOPNOTSUPP"}, {ETIMEDOUT, "ETIMEDOUT"},
    };
    return name_of(number, names);
}
template <class Number>
const char* sigabbrev_np(Number number) {
    static constexpr named_number names[] = {
        {SIGABRT, "ABRT"}, {SIGALRM, "ALRM"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},   {SIGHUP, "HUP"},
        {SIGILL, "ILL"},   {SIGINT, "INT"},   {SIGKILL, "KILL"}, {SIGPIPE, "PIPE"}, {SIGQUIT, "QUIT"},
        {SIGSEGV, "SEGV"}, {SIGSYS, "SYS"},   {SIGTERM, "TERM"}, {SIGTRAP, "TRAP"}, {SIGUSR1, "USR1"},
    };
    return name_of(number, names);
}

} // namespace efd_where_libc_has_none

namespace efd::common {

// close_range(2), and what closefrom(3) does.
inline int close_numbers(unsigned first, unsigned last, int flags = 0) {
    using namespace efd_where_libc_has_none;
    return close_range(first, last, flags);
}
inline void close_from(int first) { close_numbers(static_cast<unsigned>(first), ~0U); }

inline ssize_t read_parts(int fd, const iovec* parts, int count, off_t offset, int flags) {
    using namespace efd_where_libc_has_none;
    return preadv2(fd, parts, count, offset, flags);
}

// "EAGAIN" and "INT"; null if no name is known.
inline const char* error_name(int error) {
    using namespace efd_where_libc_has_none;
    return strerrorname_np(error);
}
inline const char* signal_name(int number) {
    using namespace efd_where_libc_has_none;
    return sigabbrev_np(number);
}

// ioctl(2) of any request: some libcs take it as int.
template <class Request>
int call_ioctl(int (*libcs)(int, Request, ...), int fd, unsigned long request, void* argument) {
    return libcs(fd, static_cast<Request>(request), argument);
}
inline int control_device(int fd, unsigned long request, void* argument) {
    return call_ioctl(::ioctl, fd, request, argument);
}

} // namespace efd::common
