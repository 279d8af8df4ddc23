// SPDX-License-Identifier: MIT
// cli/bench_compare.hpp: two results of `efd bench --json`, compared row by row.
//
// Pure functions over what the files say; both files may be hostile. Less is better in every row. A change is a change
// only if the ranges from least to greatest do not overlap, and only efd's own subjects are judged: those of the kernel
// and the peers show what the machine did meanwhile.
#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace efd::cli {

struct measured_range {
    double median = 0;
    double least = 0;
    double greatest = 0;
};

struct measured_row {
    std::string name;
    std::string unit;
    int rounds = 0;
    std::map<std::string, measured_range> subjects;
    std::map<std::string, measured_range> kernel_over_efd; // empty, or one without a name
    std::string not_measured;                              // why; empty if it was
};

struct measured_file {
    std::string path;
    std::string version;
    std::string kernel;
    std::string processor;
    int processors = 0;
    bool is_busy = false;
    std::vector<measured_row> rows;
};

// `machine`: the kernel's eventfd changed with it, and the ratio of both is what it was. `unknown`: a time of one round
// has no range to compare.
enum class verdict { worse, better, unknown, machine, same };

struct change {
    std::string row;
    std::string subject;
    std::string unit;
    measured_range before;
    measured_range after;
    double times = 0; // median after / median before; 0 where one of them is not above zero
    verdict how = verdict::same;
};

struct not_compared {
    std::string row; // with its subject, if only that is missing
    std::string why;
};

struct comparison {
    measured_file before;
    measured_file after;
    std::vector<std::string> cautions;
    std::vector<change> changes; // by verdict, then the greatest change first
    std::vector<not_compared> missing;

    [[nodiscard]] std::size_t number_of(verdict how) const;
};

// Throws std::runtime_error with a sentence if it is no result of `efd bench --json`.
[[nodiscard]] measured_file read_measured(const std::string& path);

[[nodiscard]] comparison compare(measured_file before, measured_file after);

// "worse", and so on.
[[nodiscard]] const char* word_of(verdict how);

// For people, in 80 columns; with `all`, rows without a change too, and the ranges of each.
[[nodiscard]] std::string table_of(const comparison& result, bool all, bool is_coloured);
[[nodiscard]] nlohmann::ordered_json to_json(const comparison& result);

} // namespace efd::cli
