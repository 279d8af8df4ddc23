// SPDX-License-Identifier: MIT
// dropin/interpose/io.cpp: the names by which a program makes, reads, writes, duplicates and closes an eventfd.
//
// read and write forward in a few lines; rules/calls.hpp decides. Rarer calls demote. pread, pwrite, preadv and pwritev
// are not interposed: the kernel refuses them on an eventfd before anything else (K-026, K-043). Nor are poll, select
// and epoll_wait: the number is a real eventfd, and the kernel's answer is right.
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/passed.hpp"
#include "dropin/rules/calls.hpp"
#include "dropin/table/table.hpp"

#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/uio.h>
#include <wordexp.h>

using namespace efd::dropin;

namespace {

constexpr later<"eventfd", int(unsigned, int)> next_eventfd;
constexpr later<"read", ssize_t(int, void*, std::size_t)> next_read;
constexpr later<"write", ssize_t(int, const void*, std::size_t)> next_write;

} // namespace

EFD_INTERPOSE int eventfd(unsigned initval, int flags) {
    const std::uint32_t before = before_making();
    const int made = next_eventfd(initval, flags);
    if (made >= 0) note_eventfd(made, initval, static_cast<unsigned>(flags), before, __builtin_return_address(0));
    return made;
}

namespace {

// Has a thread of this process ever been cancelled? Only then must calls test for cancellation.
constinit efd::base::atomic<bool> any_cancelled{false};
void on_cancel(const words& /*call*/) noexcept { any_cancelled.store(true, efd::base::relaxed); }

// Tests before units are taken or added, as libc does.
void test_cancel() {
    if (any_cancelled.load(efd::base::relaxed)) [[unlikely]]
        pthread_testcancel();
}

// Out of line, so that the short path has no stack frame.
[[gnu::noinline]] ssize_t read_ours(fd_slot& slot, int fd, void* buffer, std::size_t length) {
    test_cancel();
    return read_value(slot, fd, buffer, length, [=] { return next_read(fd, buffer, length); });
}
[[gnu::noinline]] ssize_t write_ours(fd_slot& slot, int fd, const void* buffer, std::size_t length) {
    test_cancel();
    // A thread was cancelled once, or the write could not be cached; it is tried again, as the word may have changed.
    return write_value(slot, fd, buffer, length, [=](const void* from) { return next_write(fd, from, length); });
}

} // namespace

EFD_PASSED_ALWAYS(pthread_cancel, on_cancel)

EFD_INTERPOSE ssize_t read(int fd, void* buffer, std::size_t length) {
    fd_slot* const slot = slot_at(fd);
    if (slot == nullptr) [[likely]]
        return next_read(fd, buffer, length);
    const cached_word word = slot->word.load(efd::base::acquire);
    if (is_awaiting_evidence(word)) {
        if (only_adds_evidence(*slot, this_thread()))
            return read_uncounted(
                *slot, [=] { return next_read(fd, buffer, length); },
                [=] { return read_ours(*slot, fd, buffer, length); });
    } else if (!is_promoted(word)) {
        if (is_noted(word)) count(*slot, &tally::uncached_reads);
        return next_read(fd, buffer, length);
    }
    return read_ours(*slot, fd, buffer, length);
}

EFD_INTERPOSE ssize_t write(int fd, const void* buffer, std::size_t length) {
    fd_slot* const slot = slot_at(fd);
    if (slot == nullptr) [[likely]]
        return next_write(fd, buffer, length);
    const cached_word word = slot->word.load(efd::base::acquire);
    if (!needs_value(*slot, word)) {
        if (is_noted(word) && length >= value_size) count_kernel_write(*slot, word);
        return next_write(fd, buffer, length);
    }
    if (!any_cancelled.load(efd::base::relaxed) && cache_write(*slot, buffer, length))
        return static_cast<ssize_t>(value_size);
    return write_ours(*slot, fd, buffer, length);
}

// The name that a program built with _FORTIFY_SOURCE calls. NOLINTBEGIN: it is libc's
EFD_INTERPOSE ssize_t __read_chk(int fd, void* buffer, std::size_t length, std::size_t room) {
    constexpr later<"__read_chk", ssize_t(int, void*, std::size_t, std::size_t)> real;
    fd_slot* const slot = slot_of(fd);
    if (length > room || slot == nullptr) return real(fd, buffer, length, room);
    test_cancel();
    return read_value(*slot, fd, buffer, length, [=] { return real(fd, buffer, length, room); });
}
// NOLINTEND

EFD_INTERPOSE int eventfd_read(int fd, std::uint64_t* value) {
    return read(fd, value, value_size) == static_cast<ssize_t>(value_size) ? 0 : -1;
}

EFD_INTERPOSE int eventfd_write(int fd, std::uint64_t value) {
    return write(fd, &value, value_size) == static_cast<ssize_t>(value_size) ? 0 : -1;
}

// Calls that move several values, or a part of one: the kernel's alone from now on.
EFD_INTERPOSE ssize_t readv(int fd, const iovec* vector, int number) {
    constexpr later<"readv", ssize_t(int, const iovec*, int)> real;
    before_other_read(fd);
    return real(fd, vector, number);
}
EFD_INTERPOSE ssize_t writev(int fd, const iovec* vector, int number) {
    constexpr later<"writev", ssize_t(int, const iovec*, int)> real;
    before_other_write(fd);
    return real(fd, vector, number);
}

// A number is forgotten before it is closed, because afterwards another thread may have it already.
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

// Calls that make a child which executes another program, or a shell. They have libc's arguments, and no more.
#define EFD_CHILD(name, Result, parameters, arguments)                                                                 \
    EFD_INTERPOSE Result name parameters {                                                                             \
        constexpr later<#name, Result parameters> real;                                                                \
        const child_being_made until_end(reason::executed);                                                            \
        return real arguments;                                                                                         \
    }
#define EFD_SPAWN(name)                                                                                                \
    EFD_CHILD(name, int,                                                                                               \
              (pid_t * child, const char* path, const posix_spawn_file_actions_t* actions,                             \
               const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]),               \
              (child, path, actions, attributes, arguments, environment))
EFD_SPAWN(posix_spawn)
EFD_SPAWN(posix_spawnp)
EFD_CHILD(system, int, (const char* command), (command))
EFD_CHILD(popen, FILE*, (const char* command, const char* type), (command, type))
EFD_CHILD(_IO_popen, FILE*, (const char* command, const char* type), (command, type)) // NOLINT: it is libc's
EFD_CHILD(wordexp, int, (const char* text, wordexp_t* into, int flags), (text, into, flags))

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
