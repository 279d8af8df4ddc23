// SPDX-License-Identifier: MIT
// dropin/interpose/numbers.cpp: the names of the calls that make or close one number.
//
// A number is forgotten before it is closed, because afterwards another thread may have it already. Each name forwards
// to its own next definition: libc has two names for some functions, and another library may define only one of them.
#include "dropin/interpose/next.hpp"
#include "dropin/table/table.hpp"

#include <cstdarg>
#include <fcntl.h>

using namespace efd::dropin;

namespace {

constexpr later<"close", int(int)> next_close;
constexpr later<"dup", int(int)> next_dup;
constexpr later<"dup2", int(int, int)> next_dup2;
constexpr later<"dup3", int(int, int, int)> next_dup3;
constexpr later<"fcntl", int(int, int, void*)> next_fcntl;
constexpr later<"fcntl64", int(int, int, void*)> next_fcntl64;

template <class Real>
int do_close(Real real, int fd) {
    forget(fd);
    return real(fd);
}

template <class Real>
int do_dup2(Real real, int fd, int to) {
    before_dup2(fd, to);
    const int made = real(fd, to);
    after_dup(fd, made);
    return made;
}

template <class Real>
int do_fcntl(Real real, int fd, int command, void* more) {
    if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) return real(fd, command, more);
    before_duplicated(fd);
    const int made = real(fd, command, more);
    after_dup(fd, made);
    return made;
}

#define FORWARD_FCNTL(real)                                                                                            \
    va_list rest;                                                                                                      \
    va_start(rest, command);                                                                                           \
    void* const more = va_arg(rest, void*);                                                                            \
    va_end(rest);                                                                                                      \
    return do_fcntl(real, fd, command, more)

} // namespace

EFD_INTERPOSE int close(int fd) { return do_close(next_close, fd); }

EFD_INTERPOSE int dup(int fd) {
    before_duplicated(fd);
    const int made = next_dup(fd);
    after_dup(fd, made);
    return made;
}

EFD_INTERPOSE int dup2(int fd, int to) { return do_dup2(next_dup2, fd, to); }

EFD_INTERPOSE int dup3(int fd, int to, int flags) {
    before_dup2(fd, to);
    const int made = next_dup3(fd, to, flags);
    after_dup(fd, made);
    return made;
}

EFD_INTERPOSE int fcntl(int fd, int command, ...) { FORWARD_FCNTL(next_fcntl); }
EFD_INTERPOSE int fcntl64(int fd, int command, ...) { FORWARD_FCNTL(next_fcntl64); }

EFD_INTERPOSE int epoll_create(int size) {
    constexpr later<"epoll_create", int(int)> real;
    const int made = real(size);
    note_epoll(made);
    return made;
}

EFD_INTERPOSE int epoll_create1(int flags) {
    constexpr later<"epoll_create1", int(int)> real;
    const int made = real(flags);
    note_epoll(made);
    return made;
}

// Other names of the same functions. NOLINTBEGIN: they are libc's
EFD_INTERPOSE int __close(int fd) {
    constexpr later<"__close", int(int)> real;
    return do_close(real, fd);
}

EFD_INTERPOSE int __dup2(int fd, int to) {
    constexpr later<"__dup2", int(int, int)> real;
    return do_dup2(real, fd, to);
}

EFD_INTERPOSE int __fcntl(int fd, int command, ...) {
    constexpr later<"__fcntl", int(int, int, void*)> real;
    FORWARD_FCNTL(real);
}
// NOLINTEND
