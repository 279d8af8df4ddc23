// SPDX-License-Identifier: MIT
// dropin/interpose/numbers.cpp: the names by which one number comes or goes.
//
// A number is forgotten before it is closed: afterwards it may be another thread's already. Each forwards to its own
// next definition: another library may have put its own in the place of one of two names that libc has for a function.
#include "dropin/interpose/numbers.hpp"

#include "dropin/interpose/next.hpp"

#include <cstdarg>

using namespace efd::dropin;

namespace {

constinit later<int(int)> next_close("close");
constinit later<int(int)> next_dup("dup");
constinit later<int(int, int)> next_dup2("dup2");
constinit later<int(int, int, int)> next_dup3("dup3");
constinit later<int(int, int, void*)> next_fcntl("fcntl");
constinit later<int(int, int, void*)> next_fcntl64("fcntl64");

template <class Real>
int do_close(Real& real, int fd) {
    before_close(fd);
    return real(fd);
}

template <class Real>
int do_dup2(Real& real, int fd, int to) {
    before_dup2(fd, to);
    const int made = real(fd, to);
    after_dup(fd, made);
    return made;
}

template <class Real>
int do_fcntl(Real& real, int fd, int command, void* more) {
    before_number_fcntl(fd, command, reinterpret_cast<long>(more));
    const int result = real(fd, command, more);
    after_number_fcntl(fd, command, result);
    return result;
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
    static constinit later<int(int)> real("epoll_create");
    const int made = real(size);
    note_epoll(made);
    return made;
}

EFD_INTERPOSE int epoll_create1(int flags) {
    static constinit later<int(int)> real("epoll_create1");
    const int made = real(flags);
    note_epoll(made);
    return made;
}

// Other names of the same functions. NOLINTBEGIN: they are libc's
EFD_INTERPOSE int __close(int fd) {
    static constinit later<int(int)> real("__close");
    return do_close(real, fd);
}

EFD_INTERPOSE int __dup2(int fd, int to) {
    static constinit later<int(int, int)> real("__dup2");
    return do_dup2(real, fd, to);
}

EFD_INTERPOSE int __fcntl(int fd, int command, ...) {
    static constinit later<int(int, int, void*)> real("__fcntl");
    FORWARD_FCNTL(real);
}
// NOLINTEND
