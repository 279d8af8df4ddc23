// SPDX-License-Identifier: MIT
// api/efd_fd.cpp: the C border of file/. Turns a number into a file and a status into errno, and does nothing else.
#include <efd/efd.h>

#include "api/c_border.hpp"
#include "file/anon_fd.hpp"
#include "file/descriptor_table.hpp"
#include "file/file_operations.hpp"
#include "os/descriptor.hpp"
#include "os/file_number.hpp"
#include "watch/doorbell.hpp"

#include <cerrno>
#include <cstddef>
#include <span>

using efd::api::answer;
using efd::api::fail;
using efd::base::status;
using efd::file::descriptor_table;
using efd::file::file_reference;
using efd::file::iov_iter;
using efd::file::open_file;

namespace {

efd::os::user_address address(const void* of) noexcept { return reinterpret_cast<efd::os::user_address>(of); }

file_reference file_of(int fd) noexcept { return descriptor_table::instance().use(fd); }

// The file's own number, if it is seen to be a bell: the caller's number may name another file by now.
int bell_of(const open_file& file) noexcept {
    const int bell = file.bell();
    return efd::os::is_marked(bell) ? bell : -1;
}

ssize_t answer_moved(const efd::file::moved& end) noexcept {
    return end.end == status::ok ? ssize_t{end.bytes} : ssize_t{answer(end.end)};
}

ssize_t read_on(int fd, const iov_iter& to) noexcept {
    const file_reference file = file_of(fd);
    return file ? answer_moved(efd::file::read(*file, to)) : fail(EBADF);
}

ssize_t write_on(int fd, const iov_iter& from) noexcept {
    const file_reference file = file_of(fd);
    return file ? answer_moved(efd::file::write(*file, from)) : fail(EBADF);
}

int answer_kernel(int result) noexcept { return result >= 0 ? result : fail(-result); }

int get_status(open_file& file) noexcept {
    const int kernels = efd::os::status_flags(bell_of(file));
    if (kernels < 0) return fail(-kernels);
    return (kernels & ~EFD_NONBLOCK) | static_cast<int>(file.object().flags() & efd::core::flag_nonblock);
}

int set_status(open_file& file, int command, long flags) noexcept {
    const int end = efd::os::control(bell_of(file), command, flags);
    if (end >= 0) file.object().set_nonblock((flags & EFD_NONBLOCK) != 0);
    return answer_kernel(end);
}

int set_signal(open_file& file, long number) noexcept {
    if (!efd::os::is_signal(number)) return fail(EINVAL);
    file.set_signal(static_cast<int>(number));
    return 0;
}

int duplicate(open_file& file, int command, long lowest) noexcept {
    const int fd = efd::os::control(bell_of(file), command, lowest);
    if (fd < 0) return fail(-fd);
    const status end = efd::file::install_dup(fd, file);
    return answer(end, fd);
}

} // namespace

extern "C" {

int efd_eventfd(unsigned initval, int flags) noexcept {
    const auto way = (flags & EFD_EVERY) != 0 ? efd::watch::ring_way::every : efd::watch::ring_way::level;
    const auto bits = static_cast<unsigned>(flags & ~EFD_EVERY);
    if (!efd::core::may_create(initval, bits)) return fail(EINVAL);
    int fd = -1;
    const status end = efd::file::make_descriptor(initval, bits, way, fd);
    return answer(end, fd);
}

ssize_t efd_fd_read(int fd, void* buf, size_t len) noexcept { return read_on(fd, iov_iter::range(address(buf), len)); }

ssize_t efd_fd_readv(int fd, const struct iovec* iov, int iovcnt) noexcept {
    return read_on(fd, iov_iter::segments(address(iov), iovcnt));
}

ssize_t efd_fd_write(int fd, const void* buf, size_t len) noexcept {
    return write_on(fd, iov_iter::range(address(buf), len));
}

ssize_t efd_fd_writev(int fd, const struct iovec* iov, int iovcnt) noexcept {
    return write_on(fd, iov_iter::segments(address(iov), iovcnt));
}

int efd_fd_close(int fd) noexcept { return efd::file::close_descriptor(fd) ? 0 : fail(EBADF); }

int efd_fd_dup(int fd) noexcept {
    const file_reference file = file_of(fd);
    return file ? duplicate(*file, efd::os::plain_duplicate, 0) : fail(EBADF);
}

int efd_fd_fcntl(int fd, int command, long argument) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    switch (efd::os::command_of(command)) {
    case efd::os::command::get_status: return get_status(*file);
    case efd::os::command::set_status: return set_status(*file, command, argument);
    case efd::os::command::get_signal: return file->signal();
    case efd::os::command::set_signal: return set_signal(*file, argument);
    case efd::os::command::duplicate: return duplicate(*file, command, argument);
    case efd::os::command::other: break;
    }
    return answer_kernel(efd::os::control(fd, command, argument));
}

int efd_fd_ioctl(int fd, unsigned long request, void* argument) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    if (!efd::os::sets_nonblock(request)) return answer_kernel(efd::os::control_device(fd, request, argument));
    int on = 0;
    const efd::os::user_address from = address(argument);
    if (!efd::os::in_user_space(from, sizeof on) || !efd::os::copy_from_user(&on, from, sizeof on)) return fail(EFAULT);
    file->object().set_nonblock(on != 0);
    return 0;
}

efd_t* efd_fd_ctx(int fd) noexcept {
    const file_reference file = file_of(fd);
    if (!file) {
        errno = EBADF;
        return nullptr;
    }
    file->object().get();
    return reinterpret_cast<efd_t*>(&file->object());
}

int efd_fd_fdinfo(int fd, char* buf, size_t size) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    if (buf == nullptr && size != 0) return fail(EFAULT);
    if (bell_of(*file) < 0 || !efd::os::same_file(fd, file->bell())) return fail(EBADF); // closed without efd
    return static_cast<int>(efd::file::show_fdinfo(*file, fd, std::span(buf, size)));
}

} // extern "C"
