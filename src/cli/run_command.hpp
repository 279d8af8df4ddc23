// SPDX-License-Identifier: MIT
// cli/run_command.hpp: `efd run`: a program that nobody rebuilt, with its eventfds in user space where that is safe.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

// What stood behind the first `--`, which is the program's and not to be parsed; nothing if there was no such mark.
using words_behind_mark = std::optional<std::vector<std::string>>;

// Adds the subcommand; `status` becomes the program's exit status.
void add_run_command(CLI::App& app, const words_behind_mark& behind, int& status);

} // namespace efd::cli
