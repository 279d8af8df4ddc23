// SPDX-License-Identifier: MIT
// cli/stat_report.cpp: see stat_report.hpp.
#include "cli/stat_report.hpp"

#include "cli/about.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace efd::cli {
namespace {

stat_line line_of(const stat_eventfd& from, double overhead_ns) {
    const dropin_forecast& forecast = from.forecast;
    dropin_line judged;
    judged.promoted = forecast.was_promoted();
    judged.demoted = forecast.demoted_for() != dropin::reason::none;
    judged.why = judged.demoted ? name_of(forecast.demoted_for()) : "";
    judged.writes_unread = forecast.writes_unread();
    judged.uncached_reads = forecast.uncached_reads();
    stat_line line;
    line.process = from.process;
    line.number = from.number;
    line.command = from.command;
    line.is_semaphore = from.is_semaphore;
    line.is_shared_line = from.is_shared_line;
    line.is_promoted = judged.promoted;
    line.why = explanation(judged);
    line.counts = from.counts;
    line.counts.saved_writes = forecast.saved_writes();
    line.counts.saved_reads = forecast.saved_reads();
    line.counts.flushes = forecast.flushes();
    const auto added = static_cast<std::uint64_t>(static_cast<double>(from.counts.sleeps) * overhead_ns);
    line.counts.asleep_ns -= std::min(line.counts.asleep_ns, added);
    return line;
}

nlohmann::ordered_json to_json(const stat_counts& counts) {
    return {{"writes", counts.writes},
            {"writes_unread", counts.writes_unread},
            {"reads", counts.reads},
            {"reads_empty", counts.reads_empty},
            {"wakes", counts.wakes},
            {"sleeps", counts.sleeps},
            {"asleep_ns", counts.asleep_ns},
            {"saved_writes", counts.saved_writes},
            {"saved_reads", counts.saved_reads},
            {"added_writes", counts.flushes}};
}

nlohmann::ordered_json to_json(const stat_line& line) {
    nlohmann::ordered_json said{{"process", line.process},      {"descriptor", line.number},
                                {"command", line.command},      {"semaphore", line.is_semaphore},
                                {"promoted", line.is_promoted}, {"why", line.why}};
    if (line.is_shared_line) said["stands_for_several"] = true;
    said.update(to_json(line.counts));
    return said;
}

nlohmann::ordered_json to_json(const stat_run& run) {
    nlohmann::ordered_json said = to_json(run.total);
    said["seconds"] = run.seconds;
    said["eventfds"] = run.eventfds;
    said["processes"] = run.processes;
    said["still_running"] = run.still_running;
    said["calls_stopped"] = run.calls_stopped;
    said["overhead_ns"] = run.overhead_ns;
    said["foreign_calls"] = run.has_foreign_calls;
    said["rings"] = run.has_rings;
    said["each"] = nlohmann::ordered_json::array();
    for (const stat_line& one : run.lines) said["each"].push_back(to_json(one));
    return said;
}

nlohmann::ordered_json to_json(const stat_trial& trial) {
    nlohmann::ordered_json said{{"calls", trial.calls},
                                {"saved", trial.saved.saved()},
                                {"promoted", trial.promoted},
                                {"seconds", trial.seconds}};
    if (!trial.why_not.empty()) said["why_not"] = trial.why_not;
    return said;
}

template <class Run>
stat_figure figure_over(const std::vector<Run>& runs, const std::function<double(const Run&)>& of) {
    stat_figure figure;
    for (const Run& run : runs) {
        const double value = of(run);
        const bool is_first = &run == &runs.front();
        figure.mean += value / static_cast<double>(runs.size());
        figure.least = is_first ? value : std::min(figure.least, value);
        figure.greatest = is_first ? value : std::max(figure.greatest, value);
    }
    return figure;
}

nlohmann::ordered_json to_json(const bench::spread& ns) {
    return {{"median", ns.median}, {"least", ns.min}, {"greatest", ns.max}};
}

} // namespace

void add_lines(stat_run& to, const stat_ledger& from) {
    to.eventfds = from.eventfds();
    for (const stat_eventfd& one : from.all()) {
        to.lines.push_back(line_of(one, to.overhead_ns));
        to.total += to.lines.back().counts;
    }
}

// Writes and reads apart: what one kind adds is not taken from what the other saves.
stat_trial trial_of(const dropin_report& from, double seconds) {
    const auto beyond = [](std::uint64_t more, std::uint64_t less) { return more > less ? more - less : 0; };
    const dropin_counts& total = from.total;
    stat_trial trial;
    trial.seconds = seconds;
    trial.calls = total.writes + total.reads;
    trial.promoted = static_cast<std::uint64_t>(
        std::count_if(from.lines.begin(), from.lines.end(), [](const dropin_line& one) { return one.promoted; }));
    trial.saved.saved_writes = beyond(total.writes, total.kernel_writes);
    trial.saved.saved_reads = beyond(total.reads, total.kernel_reads);
    trial.saved.flushes = beyond(total.kernel_writes, total.writes) + beyond(total.kernel_reads, total.reads);
    trial.why_not = from.why_not;
    return trial;
}

stat_figure figure_of(const stat_report& report, const std::function<double(const stat_run&)>& of) {
    return figure_over(report.runs, of);
}

stat_figure figure_of_trials(const stat_report& report, const std::function<double(const stat_trial&)>& of) {
    return figure_over(report.trials, of);
}

stat_estimate estimate_of(const stat_report& report) {
    if (!report.cost) return {};
    const auto of_all = [&](double stat_estimate::* which) {
        if (!report.trials.empty())
            return figure_of_trials(report,
                                    [&](const stat_trial& one) { return estimate_of(one.saved, *report.cost).*which; });
        return figure_of(report, [&](const stat_run& run) { return estimate_of(run.total, *report.cost).*which; });
    };
    return {.middle = of_all(&stat_estimate::middle).mean,
            .least = of_all(&stat_estimate::least).least,
            .greatest = of_all(&stat_estimate::greatest).greatest};
}

nlohmann::ordered_json to_json(const stat_report& report) {
    nlohmann::ordered_json said{{"version", version},
                                {"kernel", kernel_release()},
                                {"machine", machine()},
                                {"subject", report.subject},
                                {"attached", report.is_attached}};
    if (!report.why_not.empty()) said["why_not"] = report.why_not;
    if (report.cost) {
        const stat_estimate saves = estimate_of(report);
        said["cost_ns"] = {{"kernel_write", to_json(report.cost->kernel_write)},
                           {"dropin_write", to_json(report.cost->dropin_write)},
                           {"kernel_read", to_json(report.cost->kernel_read)},
                           {"dropin_read", to_json(report.cost->dropin_read)}};
        said["would_save_seconds"] = {{"middle", saves.middle}, {"least", saves.least}, {"greatest", saves.greatest}};
    }
    said["runs"] = nlohmann::ordered_json::array();
    for (const stat_run& one : report.runs) said["runs"].push_back(to_json(one));
    if (!report.trials.empty()) said["tried"] = nlohmann::ordered_json::array();
    for (const stat_trial& one : report.trials) said["tried"].push_back(to_json(one));
    return said;
}

} // namespace efd::cli
