// SPDX-License-Identifier: MIT
// cli/shared_counts.hpp: the memory that all processes of one run share, for its report.
//
// A memfd of this process, so that nothing is left behind whatever becomes of it, and the size of /dev/shm does not
// matter. Processes open it by its name in /proc, until this one has ended. One thread.
#pragma once

#include "dropin/table/region.hpp"

#include <string>

namespace efd::cli {

class shared_counts {
  public:
    shared_counts();
    ~shared_counts();
    shared_counts(const shared_counts&) = delete;
    shared_counts& operator=(const shared_counts&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const dropin::region& all() const { return *all_; }
    // Processes that have it mapped now, but for this one: they go on, and what they do is counted no more.
    [[nodiscard]] unsigned users() const;

  private:
    int fd_;
    std::string path_;
    const dropin::region* all_ = nullptr;
};

} // namespace efd::cli
