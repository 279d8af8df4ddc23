// SPDX-License-Identifier: MIT
// cli/bench_report.hpp: the page of `efd bench --report`: a program in Python draws it from the results as JSON.
//
// Called by the main thread only. The program is beside the command in the build tree, and below the share directory
// where both are installed.
#pragma once

#include <filesystem>

namespace efd::cli {

// The raw results stand beside the page.
inline constexpr const char* raw_results = "bench.json";

// Throws if the page could not be drawn into this directory, which it makes; before a measurement of minutes.
void expect_report_possible(const std::filesystem::path& directory);

// Draws the page and its pictures from results that are in a file; throws if it cannot.
void draw_report(const std::filesystem::path& results, const std::filesystem::path& directory);

} // namespace efd::cli
