// SPDX-License-Identifier: MIT
// cli/wrong_settings.hpp: reports wrong variables EFD_DROPIN* before a program is started under the drop-in.
//
// Called by the main thread only.
#pragma once

#include <string>

namespace efd::cli {

// Writes each to standard error, unless a parent `efd run` has, and notes that in the environment.
void report_wrong_settings();

// The profile of a program with this environment.
[[nodiscard]] std::string effective_profile();

// Whether the switch or a list disables the drop-in.
[[nodiscard]] bool is_switched_off();

} // namespace efd::cli
