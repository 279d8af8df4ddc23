// SPDX-License-Identifier: MIT
// cli/shared_counts.cpp: see shared_counts.hpp.
#include "cli/shared_counts.hpp"

#include "cli/failure.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace efd::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* memory_name = "efd-run";

// A limit on the size of files is a signal first.
bool resize(int fd, off_t length) {
    struct sigaction ignored{};
    struct sigaction before{};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGXFSZ, &ignored, &before);
    const int result = ::ftruncate(fd, length);
    const int why = errno;
    ::sigaction(SIGXFSZ, &before, nullptr);
    errno = why;
    return result == 0;
}

// Has the process a mapping of the memory with this inode.
bool maps(const fs::path& process, ino_t inode) {
    const std::string number = fmt::format(" {} ", inode);
    const std::string name = fmt::format("/memfd:{} ", memory_name);
    std::ifstream file(process / "maps");
    for (std::string line; std::getline(file, line);)
        if (line.find(name) != std::string::npos && line.find(number) != std::string::npos) return true;
    return false;
}

bool is_process(const fs::path& entry) {
    const std::string name = entry.filename();
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

shared_counts::shared_counts() : fd_(::memfd_create(memory_name, MFD_CLOEXEC)) {
    void* at = MAP_FAILED;
    if (fd_ >= 0 && resize(fd_, sizeof(dropin::region)))
        at = ::mmap(nullptr, sizeof(dropin::region), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) broken("no memory for the report");
    all_ = static_cast<const dropin::region*>(at);
    path_ = fmt::format("/proc/{}/fd/{}", ::getpid(), fd_);
}

shared_counts::~shared_counts() {
    ::munmap(const_cast<dropin::region*>(all_), sizeof(dropin::region));
    ::close(fd_);
}

unsigned shared_counts::users() const {
    struct stat found{};
    if (::fstat(fd_, &found) != 0) return 0;
    unsigned users = 0;
    std::error_code none;
    for (const fs::directory_entry& one : fs::directory_iterator("/proc", none)) {
        if (!is_process(one.path()) || one.path().filename() == std::to_string(::getpid())) continue;
        if (maps(one.path(), found.st_ino)) ++users;
    }
    return users;
}

} // namespace efd::cli
