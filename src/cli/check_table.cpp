// SPDX-License-Identifier: MIT
// cli/check_table.cpp: what the claims said, for people, in 80 columns; see check_report.hpp.
#include "cli/check_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace efd::cli {
namespace {

using claims::outcome;
using claims::verdict;

constexpr std::size_t id_width = 6;
constexpr std::size_t detail_indent = 7;

struct shown_column {
    column of;
    std::size_t width;
};

// A backend that does not have what the claim is about is not asked.
std::string shown(const outcome& said) { return said.result == verdict::not_applicable ? "-" : word_of(said.result); }

// The backends that were asked something, each column as wide as its widest word.
std::vector<shown_column> columns_of(const std::vector<checked_claim>& all) {
    std::vector<shown_column> chosen;
    for (const column& one : columns) {
        std::size_t width = std::string_view(one.name).size();
        bool is_asked = false;
        for (const checked_claim& row : all) {
            width = std::max(width, shown(row.*one.answer).size());
            is_asked = is_asked || (row.*one.answer).result != verdict::not_applicable;
        }
        if (is_asked) chosen.push_back({one, width});
    }
    return chosen;
}

std::size_t title_width(const std::vector<shown_column>& asked) {
    constexpr std::size_t least = 20;
    std::size_t rest = columns_of_a_page - id_width - 1;
    for (const shown_column& one : asked) rest -= std::min(rest, one.width + 2);
    return std::max(rest, least);
}

std::string painted(const std::string& cell, verdict v, bool coloured) {
    if (!coloured || v == verdict::not_applicable) return cell;
    const int colour = v == verdict::holds ? 32 : v == verdict::differs ? 31 : 33;
    return fmt::format("\x1b[{}m{}\x1b[0m", colour, cell);
}

// Without blanks at its end.
void end_line(std::string& table) {
    table.erase(table.find_last_not_of(' ') + 1);
    table += '\n';
}

// `text` in lines behind `first` and, from the second on, as many blanks.
void append_behind(std::string& table, const std::string& first, std::string_view text) {
    const std::vector<std::string> lines = wrapped(text, columns_of_a_page - first.size());
    for (std::size_t i = 0; i < lines.size(); ++i)
        table += (i == 0 ? first : std::string(first.size(), ' ')) + lines[i] + '\n';
}

void append_row(std::string& table, const checked_claim& row, const std::vector<shown_column>& asked, bool coloured) {
    const std::vector<std::string> title = wrapped(row.what.title, title_width(asked));
    table += fmt::format("{:<{}} {:<{}}", row.what.id, id_width, title[0], title_width(asked));
    for (const shown_column& one : asked) {
        const outcome& said = row.*one.of.answer;
        table += "  " + painted(fmt::format("{:<{}}", shown(said), one.width), said.result, coloured);
    }
    end_line(table);
    for (std::size_t i = 1; i < title.size(); ++i) table += std::string(id_width + 1, ' ') + title[i] + '\n';
    for (const shown_column& one : asked) {
        const outcome& said = row.*one.of.answer;
        if (said.detail.empty() || said.result == verdict::not_applicable) continue;
        append_behind(table, fmt::format("{:<{}}{}: ", "", detail_indent, one.of.name), said.detail);
    }
}

void append_totals(std::string& table, const std::vector<checked_claim>& all, const std::vector<shown_column>& asked) {
    table +=
        fmt::format("\n{:<10} {:>5} {:>8} {:>13} {:>10}\n", "totals", "holds", "differs", "not provoked", "not asked");
    const check_totals totals = totals_of(all);
    for (const shown_column& one : asked) {
        const tally& counted = totals.*one.of.total;
        table += fmt::format("{:<10} {:>5} {:>8} {:>13} {:>10}\n", one.of.name, counted[0], counted[1], counted[2],
                             counted[3]);
    }
}

void append_declared(std::string& table, const std::vector<checked_claim>& all,
                     const std::vector<shown_column>& asked) {
    bool is_first = true;
    for (const claims::declared_difference& one : claims::declared_differences) {
        const bool is_shown = std::any_of(asked.begin(), asked.end(),
                                          [&](const shown_column& column) { return column.of.name == one.backend; });
        if (!is_shown || !concerns(one, all)) continue;
        if (is_first) table += "\nDifferences by choice, which no claim asks for (docs/semantics.md says why)\n";
        is_first = false;
        append_behind(table, fmt::format("{:<10} ", one.backend), fmt::format("{}: {}", one.rows, one.what));
    }
}

} // namespace

std::string to_table(const std::vector<checked_claim>& all, bool coloured) {
    const std::vector<shown_column> asked = columns_of(all);
    std::string table = fmt::format("{:<{}} {:<{}}", "claim", id_width, "title", title_width(asked));
    for (const shown_column& one : asked) table += fmt::format("  {:<{}}", one.of.name, one.width);
    end_line(table);
    for (const checked_claim& one : all) append_row(table, one, asked, coloured);
    const auto has_dash = [](const checked_claim& row) {
        return std::any_of(columns.begin(), columns.end(),
                           [&](const column& one) { return (row.*one.answer).result == verdict::not_applicable; });
    };
    if (std::any_of(all.begin(), all.end(), has_dash))
        table += "\n-: not asked: it does not have what the claim is about.\n";
    append_totals(table, all, asked);
    append_declared(table, all, asked);
    return table;
}

} // namespace efd::cli
