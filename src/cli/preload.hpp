// SPDX-License-Identifier: MIT
// cli/preload.hpp: where the drop-in is, and the environment that preloads it.
#pragma once

#include <filesystem>
#include <string>

namespace efd::cli {

// EFD_DROPIN_LIBRARY, or the library beside the command, as built or installed. Throws, with advice, if it is not there
// or if its path cannot be written in LD_PRELOAD.
[[nodiscard]] std::filesystem::path find_dropin();

// Sets the environment of this process, which is about to exec. The library goes behind what LD_PRELOAD already names,
// because sanitizers must come first. An empty profile or region changes nothing.
void preload_dropin(const std::string& profile, const std::string& region);

void set_environment(const char* name, const std::string& value);

} // namespace efd::cli
