// SPDX-License-Identifier: MIT
// cli/text.cpp: see text.hpp.
#include "cli/text.hpp"

#include <array>
#include <fmt/format.h>

namespace efd::cli {

std::string painted(std::string_view text, colour with, bool is_coloured) {
    if (!is_coloured || with == colour::none) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(with), text);
}

std::string counted(std::uint64_t number, std::string_view what, std::string_view plural_end) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : plural_end);
}

std::string shortened(std::string_view text, std::size_t width) {
    constexpr std::string_view gap = "..";
    if (text.size() <= width) return std::string(text);
    if (width <= gap.size()) return std::string(text.substr(0, width));
    const std::size_t kept = width - gap.size();
    const std::size_t front = (kept + 1) / 2;
    return std::string(text.substr(0, front)).append(gap).append(text.substr(text.size() - (kept - front)));
}

std::string short_number(std::uint64_t number) {
    constexpr std::uint64_t shown_exactly = 9'999'999;
    if (number <= shown_exactly) return std::to_string(number);
    constexpr std::array units{'k', 'M', 'G', 'T', 'P', 'E'};
    double value = static_cast<double>(number) / 1000;
    std::size_t unit = 0;
    for (; value >= 999.5; value /= 1000) ++unit;
    return fmt::format("{:.{}f}{}", value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, units[unit]);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::size_t word = std::min(text.find(' '), text.size());
        std::string& line = lines.back();
        if (line.empty())
            line = text.substr(0, word);
        else if (line.size() + 1 + word <= width)
            line.append(1, ' ').append(text.substr(0, word));
        else
            lines.emplace_back(text.substr(0, word));
        text.remove_prefix(std::min(word + 1, text.size()));
    }
    return lines;
}

std::string paragraph(std::string_view text, std::size_t indent) {
    std::string all;
    for (const std::string& line : wrapped(text, columns_of_a_page - indent))
        all.append(indent, ' ').append(line).append(1, '\n');
    return all;
}

std::string listed(const std::vector<std::string>& words, std::string_view last_word) {
    std::string all;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) all += i + 1 < words.size() ? ", " : fmt::format(" {} ", last_word);
        all += words[i];
    }
    return all;
}

} // namespace efd::cli
