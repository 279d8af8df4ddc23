// SPDX-License-Identifier: MIT
// cli/pattern.cpp: see pattern.hpp.
#include "cli/pattern.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace efd::cli {

pattern::pattern(const char* option, const std::string& text) : everything_(text.empty()) {
    try {
        expression_ = std::regex(text);
    } catch (const std::regex_error& broken) {
        throw CLI::ValidationError(fmt::format("{}: '{}' is no regular expression ({}); quote special signs with \\",
                                               option, text, broken.what()));
    }
}

bool pattern::matches(std::string_view name) const {
    return everything_ || std::regex_search(name.begin(), name.end(), expression_);
}

} // namespace efd::cli
