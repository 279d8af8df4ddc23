// SPDX-License-Identifier: MIT
// cli/owned_fd.hpp: a descriptor of the command's own, closed at the end of its scope.
#pragma once

#include <unistd.h>

namespace efd::cli {

class owned_fd {
  public:
    explicit owned_fd(int fd) : fd_(fd) {}    // below zero: none
    owned_fd& operator=(owned_fd&&) = delete; // neither copied nor moved
    ~owned_fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  private:
    int fd_;
};

} // namespace efd::cli
