// SPDX-License-Identifier: MIT
// Saved states along the path of a search, and how an execution is begun.
#pragma once

#include "explorer/search.hpp"

#include <cstddef>
#include <vector>

namespace explore {

// A stack of whole states: machine, fibers' stacks, arena, named regions.
class snapshots {
  public:
    std::size_t save();
    void restore(std::size_t at) const noexcept;
    void drop(std::size_t at) noexcept { bytes_.resize(at); }
    void clear() noexcept { bytes_.clear(); }

  private:
    std::vector<unsigned char> bytes_;
};

// Makes the scenario's plain memory anew, in the arena.
void prepare(const scenario& what);
// Begins an execution: every thread stands before its first shared step.
void start(const scenario& what);

} // namespace explore
