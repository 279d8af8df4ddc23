// SPDX-License-Identifier: MIT
// conformance/framework/number_calls.hpp: the calls that a program makes on the number of an eventfd, for each backend.
//
// Owns nothing. The kernel's are direct system calls, so that no wrapper checks their arguments first; the library's
// are efd_fd_*. They take any number, also a closed one. Any thread. Invariant: errno is read only if the call failed.
#pragma once

#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace efd::claims {

struct answer {
    long result;
    int error; // an errno, or zero
};
inline answer of_call(long result) { return {result, result < 0 ? errno : 0}; }

class number_calls {
  public:
    virtual ~number_calls() = default;
    virtual answer read(int fd, void* to, std::size_t length) const = 0;
    virtual answer readv(int fd, const iovec* parts, int count) const = 0;
    virtual answer write(int fd, const void* from, std::size_t length) const = 0;
    virtual answer writev(int fd, const iovec* parts, int count) const = 0;
    virtual answer close(int fd) const = 0;
    virtual answer dup(int fd) const = 0;
    virtual answer fcntl(int fd, int command, long argument) const = 0;
    virtual answer ioctl(int fd, unsigned long request, void* argument) const = 0;
    // The text of fdinfo; empty if there is none.
    virtual std::string fdinfo(int fd) const = 0;

    answer readv(int fd, const std::vector<iovec>& parts) const {
        return readv(fd, parts.data(), static_cast<int>(parts.size()));
    }
    answer writev(int fd, const std::vector<iovec>& parts) const {
        return writev(fd, parts.data(), static_cast<int>(parts.size()));
    }
};

} // namespace efd::claims
