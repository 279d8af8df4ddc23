// SPDX-License-Identifier: MIT
// verify/linearize/campaign.hpp: many histories, recorded and checked; the parts of the program and of its short form.
//
// Owns nothing. Findings are written to standard error as they are made; what is counted comes back as a value. Called
// by one thread; the recorder makes the others.
#pragma once

#include "linearize/mutate.hpp"
#include "linearize/plan.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace efd::linearize {

struct bounds {
    std::chrono::nanoseconds time{0};
    std::uint64_t histories = 0; // no bound if zero
    std::uint64_t seed = 1;
    std::optional<regime> only = std::nullopt;
    bool progress = false;
};

struct tally {
    std::uint64_t histories = 0;
    std::uint64_t operations = 0;
    std::uint64_t states = 0;
    std::uint64_t rejected = 0;  // of the library: findings
    std::uint64_t undecided = 0; // beyond the search's memory
    std::uint64_t lost = 0;      // did not end; then the campaign ends too, and the process should
    std::uint64_t mutated = 0;
    std::uint64_t mutated_rejected = 0;
    [[nodiscard]] std::uint64_t failures() const { return rejected + undecided + lost + mutated - mutated_rejected; }
};

// Histories of efd::eventfd, each a little different; every fourth is also changed in one place and must be rejected.
[[nodiscard]] tally watch_library(const bounds& within);

// The same recorder and checker over the plain object that is right.
[[nodiscard]] tally watch_sketch(const bounds& within);

// One broken kind: caught if one of its histories, tries at most, is rejected.
struct broken {
    std::string_view name;
    regime where;
    bool (*caught)(regime where, std::uint64_t seed, std::uint64_t tries, bool tell);
};
[[nodiscard]] const std::vector<broken>& broken_kinds();

} // namespace efd::linearize
