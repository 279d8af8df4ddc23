// SPDX-License-Identifier: MIT
// cli/stat_command.hpp: `efd stat`: what the eventfds of an unchanged program cost.
#pragma once

#include "cli/run_command.hpp"

namespace efd::cli {

// Adds the subcommand; `status` becomes the program's exit status, or 0 after `-p`.
void add_stat_command(CLI::App& app, const words_behind_mark& behind, int& status);

} // namespace efd::cli
