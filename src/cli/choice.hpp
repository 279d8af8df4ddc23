// SPDX-License-Identifier: MIT
// cli/choice.hpp: an option that takes one of a few words, with help and errors that name them in plain words.
#pragma once

#include "cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

namespace efd::cli {

// For CLI::Option::check. It has no description of its own: CLI11 would append that to the option's type.
inline CLI::Validator one_of(std::vector<std::string> words) {
    return CLI::Validator(
        [words = std::move(words)](const std::string& given) {
            if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
            return fmt::format("'{}' is not {}", given, listed(words, "or"));
        },
        "");
}

} // namespace efd::cli
