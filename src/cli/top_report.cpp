// SPDX-License-Identifier: MIT
// cli/top_report.cpp: see top_report.hpp.
#include "cli/top_report.hpp"

#include "cli/ls_report.hpp"
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace efd::cli {
namespace {

constexpr double ns_per_second = 1e9;
constexpr std::size_t narrow_below = 72;

// A counter may be lower than before: the row has another object now, or the process writes what it likes.
double rate(std::uint64_t before, std::uint64_t now, double seconds) {
    return now > before && seconds > 0 ? static_cast<double>(now - before) / seconds : 0;
}

// A counter that jumps to its end gives a rate beyond every integer.
std::string rate_word(double value) {
    constexpr double most = 0x1p63;
    return value > 0 && value < 9.95 ? fmt::format("{:.1f}", value)
                                     : short_number(static_cast<std::uint64_t>(std::min(value, most)));
}

constexpr std::string_view unseen = "-"; // calls on the kernel's eventfds

// "efd run, fd 5 and 2 more, in 1 epoll": what a narrow screen cuts stands at the end.
std::string facts_of(const top_kernel_facts& one) {
    std::string said = fmt::format("{}fd {}", one.is_under_dropin ? "efd run, " : "", one.number);
    if (one.numbers > 1) said += fmt::format(" and {} more", one.numbers - 1);
    if (one.epolls > 0) said += ", in " + counted(one.epolls, "epoll", "s");
    return said;
}

std::string rate_of(const top_row& row, double value) { return row.kernel ? std::string(unseen) : rate_word(value); }

bool is_wanted(const top_row& row, const std::string& wanted) {
    const auto has = [&](const std::string& text) { return text.find(wanted) != std::string::npos; };
    if (row.kernel && has(facts_of(*row.kernel))) return true;
    return has(row.command) || has(row.object.name) || has(row.object.made_where) || has(std::to_string(row.pid));
}

// The object's name; without one, the function or place that made it.
std::string name_of(const top_row& row) {
    const observed_object& one = row.object;
    if (row.kernel) return facts_of(*row.kernel);
    if (!one.name.empty()) return escaped(one.name);
    const std::size_t blank = one.made_where.find(' ');
    if (blank != std::string::npos) return escaped(one.made_where.substr(blank + 1));
    return escaped(one.made_where);
}

top_row row_of(const kernel_eventfd& one, const std::vector<std::uint32_t>& under_dropin) {
    top_row row;
    top_kernel_facts facts;
    facts.is_counted = one.count.has_value();
    facts.has_id = one.id.has_value();
    facts.epolls = one.epolls.size();
    for (const holder& who : one.holders) {
        facts.numbers += who.numbers.size();
        facts.is_under_dropin =
            facts.is_under_dropin || std::find(under_dropin.begin(), under_dropin.end(), who.pid) != under_dropin.end();
    }
    if (!one.holders.empty()) {
        row.pid = one.holders[0].pid;
        row.command = one.holders[0].command;
        facts.number = one.holders[0].numbers.empty() ? 0 : one.holders[0].numbers[0];
    }
    row.object.id = one.id.value_or(0);
    row.object.count = one.count.value_or(0);
    row.kernel = facts;
    return row;
}

std::string cut(std::string line, std::size_t columns) {
    line.resize(std::min(line.size(), columns));
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::string_view word_of(top_order order) {
    constexpr std::array<std::string_view, top_orders> words{"signals", "wakes", "saved", "beside", "count", "pid"};
    return words[static_cast<std::size_t>(order)];
}

std::vector<top_row> top_rows(const top_look& before, const top_look& now, top_order order, const std::string& wanted) {
    using key = std::tuple<std::uint32_t, std::int64_t, std::uint64_t, std::uint64_t>;
    std::map<key, const observed_object*> earlier;
    for (const observed_process& process : before.processes)
        for (const observed_object& one : process.objects)
            earlier.emplace(key(process.pid, process.begun_ns, one.id, one.made_at), &one);
    const double seconds = static_cast<double>(now.at_ns - before.at_ns) / ns_per_second;
    std::vector<top_row> rows;
    for (const observed_process& process : now.processes)
        for (const observed_object& one : process.objects) {
            top_row row;
            row.pid = process.pid;
            row.command = process.command;
            row.object = one;
            row.beside_ns = std::max(one.beside_ns, one.beside_now_ns(now.at_ns));
            const auto old = earlier.find(key(process.pid, process.begun_ns, one.id, one.made_at));
            if (old != earlier.end()) {
                row.signals = rate(old->second->signals, one.signals, seconds);
                row.takes = rate(old->second->takes, one.takes, seconds);
                row.wakes = rate(old->second->wakes, one.wakes, seconds);
                row.saved = rate(old->second->calls_saved(), one.calls_saved(), seconds);
            }
            if (is_wanted(row, wanted)) rows.push_back(std::move(row));
        }
    for (const kernel_eventfd& one : now.kernel)
        if (top_row row = row_of(one, now.under_dropin); is_wanted(row, wanted)) rows.push_back(std::move(row));
    const auto value = [order](const top_row& row) -> double {
        switch (order) {
        case top_order::signals: return row.signals;
        case top_order::wakes: return row.wakes;
        case top_order::saved: return row.saved;
        case top_order::beside: return static_cast<double>(row.beside_ns);
        case top_order::count: return static_cast<double>(row.object.count);
        case top_order::pid: return -static_cast<double>(row.pid);
        }
        return 0;
    };
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& x, const auto& y) { return value(x) > value(y); });
    return rows;
}

std::string top_title(std::size_t columns) {
    if (columns < narrow_below)
        return cut(fmt::format("{:>7} {:>7} {:>8} {}", "pid", "count", "signal/s", "object"), columns);
    return cut(fmt::format("{:>7} {:<10} {:>8} {:>9} {:>7} {:>8} {:>8}  {}", "pid", "command", "count", "signals/s",
                           "wakes/s", "saved/s", "beside", "object"),
               columns);
}

std::string top_line(const top_row& row, std::size_t columns) {
    const std::string count =
        row.kernel && !row.kernel->is_counted ? std::string(unseen) : short_number(row.object.count);
    const std::string name = name_of(row);
    if (columns < narrow_below)
        return cut(fmt::format("{:>7} {:>7} {:>8} {}", row.pid, count, rate_of(row, row.signals), name), columns);
    const bool is_exact = row.kernel || row.object.has(core::row_is_whole);
    const std::string signals = (is_exact ? "" : ">=") + rate_of(row, row.signals);
    const std::string beside = row.beside_ns == 0 ? "" : short_time(row.beside_ns);
    return cut(fmt::format("{:>7} {:<10} {:>8} {:>9} {:>7} {:>8} {:>8}  {}", row.pid,
                           shortened(escaped(row.command), 10), count, signals, rate_of(row, row.wakes),
                           rate_of(row, row.saved), beside, name),
               columns);
}

std::string top_summary(const std::vector<top_row>& rows, const top_look& now, std::size_t columns) {
    double signals = 0;
    double wakes = 0;
    double saved = 0;
    std::size_t objects = 0;
    for (const top_row& row : rows) {
        objects += row.kernel ? 0U : 1U;
        signals += row.signals;
        wakes += row.wakes;
        saved += row.saved;
    }
    return cut(
        fmt::format("{} objects of {} observed processes, {} of the kernel; {} signals/s, {} wakes/s, {} saved/s",
                    objects, now.processes.size(), rows.size() - objects, rate_word(signals), rate_word(wakes),
                    rate_word(saved)),
        columns);
}

nlohmann::ordered_json top_json(const std::vector<top_row>& rows, double seconds) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    nlohmann::ordered_json kernel = nlohmann::ordered_json::array();
    for (const top_row& row : rows) {
        if (row.kernel) {
            kernel.push_back({{"pid", row.pid},
                              {"command", row.command},
                              {"number", row.kernel->number},
                              {"numbers", row.kernel->numbers},
                              {"epolls", row.kernel->epolls},
                              {"under_dropin", row.kernel->is_under_dropin}});
            if (row.kernel->has_id) kernel.back()["id"] = row.object.id;
            if (row.kernel->is_counted) kernel.back()["count"] = row.object.count;
            continue;
        }
        all.push_back({{"pid", row.pid},
                       {"command", row.command},
                       {"id", row.object.id},
                       {"name", row.object.name},
                       {"made_at", row.object.made_where},
                       {"count", row.object.count},
                       {"signals_per_s", row.signals},
                       {"takes_per_s", row.takes},
                       {"wakes_per_s", row.wakes},
                       {"calls_saved_per_s", row.saved},
                       {"longest_reader_beside_units_ns", row.beside_ns},
                       {"every_call_counted", row.object.has(core::row_is_whole)}});
    }
    return {{"seconds", seconds}, {"objects", std::move(all)}, {"kernel", std::move(kernel)}};
}

} // namespace efd::cli
