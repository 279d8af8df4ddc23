// SPDX-License-Identifier: MIT
// cli/check_table.cpp: the table of the claims' results, in 80 columns; see check_report.hpp.
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
constexpr std::size_t name_width = 13; // of a backend, beneath the table

struct shown_column {
    column of;
    std::size_t width;
};

// A backend without the subject of the claim is not asked.
std::string shown(const outcome& said) { return said.result == verdict::not_applicable ? "-" : word_of(said.result); }

// The length of its longest word: what is longer goes on in the next line.
std::size_t width_of(std::string_view text) {
    std::size_t longest = 0;
    for (const std::string& word : wrapped(text, 1)) longest = std::max(longest, word.size());
    return longest;
}

// The backends that were asked something; each column is as wide as its widest word.
std::vector<shown_column> columns_of(const std::vector<checked_claim>& all) {
    std::vector<shown_column> chosen;
    for (const column& one : columns) {
        std::size_t width = width_of(one.name);
        bool is_asked = false;
        for (const checked_claim& row : all) {
            width = std::max(width, width_of(shown(row.*one.answer)));
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

colour colour_of(verdict v) {
    if (v == verdict::not_applicable) return colour::none;
    return v == verdict::holds ? colour::green : v == verdict::differs ? colour::red : colour::yellow;
}

// Without trailing blanks.
void end_line(std::string& table) {
    table.erase(table.find_last_not_of(' ') + 1);
    table += '\n';
}

// `text` in lines: the first behind `first`, the others behind as many blanks.
void append_behind(std::string& table, const std::string& first, std::string_view text) {
    const std::vector<std::string> lines = wrapped(text, columns_of_a_page - first.size());
    for (std::size_t i = 0; i < lines.size(); ++i)
        table += (i == 0 ? first : std::string(first.size(), ' ')) + lines[i] + '\n';
}

// A cell with as many lines as its text takes.
struct cell {
    std::vector<std::string> lines;
    std::size_t width;
    verdict shows = verdict::not_applicable; // without colour
};
cell cell_of(std::string_view text, std::size_t width, verdict shows = verdict::not_applicable) {
    return {wrapped(text, width), width, shows};
}

// Cells beside each other, behind the id.
void append_cells(std::string& table, std::string_view id, const std::vector<cell>& cells, bool coloured) {
    std::size_t height = 1;
    for (const cell& one : cells) height = std::max(height, one.lines.size());
    for (std::size_t line = 0; line < height; ++line) {
        table += fmt::format("{:<{}}", line == 0 ? id : "", id_width + 1);
        for (const cell& one : cells) {
            const std::string text = line < one.lines.size() ? one.lines[line] : std::string();
            if (&one != &cells.front()) table += "  ";
            table += text.empty() ? std::string(one.width, ' ')
                                  : painted(fmt::format("{:<{}}", text, one.width), colour_of(one.shows), coloured);
        }
        end_line(table);
    }
}

void append_heading(std::string& table, const std::vector<shown_column>& asked) {
    std::vector<cell> cells{cell_of("title", title_width(asked))};
    for (const shown_column& one : asked) cells.push_back(cell_of(one.of.name, one.width));
    append_cells(table, "claim", cells, false);
}

void append_row(std::string& table, const checked_claim& row, const std::vector<shown_column>& asked, bool coloured) {
    std::vector<cell> cells{cell_of(row.what.title, title_width(asked))};
    for (const shown_column& one : asked) {
        const outcome& said = row.*one.of.answer;
        cells.push_back(cell_of(shown(said), one.width, said.result));
    }
    append_cells(table, row.what.id, cells, coloured);
    for (const shown_column& one : asked) {
        const outcome& said = row.*one.of.answer;
        if (said.detail.empty() || said.result == verdict::not_applicable) continue;
        append_behind(table, fmt::format("{:<{}}{}: ", "", detail_indent, one.of.name), said.detail);
    }
}

void append_totals(std::string& table, const std::vector<checked_claim>& all, const std::vector<shown_column>& asked) {
    table += fmt::format("\n{:<{}} {:>5} {:>8} {:>13} {:>10}\n", "totals", name_width, "holds", "differs",
                         "not provoked", "not asked");
    const check_totals totals = totals_of(all);
    for (const shown_column& one : asked) {
        const tally& counted = totals.*one.of.total;
        table += fmt::format("{:<{}} {:>5} {:>8} {:>13} {:>10}\n", one.of.name, name_width, counted[0], counted[1],
                             counted[2], counted[3]);
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
        append_behind(table, fmt::format("{:<{}} ", one.backend, name_width),
                      fmt::format("{}: {}", one.rows, one.what));
    }
}

} // namespace

std::string to_table(const std::vector<checked_claim>& all, bool coloured) {
    const std::vector<shown_column> asked = columns_of(all);
    std::string table;
    append_heading(table, asked);
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
