// SPDX-License-Identifier: MIT
// cli/text.hpp: texts that fit into a table of 80 columns. Pure functions; all texts are ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace efd::cli {

inline constexpr std::size_t columns_of_a_page = 80;

// In at most `width` characters; a longer text has ".." in its middle, so that both its ends are seen.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

// In at most 7 characters: exact below ten million, then three digits and k, M, G, T, P or E.
[[nodiscard]] std::string short_number(std::uint64_t number);

// Lines of at most `width` characters, broken at blanks; a longer word has a line of its own. At least one line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// `text` wrapped, each line behind `indent` blanks and ended.
[[nodiscard]] std::string paragraph(std::string_view text, std::size_t indent);

// "strict, default or eager".
[[nodiscard]] std::string listed(const std::vector<std::string>& words, std::string_view last_word);

} // namespace efd::cli
