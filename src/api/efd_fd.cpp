// SPDX-License-Identifier: MIT
// api/efd_fd.cpp: the C border of file/. Turns a number into a file and a status into errno, and does nothing else.
#include <efd/efd.h>

#include "api/c_border.hpp"
#include "api/made.hpp"
#include "file/anon_fd.hpp"
#include "file/descriptor_table.hpp"
#include "file/fcntl.hpp"
#include "file/file_operations.hpp"
#include "file/kernel_file.hpp"
#include "os/memory.hpp"
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

namespace {

efd::os::user_address address(const void* of) noexcept { return reinterpret_cast<efd::os::user_address>(of); }

file_reference file_of(int fd) noexcept { return descriptor_table::instance().use(fd); }

ssize_t answer_moved(const efd::file::moved& result) noexcept {
    return result.status == status::ok ? ssize_t{result.bytes} : ssize_t{answer(result.status)};
}

// What the kernel, or efd in its place, has answered: a result, or a negated errno.
template <class Result>
Result answer_kernel(Result result) noexcept {
    return result >= 0 ? result : Result{fail(static_cast<int>(-result))};
}

ssize_t read_on(int fd, const iov_iter& to) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    return file->is_of_kernel() ? answer_kernel(efd::file::read_in_kernel(fd, to))
                                : answer_moved(efd::file::read(*file, to));
}

ssize_t write_on(int fd, const iov_iter& from) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    return file->is_of_kernel() ? answer_kernel(efd::file::write_in_kernel(fd, from))
                                : answer_moved(efd::file::write(*file, from));
}

} // namespace

extern "C" {

int efd_eventfd(unsigned initval, int flags) noexcept {
    const auto way = (flags & EFD_EVERY) != 0 ? efd::watch::ring_way::every : efd::watch::ring_way::level;
    const auto bits = static_cast<unsigned>(flags & ~(EFD_EVERY | EFD_SHARED));
    if (!efd::core::may_create(initval, bits)) return fail(EINVAL);
    int fd = -1;
    const status result = (flags & EFD_SHARED) != 0 ? efd::file::make_kernel_descriptor(initval, bits, fd)
                                                    : efd::file::make_descriptor(initval, bits, way, fd);
    if (efd::core::is_traced() && result == status::ok && (flags & EFD_SHARED) == 0) [[unlikely]] {
        const file_reference file = file_of(fd);
        if (file) efd::api::report_made(&file->object());
    }
    return answer(result, fd);
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
    return file ? answer_kernel(efd::file::do_dup(*file, fd)) : fail(EBADF);
}

int efd_fd_fcntl(int fd, int command, long argument) noexcept {
    const file_reference file = file_of(fd);
    return file ? answer_kernel(efd::file::do_fcntl(*file, fd, command, argument)) : fail(EBADF);
}

int efd_fd_ioctl(int fd, unsigned long request, void* argument) noexcept {
    const file_reference file = file_of(fd);
    return file ? answer_kernel(efd::file::do_ioctl(*file, fd, request, argument)) : fail(EBADF);
}

efd_t* efd_fd_ctx(int fd) noexcept {
    const file_reference file = file_of(fd);
    if (!file) {
        errno = EBADF;
        return nullptr;
    }
    if (file->is_of_kernel()) {
        errno = EOPNOTSUPP;
        return nullptr;
    }
    file->object().get();
    return reinterpret_cast<efd_t*>(&file->object());
}

int efd_fd_fdinfo(int fd, char* buf, size_t size) noexcept {
    const file_reference file = file_of(fd);
    if (!file) return fail(EBADF);
    if (buf == nullptr && size != 0) return fail(EFAULT);
    return static_cast<int>(answer_moved(efd::file::show_fdinfo(*file, fd, std::span(buf, size))));
}

} // extern "C"
