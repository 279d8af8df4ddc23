// SPDX-License-Identifier: MIT
// cli/run_command.hpp: `efd run`: an unmodified program, with its eventfds in user space where that is safe.
#pragma once

#include "cli/dropin_report.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

// The words behind the first `--`, which belong to the program and are not parsed; nothing without that mark.
using words_behind_mark = std::optional<std::vector<std::string>>;

// The program and its arguments: `words` are those that no option took.
[[nodiscard]] std::vector<std::string> program_of(std::vector<std::string> words, const words_behind_mark& behind);

struct dropin_run {
    int status = 0; // as of waitpid
    bool has_begun = false;
    dropin_report report; // if it has begun
};
// Runs a program with the drop-in and counts what is saved. The settings are those of the environment.
[[nodiscard]] dropin_run run_with_dropin(const std::vector<std::string>& command);

// Adds the subcommand; `status` becomes the program's exit status.
void add_run_command(CLI::App& app, const words_behind_mark& behind, int& status);

} // namespace efd::cli
