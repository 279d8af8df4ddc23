// SPDX-License-Identifier: MIT
// cli/check_dropin.hpp: the claims of the kernel's eventfd, asked in a process that runs under the drop-in.
//
// That process is this command once more, preloaded. It prints one line for each answer at once, in the order of the
// claims, so that this process can show progress. Called by the main thread.
#pragma once

#include "conformance/framework/claim.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace efd::cli {

// The answers to the `number` claims that `claims` matches, in their order. Calls `tell` with the index of the claim
// that is asked now, from 0. Throws if that process broke down.
[[nodiscard]] std::vector<claims::outcome> ask_under_dropin(const std::string& claims, const std::string& profile,
                                                            std::size_t number,
                                                            const std::function<void(std::size_t)>& tell);
// What that process prints for one answer.
[[nodiscard]] std::string line_of(const claims::outcome& answer);

} // namespace efd::cli
