// SPDX-License-Identifier: MIT
// cli/failure.hpp: with which status the command ends, and what it says where the system refuses something.
#pragma once

#include <string>

namespace efd::cli {

inline constexpr int misused = 2;
inline constexpr int broke_down = 3;
inline constexpr int not_executable = 126; // as a shell says it
inline constexpr int not_found = 127;

// "No such file or directory", and for a limit that was reached which it is and how it is raised.
[[nodiscard]] std::string reason_of(int error);

// Throws "<what>: <reason>"; main prints it and ends with broke_down. `what` names the file or the thing refused.
[[noreturn]] void broken(const std::string& what, int error);
[[noreturn]] void broken(const std::string& what); // with errno

} // namespace efd::cli
