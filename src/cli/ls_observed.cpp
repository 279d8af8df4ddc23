// SPDX-License-Identifier: MIT
// cli/ls_observed.cpp: the table of observed processes in `efd ls`; see ls_report.hpp.
#include "cli/ls_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace efd::cli {
namespace {

constexpr std::size_t narrow_below = 72;

void add_line(std::string& to, std::string line, std::size_t columns) {
    line.erase(line.find_last_not_of(' ') + 1);
    to += shortened(line, columns) + '\n';
}

std::string signaller_of(const observed_object& one, std::int64_t now_ns) {
    if (one.signaller == 0) return "";
    const std::int64_t ago = now_ns - std::min(std::max<std::int64_t>(one.signalled_ns, 0), now_ns);
    return fmt::format("{}, {}", one.signaller, short_time(ago));
}

std::string id_of(const observed_object& one) {
    return one.has(core::row_is_shared) ? fmt::format("{:#x}", one.id) : std::to_string(one.id);
}

// What is left of the facts, as one line beneath the row.
std::string rest_of(const observed_object& one) {
    std::string all;
    const auto add = [&all](const std::string& more) { all += (all.empty() ? "" : "; ") + more; };
    if (!one.name.empty()) add("name " + escaped(one.name));
    if (const std::string watchers = watchers_of(one); !watchers.empty()) add("watched by " + watchers);
    if (!one.made_where.empty()) add("made at " + escaped(one.made_where));
    return all;
}

} // namespace

std::string short_time(std::int64_t ns) {
    struct unit {
        double most;
        double ns;
        const char* name;
    };
    constexpr std::array units{unit{1e3, 1, "ns"},      unit{1e6, 1e3, "us"},      unit{1e9, 1e6, "ms"},
                               unit{120e9, 1e9, "s"},   unit{7200e9, 60e9, "min"}, unit{172800e9, 3600e9, "h"},
                               unit{1e30, 86400e9, "d"}};
    const double value = static_cast<double>(std::max<std::int64_t>(ns, 0));
    for (const unit& one : units)
        if (value < one.most) {
            const double shown = value / one.ns;
            return fmt::format("{:.{}f} {}", shown, shown < 9.95 && one.ns > 1 ? 1 : 0, one.name);
        }
    return "";
}

std::string asleep_of(const observed_object& one, std::int64_t now_ns) {
    if (one.sleepers.empty()) return "";
    std::int64_t first_ns = now_ns;
    bool has_writer = false;
    bool has_reader = false;
    for (const seen_sleeper& who : one.sleepers) {
        (who.for_room ? has_writer : has_reader) = true;
        first_ns = std::min(first_ns, who.since_ns);
    }
    const char* const kind = has_reader && has_writer ? "both" : has_writer ? "writer" : "reader";
    const std::string who =
        one.sleepers.size() == 1 ? fmt::format("{}", one.sleepers[0].thread) : fmt::format("{}", one.sleepers.size());
    const char* const many = one.sleepers.size() > 1 && has_reader != has_writer ? "s" : "";
    const std::string what = one.sleepers.size() == 1 ? who : fmt::format("{} {}{}", who, kind, many);
    return fmt::format("{}, {}", what, short_time(now_ns - first_ns));
}

std::string watchers_of(const observed_object& one) {
    std::vector<std::string> all;
    if (one.has(core::row_has_doorbell)) all.emplace_back("descriptor");
    if (one.sets > 0) all.emplace_back(one.sets == 1 ? "set" : fmt::format("{} sets", one.sets));
    if (one.callbacks > 0) all.emplace_back("callback");
    return fmt::format("{}", fmt::join(all, ", "));
}

std::string observed_to_table(const std::vector<observed_process>& all, std::int64_t now_ns,
                              const ls_table_options& options) {
    const std::size_t columns = options.width();
    std::string page;
    for (const observed_process& process : all) {
        const std::string lost =
            process.without_row == 0 ? "" : fmt::format("; {} events in no row", process.without_row);
        add_line(page,
                 fmt::format("process {} {}, observed for {}: {} object{}{}", escaped(process.command), process.pid,
                             short_time(now_ns - std::min(process.begun_ns, now_ns)), process.objects.size(),
                             process.objects.size() == 1 ? "" : "s", lost),
                 columns);
        const bool is_narrow = columns < narrow_below;
        const std::string title = is_narrow
                                      ? fmt::format("  {:<11}  {:>7}  {}", "id", "count", "asleep, since")
                                      : fmt::format("  {:<11}  {:>7}  {:<3}  {:<20}  {:<18}  {:>7}", "id", "count",
                                                    "sem", "asleep, since", "signaller, before", "signals");
        if (!process.objects.empty()) page += painted(shortened(title, columns), colour::bold, options.coloured) + '\n';
        for (const observed_object& one : process.objects) {
            const std::string asleep = asleep_of(one, now_ns);
            const std::string by = signaller_of(one, now_ns);
            const std::string signals = (one.has(core::row_is_whole) ? "" : ">=") + short_number(one.signals);
            if (is_narrow) {
                add_line(page, fmt::format("  {:<11}  {:>7}  {}", id_of(one), short_number(one.count), asleep),
                         columns);
                if (!by.empty()) add_line(page, fmt::format("    signalled by {}: {}", by, signals), columns);
            } else {
                add_line(page,
                         fmt::format("  {:<11}  {:>7}  {:<3}  {:<20}  {:<18}  {:>7}", id_of(one),
                                     short_number(one.count), one.has(core::row_is_semaphore) ? "yes" : "no", asleep,
                                     by, signals),
                         columns);
            }
            if (const std::string rest = rest_of(one); !rest.empty()) add_line(page, "    " + rest, columns);
        }
        page += '\n';
    }
    return page;
}

} // namespace efd::cli
