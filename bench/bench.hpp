// SPDX-License-Identifier: MIT
// bench/bench.hpp: the bench as a whole: chooses rows, runs them, returns results.
//
// The interface of the efd command. Each row runs in a process of its own (apart.hpp); this process should do nothing
// else meanwhile. No row fails for being slow: gates are reported, not enforced.
#pragma once

#include "bench/apart.hpp"
#include "bench/measure.hpp"
#include "bench/row.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace efd::bench {

struct gate_result {
    gate asked;
    std::string against; // the subject behind `of`; empty for absolute ones
    double ratio;        // median over the rounds; for absolute ones the median value itself
    bool met;
};

struct row_result {
    row what;
    int rounds = 0;
    std::vector<std::pair<std::string, std::vector<double>>> values; // by subject, one for each round
    std::vector<std::pair<std::string, latencies>> sampled;          // by subject; of those that have any
    std::vector<gate_result> gates;
    std::optional<spread> kernel_over_efd; // of the ratios of each round
    std::string best_peer;                 // the peer with the smallest median; empty if there is none
    std::string why_not;                   // empty if measured
    bool has_failed = false;               // not measured, although this machine can
};

// All rows, in order.
std::vector<row> all_rows(const settings& how);

row_result run_row(const row& what, const settings& how, const progress& tell);

// The values of a subject; null if the row has none of that name.
const std::vector<double>* values_of(const row_result& result, const std::string& subject_name);

} // namespace efd::bench
