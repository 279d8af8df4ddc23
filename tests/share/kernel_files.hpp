// SPDX-License-Identifier: MIT
// tests/share/kernel_files.hpp: files of memory made by hand, and what /proc/self says of this process.
//
// Owns what a kernel_file owns: one descriptor. Nothing here goes through the library.
#pragma once

#include "share/layout.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace efd::tests {

class kernel_file {
  public:
    explicit kernel_file(int fd) : fd_(fd) {}
    kernel_file(kernel_file&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    kernel_file& operator=(kernel_file&&) = delete;
    ~kernel_file() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] struct stat status() const {
        struct stat about{};
        ::fstat(fd_, &about);
        return about;
    }
    // The bytes of the file, without mapping it.
    [[nodiscard]] std::vector<unsigned char> bytes(std::uint64_t from, std::uint64_t number) const {
        std::vector<unsigned char> all(static_cast<std::size_t>(number));
        const ssize_t got = ::pread(fd_, all.data(), all.size(), static_cast<off_t>(from));
        all.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return all;
    }

  private:
    int fd_;
};

inline constexpr int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// A header as the library writes it.
inline share::header good_header(share::numbers n = {}) {
    const share::layout where = share::layout_of(n);
    share::header made{};
    made.magic = share::header_magic;
    made.version = share::layout_version;
    made.byte_order = share::byte_order_mark;
    made.bytes = where.bytes;
    made.slots = where.slots;
    made.processes = where.processes;
    made.names = where.names;
    made.first_look_ms = where.first_look_ms;
    made.last_look_ms = where.last_look_ms;
    made.sets = where.sets;
    return made;
}

// A memfd of that size, mode and header.
struct memory_plan {
    share::header header = good_header();
    std::uint64_t bytes = share::layout_of({}).bytes;
    mode_t mode = 0600;
    int seals = all_seals;
};
inline kernel_file hostile_memory(const memory_plan& plan) {
    kernel_file file(::memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    bool done = ::fchmod(file.fd(), plan.mode) == 0 && ::ftruncate(file.fd(), static_cast<off_t>(plan.bytes)) == 0;
    if (plan.bytes >= sizeof plan.header)
        done = done && ::pwrite(file.fd(), &plan.header, sizeof plan.header, 0) == sizeof plan.header;
    if (plan.seals != 0) done = done && ::fcntl(file.fd(), F_ADD_SEALS, plan.seals) == 0;
    return done ? std::move(file) : kernel_file(-1);
}

// How many descriptors this process has.
inline std::size_t open_descriptors() {
    DIR* const all = ::opendir("/proc/self/fd");
    if (all == nullptr) return 0;
    std::size_t number = 0;
    while (::readdir(all) != nullptr) ++number;
    ::closedir(all);
    return number;
}

// The permissions that /proc/self/maps has for an address ("rw-s"); empty: nothing is mapped.
inline std::string permissions_at(std::uintptr_t address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::size_t begin = 0;
        std::size_t end = 0;
        char how[5] = {};
        if (std::sscanf(line.c_str(), "%zx-%zx %4s", &begin, &end, how) != 3) continue;
        if (begin <= address && address < end) return how;
    }
    return "";
}

inline std::size_t lines_of_maps(const char* with) {
    std::ifstream maps("/proc/self/maps");
    std::size_t number = 0;
    for (std::string line; std::getline(maps, line);) number += line.find(with) != std::string::npos ? 1U : 0U;
    return number;
}

// The size of all that is mapped, in KiB.
inline std::size_t mapped_kib() {
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages;
    return pages * (static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024);
}

} // namespace efd::tests
