// SPDX-License-Identifier: MIT
// os/plain_eventfd.cpp: see plain_eventfd.hpp.
#include "os/plain_eventfd.hpp"

#include "os/errno.hpp"
#include "os/fd.hpp"
#include "os/open_call.hpp"
#include "os/raw_call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>

namespace efd::os {
namespace {

// One of the four calls that move bytes: amount is a number of bytes or of segments.
long move_bytes(long call, int fd, user_address at, unsigned long amount) noexcept {
    const errno_keeper keeper;
    const long given = ::syscall(call, fd, at, amount);
    return given >= 0 ? given : -long{errno};
}

// The file that describes the number: of this thread, since threads may have tables of their own.
int open_fdinfo(int fd) noexcept {
    constexpr char directory[] = "/proc/thread-self/fdinfo/";
    std::array<char, sizeof directory + 16> path{};
    char* const end = std::copy_n(directory, sizeof directory - 1, path.data());
    *std::to_chars(end, path.data() + path.size() - 1, fd).ptr = '\0';
    return open_uncancelled(AT_FDCWD, path.data(), O_RDONLY | O_CLOEXEC, 0);
}

} // namespace

int make_plain_eventfd(unsigned initval, int flags) noexcept {
    const errno_keeper keeper;
    return result_of(raw_eventfd(initval, flags));
}

long plain_read(int fd, user_address to, std::size_t bytes) noexcept { return move_bytes(SYS_read, fd, to, bytes); }
long plain_write(int fd, user_address from, std::size_t bytes) noexcept {
    return move_bytes(SYS_write, fd, from, bytes);
}

// As the kernel takes it: a number of segments below zero is judged there.
long plain_readv(int fd, user_address segments, int count) noexcept {
    return move_bytes(SYS_readv, fd, segments, static_cast<unsigned long>(long{count}));
}
long plain_writev(int fd, user_address segments, int count) noexcept {
    return move_bytes(SYS_writev, fd, segments, static_cast<unsigned long>(long{count}));
}

int plain_dup(int fd) noexcept {
    const errno_keeper keeper;
    return result_of(static_cast<int>(::syscall(SYS_dup, fd)));
}

int set_status_flags(int fd, long flags) noexcept {
    const errno_keeper keeper;
    return result_of(raw_fcntl(fd, F_SETFL, flags));
}

long read_fdinfo(int fd, std::span<char> text) noexcept {
    const errno_keeper keeper;
    if (raw_fcntl(fd, F_GETFD, 0) < 0) return -EBADF;
    const int file = open_fdinfo(fd);
    if (file < 0) return file == -ENOENT ? -ENOSYS : file;
    const std::size_t room = text.empty() ? 0 : text.size() - 1;
    std::size_t length = 0;
    std::array<char, 256> piece;
    long got = 0;
    while ((got = raw_read(file, piece.data(), piece.size())) > 0) {
        const auto bytes = static_cast<std::size_t>(got);
        if (length < room) std::copy_n(piece.data(), std::min(bytes, room - length), text.data() + length);
        length += bytes;
    }
    raw_close(file);
    if (!text.empty()) text[std::min(length, room)] = '\0';
    return static_cast<long>(length);
}

} // namespace efd::os
