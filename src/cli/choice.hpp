// SPDX-License-Identifier: MIT
// cli/choice.hpp: an option that takes one of a few words; help, errors and completion list them.
#pragma once

#include "cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <string_view>
#include <vector>

namespace efd::cli {

inline constexpr std::string_view choice_mark = "choice of ";

// For CLI::Option::check. It has no description of its own: CLI11 would append that to the option's type. Its name has
// the words, for choices_of.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
    CLI::Validator checks(
        [words](const std::string& given) {
            if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
            return fmt::format("'{}' is not {}", given, listed(words, "or"));
        },
        "");
    checks.name(fmt::format("{}{}", choice_mark, fmt::join(words, " ")));
    return checks;
}

// The words that an option takes; empty where it takes others too.
inline std::vector<std::string> choices_of(CLI::Option& option) {
    try {
        const std::string name = option.get_validator()->get_name();
        if (!name.starts_with(choice_mark)) return {};
        return CLI::detail::split(name.substr(choice_mark.size()), ' ');
    } catch (const CLI::OptionNotFound&) { // it has no validator
        return {};
    }
}

} // namespace efd::cli
