// SPDX-License-Identifier: MIT
// cli/program_file.hpp: the file of a program's name: whether the drop-in can be preloaded into it, and why it cannot
// be executed.
//
// Executes nothing. The result may be out of date a moment later; it decides only a message, and whether LD_PRELOAD is
// set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace efd::cli {

struct program_file {
    std::filesystem::path path; // as execvp finds it; empty: nowhere
    // A script's interpreter, and the interpreter's own if it is a script too; the last one is started.
    std::vector<std::filesystem::path> interpreters;
    [[nodiscard]] const std::filesystem::path& started() const {
        return interpreters.empty() ? path : interpreters.back();
    }
};
[[nodiscard]] program_file find_program(const std::string& name);

struct preload_outlook {
    bool is_understood = true; // false: its loader would complain of the library, or fail
    std::string kind;    // why the drop-in has no effect: "static", "musl", "setuid" and so on; empty if it has one
    std::string why_not; // the reason as a sentence
};
[[nodiscard]] preload_outlook outlook_of(const program_file& program);

// Why execvp failed with `error`; advice, if there is any, in a second line that begins with "Try: ".
[[nodiscard]] std::string exec_fault(const std::string& name, int error);

} // namespace efd::cli
