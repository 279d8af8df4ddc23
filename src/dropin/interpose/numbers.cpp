// SPDX-License-Identifier: MIT
// dropin/interpose/numbers.cpp: the names of the calls that make or close one number, and are called often.
//
// A number is forgotten before it is closed, because afterwards another thread may have it already.
#include "dropin/interpose/next.hpp"
#include "dropin/table/table.hpp"

#include <fcntl.h>

using namespace efd::dropin;

EFD_INTERPOSE int close(int fd) {
    constexpr later<"close", int(int)> real;
    forget(fd);
    return real(fd);
}

EFD_INTERPOSE int dup(int fd) {
    constexpr later<"dup", int(int)> real;
    before_duplicated(fd);
    return real(fd);
}

// fcntl and fcntl64 have a third word of any type, or none.
#define EFD_FCNTL(name)                                                                                                \
    EFD_INTERPOSE int efd_##name(int fd, int command, long more) asm(#name);                                           \
    int efd_##name(int fd, int command, long more) {                                                                   \
        constexpr later<#name, int(int, int, long)> real;                                                              \
        if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) before_duplicated(fd);                                   \
        return real(fd, command, more);                                                                                \
    }
EFD_FCNTL(fcntl)
EFD_FCNTL(fcntl64)

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
