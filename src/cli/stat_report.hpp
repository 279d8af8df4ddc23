// SPDX-License-Identifier: MIT
// cli/stat_report.hpp: the report of `efd stat`, as a table for people and as JSON. Pure functions.
#pragma once

#include "cli/dropin_report.hpp"
#include "cli/stat_cost.hpp"
#include "cli/stat_ledger.hpp"

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

struct stat_line {
    pid_t process = 0;
    int number = -1;
    std::string command;
    bool is_semaphore = false;
    bool is_shared_line = false;
    bool is_promoted = false; // by the drop-in, if it were there
    std::string why;          // or why not
    stat_counts counts;
};

struct stat_run {
    stat_counts total;
    double seconds = 0; // on the clock, with the tracing
    std::uint64_t eventfds = 0;
    std::uint64_t processes = 0;
    std::uint64_t still_running = 0; // of those, when the counting ended
    std::uint64_t calls_stopped = 0; // system calls of any kind
    double overhead_ns = 0;          // that tracing adds to a call, beside what the tracer itself does
    bool has_foreign_calls = false;
    bool has_rings = false;
    std::vector<stat_line> lines;
};

// The program once more, not traced, with the drop-in.
struct stat_trial {
    double seconds = 0;
    std::uint64_t calls = 0; // of the program
    std::uint64_t promoted = 0;
    stat_counts saved;   // the three of the drop-in alone
    std::string why_not; // the drop-in had no effect
};

struct stat_report {
    std::string subject; // the command, or the process
    bool is_attached = false;
    std::string why_not; // the drop-in has no effect on the program; empty if it has one
    std::vector<stat_run> runs;
    std::vector<stat_trial> trials;
    std::optional<stat_cost> cost;
};

// What was counted in one run; `overhead_ns` is taken from the time asleep, once for each sleep.
void add_lines(stat_run& to, const stat_ledger& from);

[[nodiscard]] stat_trial trial_of(const dropin_report& from, double seconds);

// Over the runs.
struct stat_figure {
    double mean = 0;
    double least = 0;
    double greatest = 0;
};
[[nodiscard]] stat_figure figure_of(const stat_report& report, const std::function<double(const stat_run&)>& of);
[[nodiscard]] stat_figure figure_of_trials(const stat_report& report,
                                           const std::function<double(const stat_trial&)>& of);
// Of the runs together, or of the trials if there are any: least and greatest are those of all.
[[nodiscard]] stat_estimate estimate_of(const stat_report& report);

[[nodiscard]] nlohmann::ordered_json to_json(const stat_report& report);
// In 80 columns, the busiest first. stat_table.cpp.
[[nodiscard]] std::string to_table(const stat_report& report, bool coloured);

} // namespace efd::cli
