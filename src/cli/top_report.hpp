// SPDX-License-Identifier: MIT
// cli/top_report.hpp: the rows of `efd top`: what happened to observed objects between two looks, sorted and filtered.
//
// Pure functions. Invariant: text of other programs is escaped, so that a line has only printable characters of ASCII;
// no line is wider than asked for.
#pragma once

#include "cli/observed_scan.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

struct top_look {
    std::vector<observed_process> processes;
    std::vector<kernel_eventfd> kernel;
    std::vector<std::uint32_t> under_dropin; // by pid, the processes with eventfds that have loaded the drop-in
    std::int64_t at_ns = 0;
};

// An eventfd of the kernel: /proc shows its count and who has it, and none of its calls.
struct top_kernel_facts {
    std::size_t numbers = 0; // that name it, of all processes
    std::uint32_t number = 0;
    std::size_t epolls = 0;
    bool is_counted = false; // its count could be read
    bool has_id = false;
    bool is_under_dropin = false; // its process may keep units, and the count is without them
};

struct top_row {
    std::uint32_t pid = 0; // of the first that has it
    std::string command;
    observed_object object;                 // of an eventfd of the kernel: id and count
    std::optional<top_kernel_facts> kernel; // nothing: an object of an observed process
    double signals = 0;                     // in a second, as the next three; zero at the first look
    double takes = 0;
    double wakes = 0;
    double saved = 0;           // system calls
    std::int64_t beside_ns = 0; // the longest, also of a sleep that goes on
};

enum class top_order : unsigned char { signals, wakes, saved, beside, count, pid };
inline constexpr std::size_t top_orders = 6;
[[nodiscard]] std::string_view word_of(top_order order);

// Only rows whose command, name, place or pid contains `wanted`; empty: all rows. Eventfds of the kernel have no rates.
[[nodiscard]] std::vector<top_row> top_rows(const top_look& before, const top_look& now, top_order order,
                                            const std::string& wanted);
[[nodiscard]] std::string top_title(std::size_t columns);
[[nodiscard]] std::string top_line(const top_row& row, std::size_t columns);
[[nodiscard]] std::string top_summary(const std::vector<top_row>& rows, const top_look& now, std::size_t columns);
[[nodiscard]] nlohmann::ordered_json top_json(const std::vector<top_row>& rows, double seconds);

} // namespace efd::cli
