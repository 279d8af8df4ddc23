// SPDX-License-Identifier: MIT
// cli/completion.hpp: what a shell completes behind `efd`, from the same option tree that help is printed from.
//
// The hidden subcommand `efd completion SHELL` prints the script; the build runs it, and `cmake --install` installs
// what it printed.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace efd::cli {

// An option as a shell sees it.
struct completed_option {
    enum class value_kind { none, optional, needed }; // an optional one follows a `=` in the same word
    std::vector<std::string> names;                   // with their dashes
    std::string about;
    value_kind value = value_kind::none;
    std::string type;                 // FILE, PID and so on, as help says it
    std::vector<std::string> choices; // empty: others, too
    bool is_repeatable = false;
};

// A subcommand, or efd itself, whose name is empty.
struct completed_command {
    std::string name;
    std::string about;
    std::vector<completed_option> options;
    bool takes_program = false;    // as `efd run`
    bool takes_subcommand = false; // `efd help`
};

// The commands that help names; efd itself is the first.
[[nodiscard]] std::vector<completed_command> completed_commands(CLI::App& app);

// The scripts: pure functions of the commands.
[[nodiscard]] std::string bash_script(const std::vector<completed_command>& commands);
[[nodiscard]] std::string zsh_script(const std::vector<completed_command>& commands);
[[nodiscard]] std::string fish_script(const std::vector<completed_command>& commands);

void add_completion_command(CLI::App& app);

} // namespace efd::cli
