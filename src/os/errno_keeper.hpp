// SPDX-License-Identifier: MIT
// os/errno_keeper.hpp: what a system call leaves in errno stays inside src/os.
#pragma once

#include <cerrno>

namespace efd::os {

class errno_keeper {
  public:
    errno_keeper() noexcept : saved_(errno) {}
    ~errno_keeper() { errno = saved_; }
    errno_keeper(const errno_keeper&) = delete;
    errno_keeper& operator=(const errno_keeper&) = delete;

  private:
    int saved_;
};

} // namespace efd::os
