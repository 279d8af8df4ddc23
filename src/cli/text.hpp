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

// In at most `width` characters; a longer text has ".." in its middle and keeps both ends.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

enum class colour : unsigned char { none = 0, bold = 1, red = 31, green = 32, yellow = 33 };

// With the escape codes of a terminal around it, if `is_coloured`.
[[nodiscard]] std::string painted(std::string_view text, colour with, bool is_coloured);

// "1 eventfd", "2 eventfds".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view what, std::string_view plural_end);

// In at most 7 characters: exact below ten million, then three digits and k, M, G, T, P or E.
[[nodiscard]] std::string short_number(std::uint64_t number);

// Lines of at most `width` characters, broken at blanks; a longer word has a line of its own. At least one line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// `text` wrapped, each line behind `indent` blanks and ended.
[[nodiscard]] std::string paragraph(std::string_view text, std::size_t indent);

// "strict, default or eager".
[[nodiscard]] std::string listed(const std::vector<std::string>& words, std::string_view last_word);

} // namespace efd::cli
