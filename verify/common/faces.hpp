// SPDX-License-Identifier: MIT
// verify/common/faces.hpp: the calls on the number of an eventfd, of the kernel and of the library, behind the same
// names.
//
// Owns nothing; any thread may call. The kernel's are direct system calls, so that no wrapper checks their arguments
// first; the library's are efd_fd_*. They take any number, also a closed one. Results are those of the calls, with
// errno beside them; errno is 0 before each call, so that a call that touches it on success is seen.
#pragma once

#include <efd/efd.h>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace efd::common {

struct answer {
    long result;
    int error;
    bool operator==(const answer&) const = default;
};
inline std::ostream& operator<<(std::ostream& to, const answer& one) {
    return to << one.result << " (errno " << one.error << ")";
}

// Leaves errno as it was: signal handlers call this, too.
template <class Call>
answer asked(Call call) {
    const int before = errno;
    errno = 0;
    const long result = call();
    const answer all{result, errno};
    errno = before;
    return all;
}

struct kernel_face {
    static constexpr const char* name = "kernel";
    static answer make(unsigned initval, int flags) {
        return asked([&] { return ::syscall(SYS_eventfd2, initval, flags); });
    }
    static answer read(int fd, void* to, std::size_t length) {
        return asked([&] { return ::syscall(SYS_read, fd, to, length); });
    }
    static answer write(int fd, const void* from, std::size_t length) {
        return asked([&] { return ::syscall(SYS_write, fd, from, length); });
    }
    static answer readv(int fd, const iovec* parts, int count) {
        return asked([&] { return ::syscall(SYS_readv, fd, parts, long{count}); });
    }
    static answer writev(int fd, const iovec* parts, int count) {
        return asked([&] { return ::syscall(SYS_writev, fd, parts, long{count}); });
    }
    static answer close(int fd) {
        return asked([&] { return ::close(fd); });
    }
    static answer dup(int fd) {
        return asked([&] { return ::dup(fd); });
    }
    static answer fcntl(int fd, int command, long argument) {
        return asked([&] { return ::fcntl(fd, command, argument); });
    }
    static answer ioctl(int fd, unsigned long request, void* argument) {
        return asked([&] { return ::syscall(SYS_ioctl, fd, request, argument); });
    }
    static std::string fdinfo(int fd) {
        const std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
};

struct library_face {
    static constexpr const char* name = "library";
    static answer make(unsigned initval, int flags) {
        return asked([&] { return ::efd_eventfd(initval, flags); });
    }
    static answer read(int fd, void* to, std::size_t length) {
        return asked([&] { return ::efd_fd_read(fd, to, length); });
    }
    static answer write(int fd, const void* from, std::size_t length) {
        return asked([&] { return ::efd_fd_write(fd, from, length); });
    }
    static answer readv(int fd, const iovec* parts, int count) {
        return asked([&] { return ::efd_fd_readv(fd, parts, count); });
    }
    static answer writev(int fd, const iovec* parts, int count) {
        return asked([&] { return ::efd_fd_writev(fd, parts, count); });
    }
    static answer close(int fd) {
        return asked([&] { return ::efd_fd_close(fd); });
    }
    static answer dup(int fd) {
        return asked([&] { return ::efd_fd_dup(fd); });
    }
    static answer fcntl(int fd, int command, long argument) {
        return asked([&] { return ::efd_fd_fcntl(fd, command, argument); });
    }
    static answer ioctl(int fd, unsigned long request, void* argument) {
        return asked([&] { return ::efd_fd_ioctl(fd, request, argument); });
    }
    static std::string fdinfo(int fd) {
        char text[512] = {};
        return ::efd_fd_fdinfo(fd, text, sizeof text) > 0 ? text : "";
    }
};

} // namespace efd::common
