// SPDX-License-Identifier: MIT
// file/fcntl.cpp: see fcntl.hpp.
#include "file/fcntl.hpp"

#include <efd/detail/base/errc.hpp>

#include "file/anon_fd.hpp"
#include "file/kernel_file.hpp"
#include "os/fd.hpp"
#include "os/memory.hpp"

namespace efd::file {

using base::status;

namespace {

constexpr int nonblock = static_cast<int>(core::flag_nonblock);

int negated(status result) noexcept { return -static_cast<int>(base::to_errc(result)); }

// These use the file's own number: the caller's may name another file by now.

int get_status(const open_file& file) noexcept {
    const int kernels = os::status_flags(file.doorbell_fd());
    return kernels < 0 ? kernels : (kernels & ~nonblock) | (static_cast<int>(file.object().flags()) & nonblock);
}

int set_status(const open_file& file, int command, long flags) noexcept {
    const int result = os::control(file.doorbell_fd(), command, flags);
    if (result >= 0) file.object().set_nonblock((flags & nonblock) != 0);
    return result;
}

int set_signal(open_file& file, long number) noexcept {
    if (!os::is_signal(number)) return negated(status::invalid);
    file.set_signal(static_cast<int>(number));
    return 0;
}

int duplicate(open_file& file, int command, long lowest) noexcept {
    const int fd = os::control(file.doorbell_fd(), command, lowest);
    if (fd < 0) return fd;
    const status result = install_dup(fd, file);
    return result == status::ok ? fd : negated(result);
}

} // namespace

int do_fcntl(open_file& file, int fd, int command, long argument) noexcept {
    if (file.is_of_kernel()) return fcntl_in_kernel(fd, command, argument);
    switch (os::command_of(command)) {
    case os::command::get_status: return get_status(file);
    case os::command::set_status: return set_status(file, command, argument);
    case os::command::get_signal: return file.signal();
    case os::command::set_signal: return set_signal(file, argument);
    case os::command::duplicate: return duplicate(file, command, argument);
    case os::command::other: break;
    }
    return os::control(fd, command, argument);
}

int do_ioctl(open_file& file, int fd, unsigned long request, void* argument) noexcept {
    if (file.is_of_kernel() || !os::sets_nonblock(request)) return os::control_device(fd, request, argument);
    int on = 0;
    const auto from = reinterpret_cast<os::user_address>(argument);
    if (!os::in_user_space(from, sizeof on) || !os::copy_from_user(&on, from, sizeof on)) return negated(status::fault);
    file.object().set_nonblock(on != 0);
    return 0;
}

int do_dup(open_file& file, int fd) noexcept {
    return file.is_of_kernel() ? dup_in_kernel(fd) : duplicate(file, os::plain_duplicate, 0);
}

} // namespace efd::file
