// SPDX-License-Identifier: MIT
// bench/report.hpp: results as JSON for programs and as text of at most 80 columns for people.
//
// The text comes in pieces, so that each row can be shown when it is measured: opening, a line (or the details) for
// each row, closing. `is_coloured` only for a terminal. Results that the load of the machine makes doubtful are marked.
#pragma once

#include "bench/bench.hpp"
#include "bench/machine.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace efd::bench {

inline constexpr std::size_t columns = 80;

nlohmann::ordered_json to_json(const std::vector<row_result>& results, const machine& machine,
                               std::string_view version);

// The machine, and a warning if it is busy.
std::string opening(const machine& machine, std::string_view version);

// At most five characters, whatever the size; six if it is negative.
std::string short_number(double value);

// The names of the columns.
std::string heading(bool is_coloured);
std::string line_of(const row_result& result, const machine& machine, bool is_coloured);

// Every subject with its least and greatest, the note, and the gates.
std::string details_of(const row_result& result, const machine& machine, bool is_coloured);

// How to read the table, and what a loss means.
std::string legend();
// The gates that were missed, the rows in which efd is slower, and what could not be measured.
std::string losses(const std::vector<row_result>& results, const machine& machine);

// Text in lines of 80 columns; each but the first is indented by so many blanks.
std::string wrapped(std::string_view text, std::size_t indent);

} // namespace efd::bench
