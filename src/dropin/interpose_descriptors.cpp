// dropin/interpose_descriptors.cpp: the names by which numbers come, go, and reach others.
//
// Each tells descriptors.hpp or escapes.hpp, and forwards to its own next definition: another library may have put its
// own in the place of one of two names that libc has for the same function. A number is forgotten before it is closed:
// afterwards it may be another thread's already.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/interpose.hpp"
#include "dropin/kernel_calls.hpp"

#include <aio.h>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
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

template <class Request>
void before_lio_listio(const void* list, int number) noexcept {
    if (!any_noted() || list == nullptr) return;
    for (int i = 0; i < number; ++i) {
        std::uintptr_t at = 0;
        if (!copy_from_program(&at, static_cast<const std::uintptr_t*>(list) + i, sizeof at)) return;
        const auto* const one = reinterpret_cast<const Request*>(at); // NOLINT(performance-no-int-to-ptr)
        int operation = LIO_NOP;
        if (one == nullptr || !copy_from_program(&operation, &one->aio_lio_opcode, sizeof operation)) continue;
        if (operation == LIO_READ) before_aio_read(one);
    }
}

template <class Real>
int do_fcntl(Real& real, int fd, int command, void* more) {
    before_fcntl(fd, command);
    number_change change;
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) change.before_duplicated(fd);
    const int result = real(fd, command, more);
    change.after(result);
    return result;
}

template <class Real>
int do_dup2(Real& real, int fd, int to) {
    number_change change;
    if (fd != to) change.before_replaced(fd, to);
    const int made = real(fd, to);
    change.after(made);
    return made;
}

template <class Real>
int do_close(Real& real, int fd) {
    number_change change;
    change.before_closed(fd);
    const int result = real(fd);
    change.after(result);
    return result;
}

void before_spliced(int in, int out) noexcept {
    gone_astray(in, reason::spliced);
    gone_astray(out, reason::spliced);
}

void before_fdopen(int fd) noexcept {
    gone_astray(fd, reason::spliced);
    forget(fd); // fclose closes it where we do not see it
}

int opened(int fd, const char* path) noexcept {
    if (fd >= 0) after_open(path);
    return fd;
}
FILE* opened(FILE* file, const char* path) noexcept {
    if (file != nullptr && path != nullptr) after_open(path);
    return file;
}

} // namespace

EFD_INTERPOSE int close(int fd) { return do_close(next.close, fd); }

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
    number_change change;
    change.before_duplicated(fd);
    const int made = next.dup(fd);
    change.after(made);
    return made;
}

EFD_INTERPOSE int dup2(int fd, int to) { return do_dup2(next.dup2, fd, to); }

EFD_INTERPOSE int dup3(int fd, int to, int flags) {
    number_change change;
    if (fd != to && (flags & ~O_CLOEXEC) == 0) change.before_replaced(fd, to);
    const int made = next.dup3(fd, to, flags);
    change.after(made);
    return made;
}

EFD_INTERPOSE int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return do_fcntl(next.fcntl64, fd, command, more);
}

EFD_INTERPOSE int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return do_fcntl(next.fcntl, fd, command, more);
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
    static constinit later<int(int, int, int, epoll_event*)> real("epoll_ctl");
    before_epoll_ctl(operation, fd, wanted);
    return real(epoll, operation, fd, wanted);
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
    static constinit later<ssize_t(int, const msghdr*, int)> real("sendmsg");
    before_sendmsg(message);
    return real(fd, message, flags);
}

EFD_INTERPOSE int sendmmsg(int fd, mmsghdr_view* messages, unsigned number, int flags) {
    static constinit later<int(int, mmsghdr_view*, unsigned, int)> real("sendmmsg");
    before_sendmmsg(messages, number);
    return real(fd, messages, number, flags);
}

EFD_INTERPOSE FILE* fdopen(int fd, const char* mode) {
    static constinit later<FILE*(int, const char*)> real("fdopen");
    before_fdopen(fd);
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

EFD_INTERPOSE int lio_listio(int mode, aiocb* const list[], int number, sigevent* told) {
    static constinit later<int(int, aiocb* const*, int, sigevent*)> real("lio_listio");
    before_lio_listio<aiocb>(static_cast<const void*>(list), number);
    return real(mode, list, number, told);
}

EFD_INTERPOSE int lio_listio64(int mode, aiocb64* const list[], int number, sigevent* told) {
    static constinit later<int(int, aiocb64* const*, int, sigevent*)> real("lio_listio64");
    before_lio_listio<aiocb64>(static_cast<const void*>(list), number);
    return real(mode, list, number, told);
}

EFD_INTERPOSE int pidfd_getfd(int process, int fd, unsigned flags) {
    static constinit later<int(int, int, unsigned)> real("pidfd_getfd");
    all_gone_astray(reason::passed); // it may be this process
    return real(process, fd, flags);
}

EFD_INTERPOSE ssize_t splice(int in, off_t* in_at, int out, off_t* out_at, std::size_t length, unsigned flags) {
    static constinit later<ssize_t(int, off_t*, int, off_t*, std::size_t, unsigned)> real("splice");
    before_spliced(in, out);
    return real(in, in_at, out, out_at, length, flags);
}

EFD_INTERPOSE ssize_t tee(int in, int out, std::size_t length, unsigned flags) {
    static constinit later<ssize_t(int, int, std::size_t, unsigned)> real("tee");
    before_spliced(in, out);
    return real(in, out, length, flags);
}

EFD_INTERPOSE ssize_t sendfile(int out, int in, off_t* at, std::size_t length) {
    static constinit later<ssize_t(int, int, off_t*, std::size_t)> real("sendfile");
    before_spliced(in, out);
    return real(out, in, at, length);
}

EFD_INTERPOSE ssize_t sendfile64(int out, int in, off_t* at, std::size_t length) {
    static constinit later<ssize_t(int, int, off_t*, std::size_t)> real("sendfile64");
    before_spliced(in, out);
    return real(out, in, at, length);
}

EFD_INTERPOSE ssize_t copy_file_range(int in, off_t* in_at, int out, off_t* out_at, std::size_t length,
                                      unsigned flags) {
    static constinit later<ssize_t(int, off_t*, int, off_t*, std::size_t, unsigned)> real("copy_file_range");
    before_spliced(in, out);
    return real(in, in_at, out, out_at, length, flags);
}

EFD_INTERPOSE int open(const char* path, int flags, ...) {
    static constinit later<int(const char*, int, unsigned)> real("open");
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(real(path, flags, mode), path);
}

EFD_INTERPOSE int open64(const char* path, int flags, ...) {
    static constinit later<int(const char*, int, unsigned)> real("open64");
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(real(path, flags, mode), path);
}

EFD_INTERPOSE int openat(int directory, const char* path, int flags, ...) {
    static constinit later<int(int, const char*, int, unsigned)> real("openat");
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(real(directory, path, flags, mode), path);
}

EFD_INTERPOSE int openat64(int directory, const char* path, int flags, ...) {
    static constinit later<int(int, const char*, int, unsigned)> real("openat64");
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    return opened(real(directory, path, flags, mode), path);
}

EFD_INTERPOSE FILE* fopen(const char* path, const char* mode) {
    static constinit later<FILE*(const char*, const char*)> real("fopen");
    return opened(real(path, mode), path);
}

EFD_INTERPOSE FILE* fopen64(const char* path, const char* mode) {
    static constinit later<FILE*(const char*, const char*)> real("fopen64");
    return opened(real(path, mode), path);
}

EFD_INTERPOSE FILE* freopen(const char* path, const char* mode, FILE* file) {
    static constinit later<FILE*(const char*, const char*, FILE*)> real("freopen");
    return opened(real(path, mode, file), path);
}

EFD_INTERPOSE FILE* freopen64(const char* path, const char* mode, FILE* file) {
    static constinit later<FILE*(const char*, const char*, FILE*)> real("freopen64");
    return opened(real(path, mode, file), path);
}

// NOLINTBEGIN: the names are libc's, for programs that were built with _FORTIFY_SOURCE
EFD_INTERPOSE int __open_2(const char* path, int flags) {
    static constinit later<int(const char*, int)> real("__open_2");
    return opened(real(path, flags), path);
}

EFD_INTERPOSE int __open64_2(const char* path, int flags) {
    static constinit later<int(const char*, int)> real("__open64_2");
    return opened(real(path, flags), path);
}

EFD_INTERPOSE int __openat_2(int directory, const char* path, int flags) {
    static constinit later<int(int, const char*, int)> real("__openat_2");
    return opened(real(directory, path, flags), path);
}

EFD_INTERPOSE int __openat64_2(int directory, const char* path, int flags) {
    static constinit later<int(int, const char*, int)> real("__openat64_2");
    return opened(real(directory, path, flags), path);
}
// NOLINTEND

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
    va_list rest;
    va_start(rest, command);
    void* const more = va_arg(rest, void*);
    va_end(rest);
    return do_fcntl(real, fd, command, more);
}

EFD_INTERPOSE FILE* _IO_fdopen(int fd, const char* mode) {
    static constinit later<FILE*(int, const char*)> real("_IO_fdopen");
    before_fdopen(fd);
    return real(fd, mode);
}
// NOLINTEND

// For debuggers and for programs that know of us: afterwards fdinfo, to whomever looks, shows every count.
EFD_INTERPOSE void efd_dropin_show_counts(void) { show_counts(); }
