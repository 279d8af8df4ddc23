// SPDX-License-Identifier: MIT
// cli/preload.hpp: where the drop-in is, and the environment in which a program gets it.
#pragma once

#include <filesystem>
#include <string>

namespace efd::cli {

// EFD_DROPIN_LIBRARY, or beside the command as it was built or installed. Throws, and says what to do, if it is nowhere
// or where the loader cannot be told of.
[[nodiscard]] std::filesystem::path find_dropin();

// Of this process, which is about to exec: the library goes behind what LD_PRELOAD names already, as sanitizers must
// come first. Profile and region that are empty stay as they are.
void preload_dropin(const std::string& profile, const std::string& region);

void set_environment(const char* name, const std::string& value);

} // namespace efd::cli
