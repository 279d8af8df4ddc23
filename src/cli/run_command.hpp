// cli/run_command.hpp: `efd run`: a program that nobody rebuilt, with its eventfds in user space where that is safe.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace efd::cli {

// Adds the subcommand; `status` becomes the program's exit status. `behind` is what stood behind `--`, which is the
// program's and not to be parsed.
void add_run_command(CLI::App& app, const std::vector<std::string>& behind, int& status);

} // namespace efd::cli
