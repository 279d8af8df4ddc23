// SPDX-License-Identifier: MIT
// The numbers of the process, and what is behind one of efd_eventfd: what the tests of descriptors ask.
//
// Owns nothing but the limit that fewer_numbers gives back.
#pragma once

#include "common/faces.hpp"

#include <cstdint>
#include <cstdlib>
#include <dirent.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <set>
#include <sys/resource.h>

namespace efd::tests {

inline std::set<int> open_numbers() {
    std::set<int> all;
    DIR* const list = ::opendir("/proc/self/fd");
    while (const dirent* const one = ::readdir(list)) all.insert(std::atoi(one->d_name));
    ::closedir(list);
    return all;
}

inline unsigned says(int fd) {
    pollfd one{fd, POLLIN | POLLOUT, 0};
    EXPECT_GE(::poll(&one, 1, 0), 0);
    return static_cast<unsigned>(one.revents);
}

using common::answer;
using common::library_face;

inline answer add(int fd, std::uint64_t n) { return library_face::write(fd, &n, sizeof n); }
inline answer take(int fd, std::uint64_t& n) { return library_face::read(fd, &n, sizeof n); }

// The number of files that this process may have, for as long as it lives.
class fewer_numbers {
  public:
    explicit fewer_numbers(rlim_t most) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit now{most, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~fewer_numbers() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    fewer_numbers& operator=(fewer_numbers&&) = delete; // neither copied nor moved

  private:
    rlimit before_{};
};

} // namespace efd::tests
