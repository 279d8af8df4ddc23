// SPDX-License-Identifier: MIT
// cli/help.hpp: the layout of help, in 80 columns, and the subcommands `efd help` and `efd version`.
//
// Called once each, by main, before any other thread exists.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace efd::cli {

// For the app and all subcommands that are added to it afterwards.
void set_help_format(CLI::App& app);

// `efd help [SUBCOMMAND]`: as --help. `efd version`: the version, and where library and drop-in are.
void add_telling_commands(CLI::App& app);

// "run, check, bench, ls, help and version": the subcommands of this build.
[[nodiscard]] std::string subcommand_names(const CLI::App& app);

} // namespace efd::cli
