// SPDX-License-Identifier: MIT
// cli/pattern.cpp: see pattern.hpp.
#include "cli/pattern.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace efd::cli {
namespace {

constexpr std::size_t longest = 1000; // std::regex calls itself for each bracket, until the stack is full

} // namespace

pattern::pattern(const char* option, const std::string& text) : everything_(text.empty()) {
    if (text.size() > longest)
        throw CLI::ValidationError(fmt::format("{}: the regular expression has {} signs, and may have {}; use a part "
                                               "of the name",
                                               option, text.size(), longest));
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
