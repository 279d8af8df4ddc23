// SPDX-License-Identifier: MIT
// file/kernel_file.cpp: see kernel_file.hpp.
#include "file/kernel_file.hpp"

#include <efd/detail/base/errc.hpp>
#include <efd/detail/base/order.hpp>

#include "file/anon_fd.hpp"
#include "file/open_file.hpp"
#include "os/fd.hpp"
#include "os/plain_eventfd.hpp"

namespace efd::file {

namespace {

// A number that the kernel has just given, in the table; or a negated errno.
int installed(int made) noexcept {
    if (made < 0) return made;
    const base::status result = install_dup(made, open_file::of_kernel());
    return result == base::status::ok ? made : -static_cast<int>(base::to_errc(result));
}

} // namespace

// A sanitizer knows nothing of the order that these calls make between threads. It is told one for all such numbers,
// since a duplicate names the same eventfd.

long read_in_kernel(int fd, const iov_iter& to) noexcept {
    const os::user_segment& whole = to.whole();
    const long got =
        to.is_vector() ? os::plain_readv(fd, to.array(), to.count()) : os::plain_read(fd, whole.base, whole.length);
    if (got > 0) base::order_acquire(&open_file::of_kernel());
    return got;
}

long write_in_kernel(int fd, const iov_iter& from) noexcept {
    base::order_release(&open_file::of_kernel());
    const os::user_segment& whole = from.whole();
    return from.is_vector() ? os::plain_writev(fd, from.array(), from.count())
                            : os::plain_write(fd, whole.base, whole.length);
}

int fcntl_in_kernel(int fd, int command, long argument) noexcept {
    switch (os::command_of(command)) {
    case os::command::set_status: return os::set_status_flags(fd, argument);
    case os::command::duplicate: return installed(os::control(fd, command, argument));
    default: return os::control(fd, command, argument);
    }
}

int dup_in_kernel(int fd) noexcept { return installed(os::plain_dup(fd)); }

} // namespace efd::file
