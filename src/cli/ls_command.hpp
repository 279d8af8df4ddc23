// SPDX-License-Identifier: MIT
// cli/ls_command.hpp: `efd ls`: every eventfd of the machine that the caller may see.
//
// Called once, by main, before any other thread exists.
#pragma once

#include <CLI/CLI.hpp>

namespace efd::cli {

// Adds the subcommand, which stores its exit status in `status` after parsing.
void add_ls_command(CLI::App& app, int& status);

} // namespace efd::cli
