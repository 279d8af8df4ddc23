// bench/bench.hpp: the bench as a whole: which rows, run them, and say what came out.
//
// The face that the efd command uses. Runs in the calling thread, which gets its affinity back; nothing else of the
// process should run meanwhile. No row fails for being slow: gates are told, not enforced.
#pragma once

#include "bench/measure.hpp"
#include "bench/row.hpp"

#include <nlohmann/json.hpp>

#include <functional>
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
    std::vector<gate_result> gates;
    std::optional<double> kernel_over_efd; // median over the rounds
    std::string why_not;                   // empty if measured
};

// All rows, in order.
std::vector<row> all_rows(const settings& how);

// Told before each round.
using progress = std::function<void(const row& now, int round, int rounds)>;

row_result run_row(const row& what, const settings& how, const progress& tell);

nlohmann::ordered_json to_json(const std::vector<row_result>& results);

// The table for people; `coloured` only for a terminal.
std::string to_table(const std::vector<row_result>& results, bool coloured);

} // namespace efd::bench
