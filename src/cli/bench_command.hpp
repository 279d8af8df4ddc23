// SPDX-License-Identifier: MIT
// cli/bench_command.hpp: `efd bench`: chooses rows, runs them, prints the table or the JSON.
//
// Called once, by main, before any other thread exists.
#pragma once

#include <CLI/CLI.hpp>

namespace efd::cli {

// Adds the subcommand; what it returns stands in `status` after parsing.
void add_bench_command(CLI::App& app, int& status);

} // namespace efd::cli
