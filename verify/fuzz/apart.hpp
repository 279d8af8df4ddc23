// SPDX-License-Identifier: MIT
// verify/fuzz/apart.hpp: work in a process of its own, for calls that may never come back.
//
// Owns the child and the memory it leaves its report in. The parent has one thread when it forks. Invariant: a child
// that dies without a word, or is silent for longer than the bound, is reported as failed.
#pragma once

#include "fuzz/blocking_comparison.hpp"

#include <functional>

namespace efd::fuzz {

struct report {
    bool differs = false;
    bytes program; // that differs
    std::string words;
    blocking_tally tally;
};

// What the child does: it runs programs, and reports each before it runs.
using program_loop =
    std::function<std::optional<std::string>(const std::function<void(byte_view)>& begin, blocking_tally& tally)>;

report apart(const program_loop& what);

} // namespace efd::fuzz
