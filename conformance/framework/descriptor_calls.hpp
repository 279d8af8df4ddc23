// SPDX-License-Identifier: MIT
// conformance/framework/descriptor_calls.hpp: plain calls on a descriptor for claims, with errno values as results.
//
// Owns nothing. For claims that need a descriptor of their own (a dup, a descriptor of another object) beside that of
// the backend's object. Any thread. Invariant: zero is success, and errno is that of the one call made.
#pragma once

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::claims {

inline constexpr std::uint64_t max_count = UINT64_MAX;      // only a signal gets there
inline constexpr std::uint64_t full_count = UINT64_MAX - 1; // the largest count that a write leaves

// Zero, or errno, of a call that says -1 on failure.
inline int error_of(long result) { return result == -1 ? errno : 0; }

// Zero, errno, or EIO if the call moved other than eight bytes.
inline int add_to(int fd, std::uint64_t value) {
    const ssize_t done = ::write(fd, &value, sizeof value);
    return done == 8 ? 0 : done == -1 ? errno : EIO;
}
inline int take_from(int fd, std::uint64_t& value) {
    const ssize_t done = ::read(fd, &value, sizeof value);
    return done == 8 ? 0 : done == -1 ? errno : EIO;
}

// The whole of /proc/self/fdinfo/FD, empty if there is none.
inline std::string fdinfo_of(int fd) {
    const std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The value of the line `name` in a text of fdinfo, without leading blanks; empty if there is none.
inline std::string field_of(const std::string& fdinfo, const std::string& name) {
    std::istringstream lines(fdinfo);
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(name + ":", 0) == 0) {
            const auto start = line.find_first_not_of(" \t", name.size() + 1);
            return start == std::string::npos ? std::string() : line.substr(start);
        }
    return {};
}
inline std::string fdinfo_field(int fd, const std::string& name) { return field_of(fdinfo_of(fd), name); }
inline int id_in(const std::string& fdinfo) {
    const std::string text = field_of(fdinfo, "eventfd-id");
    return text.empty() ? -1 : std::stoi(text);
}
inline int id_of(int fd) { return id_in(fdinfo_of(fd)); }
inline std::uint64_t count_of(int fd) {
    const std::string text = fdinfo_field(fd, "eventfd-count");
    return text.empty() ? 0 : std::stoull(text, nullptr, 16);
}

// Whether this process owns the inode that all anonymous files share, which is root's. Otherwise, also for root of a
// user namespace only, permission errors come before other errors of the kernel.
inline bool owns_inode_of(int fd) {
    struct stat of{};
    return ::fstat(fd, &of) == 0 && of.st_uid == ::geteuid();
}

// An address in user space without memory behind it: the kernel finds out by touching it.
inline void* no_memory_there() { return ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

} // namespace efd::claims
