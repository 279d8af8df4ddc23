// dropin/interpose_descriptors.cpp: the names by which numbers come, go, and reach others.
//
// Each tells descriptors.hpp or escapes.hpp, and forwards. A number is forgotten before it is closed: afterwards it may
// be another thread's already.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/interpose.hpp"
#include "dropin/kernel_calls.hpp"

#include <aio.h>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <sys/types.h>

struct epoll_event;
struct msghdr;

using namespace efd::dropin;

namespace {

template <class Request>
void before_aio_read(const Request* request) noexcept {
    int fd = -1;
    if (any_noted() && request != nullptr && copy_from_program(&fd, &request->aio_fildes, sizeof fd))
        gone_astray(fd, reason::spliced);
}

constinit later<int(int, int, int, epoll_event*)> next_epoll_ctl("epoll_ctl");
constinit later<ssize_t(int, const msghdr*, int)> next_sendmsg("sendmsg");
constinit later<int(const char*, int, unsigned)> next_open64("open64");
constinit later<int(int, const char*, int, unsigned)> next_openat64("openat64");
constinit later<FILE*(const char*, const char*)> next_fopen64("fopen64");

} // namespace

void efd::dropin::find_often_called() noexcept {
    next_epoll_ctl.find();
    next_sendmsg.find();
    next_open64.find();
    next_openat64.find();
    next_fopen64.find();
}

EFD_INTERPOSE int close(int fd) {
    forget(fd);
    return next.close(fd);
}

EFD_INTERPOSE int close_range(unsigned first, unsigned last, int flags) {
    static constinit later<int(unsigned, unsigned, int)> real("close_range");
    before_close_range(first, last, static_cast<unsigned>(flags));
    return real(first, last, flags);
}

EFD_INTERPOSE void closefrom(int first) {
    static constinit later<void(int)> real("closefrom");
    forget_range(first < 0 ? 0U : static_cast<unsigned>(first), ~0U);
    real(first);
}

EFD_INTERPOSE int dup(int fd) {
    const int made = next.dup(fd);
    note_duplicated(fd, made);
    return made;
}

EFD_INTERPOSE int dup2(int fd, int to) {
    if (fd != to) before_replaced(fd, to);
    const int made = next.dup2(fd, to);
    note_duplicated(fd, made);
    return made;
}

EFD_INTERPOSE int dup3(int fd, int to, int flags) {
    if (fd != to && (flags & ~O_CLOEXEC) == 0) before_replaced(fd, to);
    const int made = next.dup3(fd, to, flags);
    note_duplicated(fd, made);
    return made;
}

EFD_INTERPOSE int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    before_fcntl(fd, command);
    const int result = next.fcntl(fd, command, more);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) note_duplicated(fd, result);
    return result;
}

EFD_INTERPOSE int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return fcntl64(fd, command, more);
}

EFD_INTERPOSE int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    before_ioctl(fd, request);
    return next.ioctl(fd, request, more);
}

EFD_INTERPOSE int epoll_ctl(int epoll, int operation, int fd, epoll_event* wanted) {
    before_epoll_ctl(epoll, operation, fd, wanted);
    return next_epoll_ctl(epoll, operation, fd, wanted);
}

EFD_INTERPOSE int epoll_create(int size) {
    static constinit later<int(int)> real("epoll_create");
    const int made = real(size);
    if (made >= 0) note_epoll(made);
    return made;
}

EFD_INTERPOSE int epoll_create1(int flags) {
    static constinit later<int(int)> real("epoll_create1");
    const int made = real(flags);
    if (made >= 0) note_epoll(made);
    return made;
}

EFD_INTERPOSE ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    before_sendmsg(message);
    return next_sendmsg(fd, message, flags);
}

EFD_INTERPOSE int sendmmsg(int fd, mmsghdr_view* messages, unsigned number, int flags) {
    static constinit later<int(int, mmsghdr_view*, unsigned, int)> real("sendmmsg");
    before_sendmmsg(messages, number);
    return real(fd, messages, number, flags);
}

EFD_INTERPOSE FILE* fdopen(int fd, const char* mode) {
    static constinit later<FILE*(int, const char*)> real("fdopen");
    gone_astray(fd, reason::spliced);
    forget(fd); // fclose closes it where we do not see it
    return real(fd, mode);
}

// The C library's own threads read then, past every name.
EFD_INTERPOSE int aio_read(aiocb* request) {
    static constinit later<int(aiocb*)> real("aio_read");
    before_aio_read(request);
    return real(request);
}

EFD_INTERPOSE int aio_read64(aiocb64* request) {
    static constinit later<int(aiocb64*)> real("aio_read64");
    before_aio_read(request);
    return real(request);
}

EFD_INTERPOSE int pidfd_getfd(int process, int fd, unsigned flags) {
    static constinit later<int(int, int, unsigned)> real("pidfd_getfd");
    all_gone_astray(reason::passed); // it may be this process
    return real(process, fd, flags);
}

EFD_INTERPOSE ssize_t splice(int in, off_t* in_at, int out, off_t* out_at, std::size_t length, unsigned flags) {
    static constinit later<ssize_t(int, off_t*, int, off_t*, std::size_t, unsigned)> real("splice");
    gone_astray(in, reason::spliced);
    gone_astray(out, reason::spliced);
    return real(in, in_at, out, out_at, length, flags);
}

EFD_INTERPOSE ssize_t tee(int in, int out, std::size_t length, unsigned flags) {
    static constinit later<ssize_t(int, int, std::size_t, unsigned)> real("tee");
    gone_astray(in, reason::spliced);
    gone_astray(out, reason::spliced);
    return real(in, out, length, flags);
}

EFD_INTERPOSE ssize_t sendfile(int out, int in, off_t* at, std::size_t length) {
    static constinit later<ssize_t(int, int, off_t*, std::size_t)> real("sendfile");
    gone_astray(in, reason::spliced);
    gone_astray(out, reason::spliced);
    return real(out, in, at, length);
}

EFD_INTERPOSE ssize_t sendfile64(int out, int in, off_t* at, std::size_t length) {
    return sendfile(out, in, at, length);
}

EFD_INTERPOSE ssize_t copy_file_range(int in, off_t* in_at, int out, off_t* out_at, std::size_t length,
                                      unsigned flags) {
    static constinit later<ssize_t(int, off_t*, int, off_t*, std::size_t, unsigned)> real("copy_file_range");
    gone_astray(in, reason::spliced);
    gone_astray(out, reason::spliced);
    return real(in, in_at, out, out_at, length, flags);
}

namespace {

int opened(int fd, const char* path) noexcept {
    if (fd >= 0) after_open(path);
    return fd;
}
FILE* opened(FILE* file, const char* path) noexcept {
    if (file != nullptr && path != nullptr) after_open(path);
    return file;
}

} // namespace

EFD_INTERPOSE int open64(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(next_open64(path, flags, mode), path);
}

EFD_INTERPOSE int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return open64(path, flags, mode);
}

EFD_INTERPOSE int openat64(int directory, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(next_openat64(directory, path, flags, mode), path);
}

EFD_INTERPOSE int openat(int directory, const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return openat64(directory, path, flags, mode);
}

EFD_INTERPOSE FILE* fopen64(const char* path, const char* mode) { return opened(next_fopen64(path, mode), path); }

EFD_INTERPOSE FILE* fopen(const char* path, const char* mode) { return fopen64(path, mode); }

EFD_INTERPOSE FILE* freopen64(const char* path, const char* mode, FILE* file) {
    static constinit later<FILE*(const char*, const char*, FILE*)> real("freopen64");
    return opened(real(path, mode, file), path);
}

EFD_INTERPOSE FILE* freopen(const char* path, const char* mode, FILE* file) { return freopen64(path, mode, file); }

// NOLINTBEGIN: the names are libc's, for programs that were built with _FORTIFY_SOURCE
EFD_INTERPOSE int __open64_2(const char* path, int flags) {
    static constinit later<int(const char*, int)> real("__open64_2");
    return opened(real(path, flags), path);
}

EFD_INTERPOSE int __open_2(const char* path, int flags) { return __open64_2(path, flags); }

EFD_INTERPOSE int __openat64_2(int directory, const char* path, int flags) {
    static constinit later<int(int, const char*, int)> real("__openat64_2");
    return opened(real(directory, path, flags), path);
}

EFD_INTERPOSE int __openat_2(int directory, const char* path, int flags) {
    return __openat64_2(directory, path, flags);
}
// NOLINTEND

// Other names of the same functions. NOLINTBEGIN: they are libc's
EFD_INTERPOSE int __close(int fd) { return close(fd); }
EFD_INTERPOSE int __dup2(int fd, int to) { return dup2(fd, to); }
EFD_INTERPOSE int __fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return fcntl64(fd, command, more);
}
EFD_INTERPOSE FILE* _IO_fdopen(int fd, const char* mode) { return fdopen(fd, mode); }
// NOLINTEND

// For debuggers and for programs that know of us: afterwards fdinfo, to whomever looks, shows every count.
EFD_INTERPOSE void efd_dropin_show_counts(void) { show_counts(); }
