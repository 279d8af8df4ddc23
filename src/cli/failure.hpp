// SPDX-License-Identifier: MIT
// cli/failure.hpp: the exit statuses of the command, and its messages when the system refuses something.
#pragma once

#include <string>

namespace efd::cli {

inline constexpr int misused = 2;
inline constexpr int broke_down = 3;
inline constexpr int not_executable = 126; // as a shell's
inline constexpr int not_found = 127;

// "No such file or directory"; for a limit that was reached, which one and how to raise it.
[[nodiscard]] std::string reason_of(int error);

// Throws "<what>: <reason>"; main prints it and ends with broke_down. `what` names the file or the refused thing.
[[noreturn]] void broken(const std::string& what, int error);
[[noreturn]] void broken(const std::string& what); // with errno

} // namespace efd::cli
