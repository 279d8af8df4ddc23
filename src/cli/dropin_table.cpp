// SPDX-License-Identifier: MIT
// cli/dropin_table.cpp: the report of a run for people, in 80 columns; see dropin_report.hpp.
#include "cli/dropin_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace efd::cli {
namespace {

constexpr std::size_t most_lines = 20;
constexpr std::size_t site_width = 24;
constexpr std::size_t descriptor_width = 15; // of the largest process and number

// The gain may be negative: units that are handed back cost calls.
std::string saved_of(const dropin_counts& counts) {
    const std::int64_t saved = counts.saved();
    return saved < 0 ? '-' + short_number(static_cast<std::uint64_t>(-saved))
                     : short_number(static_cast<std::uint64_t>(saved));
}

std::string row_of(std::string_view site, std::string_view descriptor, const std::array<std::string, 5>& cells) {
    return fmt::format("{:<{}} {:>{}} {:>7} {:>7} {:>7} {:>7} {:>7}", shortened(site, site_width), site_width,
                       descriptor, descriptor_width, cells[0], cells[1], cells[2], cells[3], cells[4]);
}
std::string row_of(std::string_view site, std::string_view descriptor, const dropin_counts& c) {
    return row_of(site, descriptor,
                  {short_number(c.writes), short_number(c.reads), short_number(c.kernel_writes),
                   short_number(c.kernel_reads), saved_of(c)}) +
           '\n';
}

std::string heading(bool coloured) {
    const std::string over = fmt::format("{:<{}} {:>{}} {:>15} {:>15} {:>7}\n", "", site_width, "", descriptor_width,
                                         "by the program", "system calls", "calls");
    return painted(over, colour::bold, coloured) +
           painted(row_of("made by", "pid:fd", {"writes", "reads", "writes", "reads", "saved"}), colour::bold,
                   coloured) +
           '\n';
}

std::string first_line(const dropin_report& report) {
    const std::uint64_t calls = report.total.writes + report.total.reads;
    std::string said = fmt::format("efd: {} in {}: ", counted(report.eventfds, "eventfd", "s"),
                                   counted(report.processes, "process", "es"));
    if (calls == 0) return paragraph(said + "never written or read.", 0);
    const double percent = 100 * static_cast<double>(report.total.saved()) / static_cast<double>(calls);
    said += fmt::format("{} of {} calls saved ({:.0f} %).", saved_of(report.total), short_number(calls), percent);
    return paragraph(said, 0);
}

std::vector<const dropin_line*> busiest_first(const dropin_report& report) {
    std::vector<const dropin_line*> order;
    for (const dropin_line& one : report.lines) order.push_back(&one);
    const auto calls_of = [](const dropin_line* one) { return one->counts.writes + one->counts.reads; };
    std::sort(order.begin(), order.end(), [&](const dropin_line* a, const dropin_line* b) {
        return calls_of(a) != calls_of(b) ? calls_of(a) > calls_of(b) : a->id < b->id;
    });
    return order;
}

std::string rows(const dropin_report& report, bool coloured) {
    constexpr std::size_t indent = 4;
    std::string said = heading(coloured);
    const std::vector<const dropin_line*> order = busiest_first(report);
    for (std::size_t i = 0; i < std::min(order.size(), most_lines); ++i) {
        const dropin_line& one = *order[i];
        const colour with = one.demoted ? colour::yellow : one.promoted ? colour::green : colour::none;
        said += row_of(one.site, fmt::format("{}:{}", one.process, one.descriptor), one.counts);
        said += painted(paragraph(explanation(one), indent), with, coloured);
    }
    if (order.size() > most_lines)
        said += fmt::format("and {} less busy ones; --report=json has them all\n", order.size() - most_lines);
    if (order.size() > 1) said += row_of("in total", "", report.total);
    return said;
}

// The reason for an empty report.
std::string nothing(const dropin_report& report) {
    if (!report.why_not.empty()) return paragraph("efd: nothing could be saved. " + report.why_not, 0);
    if (report.processes > 0) return "efd: the program made no eventfd, so nothing could be saved.\n";
    return paragraph("efd: nothing could be saved: no process loaded the drop-in and could reach this report. Is the "
                     "program statically linked, set-user-id, run as another user or in another root, built with "
                     "AddressSanitizer, or does it set LD_PRELOAD anew?",
                     0);
}

} // namespace

std::string to_table(const dropin_report& report, bool coloured) {
    std::string said = report.eventfds == 0 ? nothing(report) : first_line(report) + rows(report, coloured);
    if (report.eventfds > 0 && !report.why_not.empty()) said += paragraph(report.why_not, 0);
    if (report.untracked > 0)
        said += fmt::format("The sums count {}, for which the report has no line.\n",
                            counted(report.untracked, "more eventfd", "s"));
    if (report.still_running > 0)
        said += paragraph(fmt::format("{} of this run still {}; what happens there from here on is not counted.",
                                      counted(report.still_running, "process", "es"),
                                      report.still_running == 1 ? "runs" : "run"),
                          0);
    return said;
}

} // namespace efd::cli
