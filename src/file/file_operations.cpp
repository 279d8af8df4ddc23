// SPDX-License-Identifier: MIT
// file/file_operations.cpp: see file_operations.hpp.
#include "file/file_operations.hpp"

#include "os/errno.hpp"
#include "os/fd.hpp"
#include "os/plain_eventfd.hpp"
#include "watch/doorbell.hpp"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace efd::file {

using base::status;

namespace {

constexpr std::size_t unit = sizeof(std::uint64_t); // bytes of one read or write

// A vector that has done something by the time of a signal says how much, and is not restarted.
status write_one(core::context& object, const os::user_segment& from, bool is_first) noexcept {
    if (from.length != unit) return status::invalid;
    std::uint64_t value = 0;
    if (!os::in_user_space(from.base, unit) || !os::copy_from_user(&value, from.base, unit)) return status::fault;
    return is_first ? object.write(value) : object.write_until_handler(value);
}

// Of the kernel's own eventfd: what /proc shows.
moved copy_fdinfo(int fd, std::span<char> text) noexcept {
    const long length = os::read_fdinfo(fd, text);
    if (length >= 0) return {length, status::ok};
    return {0, length == -ENOSYS ? status::not_supported : os::status_of(static_cast<int>(length))};
}

} // namespace

moved read(open_file& file, iov_iter to) noexcept {
    if (const status refused = to.import(); refused != status::ok) return {0, refused};
    if (to.is_vector() && to.total() == 0) return {0, status::ok};
    if (to.total() < unit) return {0, status::invalid};
    std::uint64_t value = 0;
    if (const status result = file.object().read(value); result != status::ok) return {0, result};
    return {unit, to.copy_out(&value, unit)};
}

moved write(open_file& file, iov_iter from) noexcept {
    if (const status refused = from.import(); refused != status::ok) return {0, refused};
    if (from.is_vector() && from.total() == 0) return {0, status::ok};
    std::size_t done = 0;
    os::user_segment one{};
    status result = status::ok;
    while (result == status::ok && from.next(one, result)) {
        if (one.length == 0 && done > 0) continue;
        result = write_one(file.object(), one, done == 0);
        if (result == status::ok) done += unit;
    }
    return {static_cast<long>(done), done > 0 ? status::ok : result};
}

moved show_fdinfo(const open_file& file, int fd, std::span<char> text) noexcept {
    if (file.is_of_kernel()) return copy_fdinfo(fd, text);
    if (!os::same_file(fd, file.doorbell_fd())) return {0, status::bad_descriptor};
    core::context& object = file.object();
    constexpr unsigned nonblock = core::flag_nonblock;
    const auto kernels = static_cast<unsigned>(os::status_flags(fd)) & ~nonblock;
    const unsigned flags = kernels | (object.flags() & nonblock) | static_cast<unsigned>(os::exec_flag(fd));
    const os::file_place place = os::place_of_file(fd);
    const int length =
        std::snprintf(text.data(), text.size(),
                      "pos:\t0\nflags:\t0%o\nmnt_id:\t%" PRIu64 "\nino:\t%" PRIu64 "\neventfd-count: %16" PRIx64
                      "\neventfd-id: %d\neventfd-semaphore: %d\n",
                      flags, place.mount, place.inode, object.count(), object.id(), object.semaphore() ? 1 : 0);
    return {std::max(length, 0), status::ok};
}

void release(core::context& object) noexcept {
    // If the file has the last reference, the doorbell ends with the object. Otherwise the object lives on without it.
    // No number names the file, so no thread gets another reference through it.
    if (object.references() > 1) watch::doorbell::retire(object);
    object.release();
}

} // namespace efd::file
