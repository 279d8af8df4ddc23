// SPDX-License-Identifier: MIT
// cli/ls_report.hpp: what `efd ls` found: filtered, sorted, and as a table for people or JSON for programs.
//
// Pure functions. Invariant: in a table every byte of another program's text is a printable character of ASCII.
#pragma once

#include "cli/arena_scan.hpp"
#include "cli/observed_scan.hpp"
#include "cli/pattern.hpp"
#include "cli/proc_scan.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efd::cli {

struct listing {
    bool has_kernel = true; // whether they were looked for
    bool has_arenas = true;
    bool has_observed = true;
    proc_listing proc;
    arena_listing efd;
    std::vector<observed_process> observed;
    std::int64_t now_ns = 0; // when the observed processes were read, CLOCK_MONOTONIC
};

struct ls_filter {
    std::vector<std::uint32_t> pids; // any of them; none: all
    std::optional<std::uint64_t> id;
    pattern command{"--command", ""};
    pattern name{"--name", ""};
    bool has_command = false;
    bool has_name = false;

    [[nodiscard]] bool is_set() const { return !pids.empty() || id.has_value() || has_command || has_name; }
    // Whether a holder is one that is asked for.
    [[nodiscard]] bool wants(const holder& one) const;
    // Of an arena's object; and of an arena without one of them.
    [[nodiscard]] bool wants(const std::string& arena, const arena_object& object) const;
    [[nodiscard]] bool wants_without_objects(const seen_arena& arena) const;
    [[nodiscard]] bool wants(const observed_process& process) const;
    [[nodiscard]] bool wants(const observed_object& object) const;
};

enum class ls_order : unsigned char { id, count, pid, holders };

// Leaves what the filter asks for; holders of what is left all stay. ls_filter.cpp.
void apply(const ls_filter& filter, listing& all);
// Counts and holders: the greatest first. Arenas keep their order by name, except by pid and by holders.
void sort(listing& all, ls_order order);

[[nodiscard]] bool is_empty(const listing& all);

// Printable characters of ASCII: any other byte is \xNN, and a backslash is doubled.
[[nodiscard]] std::string escaped(std::string_view text);
// "12ab..." of 32 digits.
[[nodiscard]] std::string hex_of(const share::identity& arena);
// Why the header of an arena was refused, in some words.
[[nodiscard]] std::string_view word_of(share::refusal why);

struct ls_table_options {
    std::size_t columns = 80; // below 40 as 40
    bool is_wide = false;     // nothing is cut, whatever the columns
    bool coloured = false;

    static constexpr std::size_t endless = 1U << 20;
    [[nodiscard]] std::size_t width() const noexcept { return is_wide ? endless : std::max<std::size_t>(columns, 40); }
};
// ls_table.cpp.
[[nodiscard]] std::string to_table(const listing& all, const ls_table_options& options);

// ls_observed.cpp: the part of the table for observed processes, with an empty line behind each.
[[nodiscard]] std::string observed_to_table(const std::vector<observed_process>& all, std::int64_t now_ns,
                                            const ls_table_options& options);
// "120 us", "3.4 s", "5 h"; at most 7 characters.
[[nodiscard]] std::string short_time(std::int64_t ns);
// "reader 3.4 s", "2 readers 3.4 s"; the longest of them.
[[nodiscard]] std::string asleep_of(const observed_object& one, std::int64_t now_ns);
// "set, callback, descriptor".
[[nodiscard]] std::string watchers_of(const observed_object& one);

// ls_json.cpp. Texts are as they are, but for bytes that are no UTF-8.
[[nodiscard]] nlohmann::ordered_json to_json(const listing& all);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<observed_process>& all, std::int64_t now_ns);

} // namespace efd::cli
