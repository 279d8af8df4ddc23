// SPDX-License-Identifier: MIT
// cli/program_file.hpp: the file that a program's name stands for: whether the drop-in can be preloaded into it, and
// what is wrong with it if it cannot be executed.
//
// Looks, and executes nothing. What it says can be out of date a moment later; it decides no more than a sentence, and
// whether LD_PRELOAD is set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace efd::cli {

struct program_file {
    std::filesystem::path path; // as execvp finds it; empty: nowhere
    // A script's interpreter, and that one's if it is a script too; the last of them is what is started.
    std::vector<std::filesystem::path> interpreters;
    [[nodiscard]] const std::filesystem::path& started() const {
        return interpreters.empty() ? path : interpreters.back();
    }
};
[[nodiscard]] program_file find_program(const std::string& name);

struct preload_outlook {
    bool is_understood = true; // false: its loader would complain of the library, or fail
    std::string kind;          // "static", "musl", "setuid" and so on, why the drop-in has no effect; empty if it has
    std::string why_not;       // the same as a sentence
};
[[nodiscard]] preload_outlook outlook_of(const program_file& program);

// Why execvp failed with `error`; where something can be done about it, in a second line that begins with "Try: ".
[[nodiscard]] std::string exec_fault(const std::string& name, int error);

} // namespace efd::cli
