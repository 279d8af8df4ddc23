// SPDX-License-Identifier: MIT
// cli/top_command.hpp: `efd top`, the objects of observed processes as they change.
#pragma once

#include <CLI/CLI.hpp>

namespace efd::cli {

// status becomes the exit status when the subcommand is run.
void add_top_command(CLI::App& app, int& status);

} // namespace efd::cli
