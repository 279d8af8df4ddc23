// SPDX-License-Identifier: MIT
// verify/fuzz/apart.hpp: work in a process of its own, for calls that may never come back.
//
// Owns the child and the memory it leaves its report in. The parent has one thread when it forks. Invariant: a child
// that dies without a word, or is silent for longer than the bound, is reported as failed.
#pragma once

#include "fuzz/stage.hpp"

#include <functional>

namespace efd::fuzz {

struct report {
    bool differs = false;
    bytes program; // that differs
    std::string words;
    stage_tally tally;
};

// What the child does: plays until it is content; the program it is at must be told before it runs.
using playing =
    std::function<std::optional<std::string>(const std::function<void(byte_view)>& begin, stage_tally& tally)>;

report apart(const playing& what);

} // namespace efd::fuzz
