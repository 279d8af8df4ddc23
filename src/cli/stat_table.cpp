// SPDX-License-Identifier: MIT
// cli/stat_table.cpp: the report of `efd stat` for people, in 80 columns; see stat_report.hpp.
#include "cli/stat_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace efd::cli {
namespace {

constexpr std::size_t most_lines = 20;
constexpr std::size_t command_width = 15;
constexpr std::size_t descriptor_width = 15; // of the largest process and number

std::string rounded(double value) {
    return (value < 0 ? "-" : "") + short_number(static_cast<std::uint64_t>(std::llround(std::fabs(value))));
}

// Three digits, and a unit.
std::string time_of(double seconds) {
    const double size = std::fabs(seconds);
    const auto in = [&](double unit, const char* name) {
        const double value = seconds / unit;
        return fmt::format("{:.{}f} {}", value, std::fabs(value) < 9.995 ? 2 : std::fabs(value) < 99.95 ? 1 : 0, name);
    };
    if (size == 0) return "0 s";
    return size < 1e-6 ? in(1e-9, "ns") : size < 1e-3 ? in(1e-6, "us") : size < 1 ? in(1e-3, "ms") : in(1, "s");
}

std::string share(double part, double all) { return all == 0 ? "" : fmt::format("{:.1f} %", 100 * part / all); }

// "from 12 to 17 (30 %)" where there are several runs.
std::string range_of(const stat_report& report, const stat_figure& figure,
                     const std::function<std::string(double)>& say) {
    if (report.runs.size() < 2) return "";
    const double wide = figure.mean == 0 ? 0 : 100 * (figure.greatest - figure.least) / std::fabs(figure.mean);
    return fmt::format("  {} to {} ({:.0f} %)", say(figure.least), say(figure.greatest), wide);
}

// A line without blanks at its end.
std::string ended(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

using counter = std::function<double(const stat_run&)>;

std::string total_line(const stat_report& report, const char* what, const counter& of, const std::string& note) {
    const stat_figure figure = figure_of(report, of);
    const std::string left = fmt::format("{:>9}  {:<29}{:>9}", rounded(figure.mean), what, note);
    return ended(left + range_of(report, figure, rounded));
}

std::string tried(const stat_report& report) {
    if (report.trials.empty()) return "";
    const stat_figure saved = figure_of_trials(report, [](const stat_trial& one) { return one.saved.saved(); });
    const stat_figure calls =
        figure_of_trials(report, [](const stat_trial& one) { return static_cast<double>(one.calls); });
    const std::string left =
        fmt::format("{:>9}  {:<29}{:>9}", rounded(saved.mean), "calls efd run saved", share(saved.mean, calls.mean));
    return ended(left + (report.trials.size() < 2 ? "" : range_of(report, saved, rounded)));
}

std::string totals(const stat_report& report) {
    const auto mean = [&](const counter& of) { return figure_of(report, of).mean; };
    const counter calls = [](const stat_run& run) { return static_cast<double>(run.total.calls()); };
    const counter writes = [](const stat_run& run) { return static_cast<double>(run.total.writes); };
    const counter unread = [](const stat_run& run) { return static_cast<double>(run.total.writes_unread); };
    const counter reads = [](const stat_run& run) { return static_cast<double>(run.total.reads); };
    const counter empty = [](const stat_run& run) { return static_cast<double>(run.total.reads_empty); };
    const counter wakes = [](const stat_run& run) { return static_cast<double>(run.total.wakes); };
    const counter asleep = [](const stat_run& run) { return static_cast<double>(run.total.asleep_ns) / 1e9; };
    const counter saved = [](const stat_run& run) { return run.total.saved(); };
    const char* const forecast = report.trials.empty() ? "calls efd run would save" : "calls foreseen to be saved";
    const std::string each = mean(writes) == 0 ? "" : fmt::format("{:.3f}/write", mean(wakes) / mean(writes));
    const stat_figure slept = figure_of(report, asleep);
    std::string said = total_line(report, "writes", writes, "");
    said += total_line(report, "found an unread one", unread, share(mean(unread), mean(writes)));
    said += total_line(report, "reads", reads, "");
    said += total_line(report, "found nothing (EAGAIN)", empty, share(mean(empty), mean(reads)));
    said += total_line(report, "threads woken by a write", wakes, each);
    said += ended(fmt::format("{:>9}  {:<38}", time_of(slept.mean), "asleep until a write came") +
                  range_of(report, slept, time_of));
    said += total_line(report, forecast, saved, share(mean(saved), mean(calls)));
    return said + tried(report);
}

std::string row_of(std::string_view command, std::string_view place, const std::array<std::string, 6>& cells) {
    return fmt::format("{:<{}} {:>{}} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}\n", shortened(command, command_width),
                       command_width, place, descriptor_width, cells[0], cells[1], cells[2], cells[3], cells[4],
                       cells[5]);
}

std::string row_of(const stat_line& line) {
    const stat_counts& c = line.counts;
    return row_of(line.command, line.is_shared_line ? "several" : fmt::format("{}:{}", line.process, line.number),
                  {short_number(c.writes), short_number(c.writes_unread), short_number(c.reads), short_number(c.wakes),
                   time_of(static_cast<double>(c.asleep_ns) / 1e9), rounded(c.saved())});
}

std::string rows(const stat_run& run, bool coloured) {
    std::vector<const stat_line*> order;
    for (const stat_line& one : run.lines) order.push_back(&one);
    std::stable_sort(order.begin(), order.end(),
                     [](const stat_line* a, const stat_line* b) { return a->counts.calls() > b->counts.calls(); });
    std::string said =
        painted(row_of("first seen in", "pid:fd", {"writes", "unread", "reads", "wakes", "asleep", "saves"}),
                colour::bold, coloured);
    for (std::size_t i = 0; i < std::min(order.size(), most_lines); ++i) {
        said += row_of(*order[i]);
        const colour with = order[i]->is_promoted ? colour::green : colour::none;
        said += painted(paragraph("efd run: " + order[i]->why, 4), with, coloured);
    }
    if (order.size() > most_lines)
        said += fmt::format("and {} less busy ones; --json has them all\n", order.size() - most_lines);
    return said;
}

std::string estimate(const stat_report& report) {
    if (!report.why_not.empty()) return paragraph("efd run would save nothing. " + report.why_not, 0);
    if (!report.cost) return "";
    const stat_estimate saves = estimate_of(report);
    const bench::spread& kernel = report.cost->kernel_write;
    const bench::spread& dropin = report.cost->dropin_write;
    return paragraph(fmt::format("efd run {} about {} of processor time, {} to {}: a write costs {:.0f} ns here "
                                 "({:.0f} to {:.0f}), a cached one {:.0f} ({:.0f} to {:.0f}).",
                                 report.trials.empty() ? "would save" : "saved", time_of(saves.middle),
                                 time_of(saves.least), time_of(saves.greatest), kernel.median, kernel.min, kernel.max,
                                 dropin.median, dropin.min, dropin.max),
                     0);
}

// What the numbers do not say.
std::string cautions(const stat_report& report, const stat_run& run, bool coloured) {
    std::string said = paragraph(
        fmt::format("Calls are exact. Tracing stopped {} twice each. {} for each sleep is taken off the time asleep.",
                    counted(run.calls_stopped, "system call", "s"), time_of(run.overhead_ns / 1e9)),
        0);
    if (!report.trials.empty())
        said += paragraph(
            fmt::format("What efd run saved was counted without tracing, in {} of the program.",
                        report.trials.size() == 1 ? "another run" : fmt::format("{} other runs", report.trials.size())),
            0);
    else if (run.total.wakes > 0 || run.total.sleeps > 0)
        said += paragraph(
            fmt::format("The forecast follows the traced order of calls. Untraced, a writer that does not wait for its "
                        "reader is faster: then efd run saves more, in the worst case nearly all calls. {}",
                        report.is_attached ? "efd stat --try -- PROGRAM measures that." : "--try measures that."),
            0);
    if (run.has_rings)
        said +=
            painted(paragraph("An io_uring or AIO context was made: what it reads and writes is not counted, and it "
                              "may keep efd run from saving.",
                              0),
                    colour::yellow, coloured);
    if (run.has_foreign_calls)
        said += painted(paragraph("Processes of another architecture were there; their calls are not counted.", 0),
                        colour::yellow, coloured);
    return said;
}

} // namespace

std::string to_table(const stat_report& report, bool coloured) {
    if (report.runs.empty()) return "";
    const stat_run& last = report.runs.back();
    const stat_figure seconds = figure_of(report, [](const stat_run& run) { return run.seconds; });
    std::string said =
        paragraph(fmt::format("efd: {}: {} in {}, {}{}.", shortened(report.subject, 60),
                              counted(last.eventfds, "eventfd", "s"), counted(last.processes, "process", "es"),
                              report.runs.size() < 2 ? "" : fmt::format("{} runs, on average ", report.runs.size()),
                              time_of(seconds.mean)),
                  0);
    if (last.eventfds == 0) return said;
    said += '\n' + totals(report) + '\n' + (report.runs.size() < 2 ? "" : "The last run:\n") + rows(last, coloured) +
            '\n' + estimate(report) + cautions(report, last, coloured);
    if (last.still_running > 0)
        said +=
            paragraph(fmt::format("{} {} on, and {} no longer counted.", counted(last.still_running, "process", "es"),
                                  last.still_running == 1 ? "goes" : "go", last.still_running == 1 ? "is" : "are"),
                      0);
    return said;
}

} // namespace efd::cli
