// SPDX-License-Identifier: MIT
// cli/check_command.hpp: `efd check`: asks every claim of the kernel, the library, its descriptors, objects that two
// processes share, and the drop-in.
//
// Called once, by main, before any other thread exists: each claim runs in a forked child.
#pragma once

#include <CLI/CLI.hpp>

namespace efd::cli {

// Adds the subcommand, which stores in `status` after parsing: 0 nothing differs, 1 something does.
void add_check_command(CLI::App& app, int& status);

} // namespace efd::cli
