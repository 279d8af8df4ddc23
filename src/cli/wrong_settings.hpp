// SPDX-License-Identifier: MIT
// cli/wrong_settings.hpp: variables EFD_DROPIN* that are wrong, said before a program is started under the drop-in.
//
// Called by the main thread alone.
#pragma once

#include <string>

namespace efd::cli {

// Writes each to standard error, unless an `efd run` above this one has, and notes in the environment that it is done.
void report_wrong_settings();

// The profile that a program has with this environment.
[[nodiscard]] std::string effective_profile();

// The switch or a list keeps the drop-in from doing anything.
[[nodiscard]] bool is_switched_off();

} // namespace efd::cli
