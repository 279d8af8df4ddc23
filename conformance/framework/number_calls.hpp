// SPDX-License-Identifier: MIT
// conformance/framework/number_calls.hpp: the calls that a program makes on the number of an eventfd, for each backend.
//
// Owns nothing; the calls are those of common/faces.hpp. Any thread. Invariant: errno is read only if the call failed.
#pragma once

#include "common/faces.hpp"

#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace efd::claims {

using common::answer;

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

template <class Face>
class calls_of final : public number_calls {
  public:
    answer read(int fd, void* to, std::size_t length) const override { return judged(Face::read(fd, to, length)); }
    answer readv(int fd, const iovec* parts, int count) const override { return judged(Face::readv(fd, parts, count)); }
    answer write(int fd, const void* from, std::size_t length) const override {
        return judged(Face::write(fd, from, length));
    }
    answer writev(int fd, const iovec* parts, int count) const override {
        return judged(Face::writev(fd, parts, count));
    }
    answer close(int fd) const override { return judged(Face::close(fd)); }
    answer dup(int fd) const override { return judged(Face::dup(fd)); }
    answer fcntl(int fd, int command, long argument) const override {
        return judged(Face::fcntl(fd, command, argument));
    }
    answer ioctl(int fd, unsigned long request, void* argument) const override {
        return judged(Face::ioctl(fd, request, argument));
    }
    std::string fdinfo(int fd) const override { return Face::fdinfo(fd); }

    static const number_calls& all() {
        static const calls_of calls;
        return calls;
    }

  private:
    static answer judged(answer found) { return {found.result, found.result < 0 ? found.error : 0}; }
};

} // namespace efd::claims
