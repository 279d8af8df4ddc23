// SPDX-License-Identifier: MIT
// cli/shared_counts.hpp: the memory that all processes of one run share, for its report.
//
// A memfd of this process: nothing is left behind, and the size of /dev/shm does not matter. Processes open it by its
// name in /proc until this process has ended. One thread.
#pragma once

#include "dropin/table/region.hpp"

#include <string>

namespace efd::cli {

class shared_counts {
  public:
    shared_counts();
    ~shared_counts();
    shared_counts& operator=(shared_counts&&) = delete; // neither copied nor moved

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const dropin::region& all() const { return *all_; }
    // Other processes that map it now: they go on, and what they do is no longer counted.
    [[nodiscard]] unsigned users() const;

  private:
    int fd_;
    std::string path_;
    const dropin::region* all_ = nullptr;
};

} // namespace efd::cli
