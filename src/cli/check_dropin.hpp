// cli/check_dropin.hpp: the claims of the kernel's eventfd, asked in a process that runs under the drop-in.
#pragma once

#include "claims/claim.hpp"

#include <map>
#include <string>
#include <string_view>

namespace efd::cli {

// This command once more, preloaded, with the same claims; each by its name. Throws if that process broke down.
[[nodiscard]] std::map<std::string, claims::outcome, std::less<>> ask_under_dropin(const std::string& claims,
                                                                                   const std::string& profile);

} // namespace efd::cli
