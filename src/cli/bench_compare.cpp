// SPDX-License-Identifier: MIT
// cli/bench_compare.cpp: what has changed between two results, and what was the machine's; see bench_compare.hpp.
#include "cli/bench_compare.hpp"

#include "bench/row.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <tuple>
#include <utility>

namespace efd::cli {
namespace {

enum class direction { none, up, down };

direction moved(const measured_range& before, const measured_range& after) {
    if (after.least > before.greatest) return direction::up;
    if (after.greatest < before.least) return direction::down;
    return direction::none;
}

double times_of(const measured_range& before, const measured_range& after) {
    return before.median > 0 && after.median > 0 ? after.median / before.median : 0;
}

bool is_own(const std::string& subject) {
    return subject != "kernel" && subject != "floor" && subject != "poll" && !bench::is_peer(subject);
}

// A count is the same in every round, so a single round has a range too.
bool is_count(const std::string& unit) { return unit == "bytes" || unit == "calls" || unit == "wakes"; }

bool is_of_one_round(const measured_row& before, const measured_row& after) {
    return std::min(before.rounds, after.rounds) < 2 && !is_count(before.unit);
}

// Whether the kernel's eventfd moved the same way as a subject, and their ratio, as far as it is known, did not move.
bool moved_with_kernel(const measured_row& before, const measured_row& after, const change& one) {
    const auto kernel_before = before.subjects.find("kernel");
    const auto kernel_after = after.subjects.find("kernel");
    if (kernel_before == before.subjects.end() || kernel_after == after.subjects.end()) return false;
    if (moved(kernel_before->second, kernel_after->second) != moved(one.before, one.after)) return false;
    if (one.subject == "efd" && !before.kernel_over_efd.empty() && !after.kernel_over_efd.empty())
        return moved(before.kernel_over_efd.at(""), after.kernel_over_efd.at("")) == direction::none;
    const double kernels = times_of(kernel_before->second, kernel_after->second);
    return one.times > 1 ? kernels >= one.times : kernels <= one.times;
}

verdict judge(const measured_row& before, const measured_row& after, const change& one) {
    const direction where = moved(one.before, one.after);
    if (where == direction::none) return verdict::same;
    if (is_of_one_round(before, after)) return verdict::unknown;
    if (moved_with_kernel(before, after, one)) return verdict::machine;
    return where == direction::up ? verdict::worse : verdict::better;
}

void compare_rows(const measured_row& before, const measured_row& after, comparison& into) {
    if (before.unit != after.unit) {
        into.missing.push_back({before.name, fmt::format("in {} before, in {} after", before.unit, after.unit)});
        return;
    }
    for (const auto& [subject, was] : before.subjects) {
        if (!is_own(subject)) continue;
        const auto is = after.subjects.find(subject);
        if (is == after.subjects.end()) {
            into.missing.push_back({before.name + ", " + subject, "the subject is only in the first file"});
            continue;
        }
        change one{before.name, subject, before.unit, was, is->second, times_of(was, is->second), verdict::same};
        one.how = judge(before, after, one);
        into.changes.push_back(std::move(one));
    }
    for (const auto& [subject, is] : after.subjects)
        if (is_own(subject) && !before.subjects.contains(subject))
            into.missing.push_back({after.name + ", " + subject, "the subject is only in the second file"});
}

const measured_row* row_named(const measured_file& in, const std::string& name) {
    const auto found = std::find_if(in.rows.begin(), in.rows.end(), [&](const auto& one) { return one.name == name; });
    return found == in.rows.end() ? nullptr : &*found;
}

std::vector<std::string> cautions_of(const measured_file& before, const measured_file& after) {
    std::vector<std::string> all;
    if (before.processor != after.processor || before.processors != after.processors)
        all.emplace_back("two machines: times of one say nothing of the other");
    if (before.kernel != after.kernel) all.emplace_back("two kernels: what sleeps or enters them may change with them");
    for (const measured_file* one : {&before, &after})
        if (one->is_busy) all.push_back(one->path + " was measured beside other programs");
    return all;
}

// The greatest change of a verdict first, whichever way it goes.
auto order_of(const change& one) {
    return std::make_pair(one.how, one.times > 0 ? -std::abs(std::log(one.times)) : -HUGE_VAL);
}

} // namespace

std::size_t comparison::number_of(verdict how) const {
    return static_cast<std::size_t>(
        std::count_if(changes.begin(), changes.end(), [how](const change& one) { return one.how == how; }));
}

const char* word_of(verdict how) {
    static constexpr std::array words{"worse", "better", "unknown", "machine", "same"};
    return words.at(static_cast<std::size_t>(how));
}

comparison compare(measured_file before, measured_file after) {
    comparison result;
    result.cautions = cautions_of(before, after);
    for (const measured_row& was : before.rows) {
        const measured_row* const is = row_named(after, was.name);
        if (is == nullptr)
            result.missing.push_back({was.name, "only in the first file"});
        else if (!was.not_measured.empty() || !is->not_measured.empty())
            result.missing.push_back({was.name, !is->not_measured.empty()
                                                    ? "not measured in the second file: " + is->not_measured
                                                    : "not measured in the first file: " + was.not_measured});
        else
            compare_rows(was, *is, result);
    }
    for (const measured_row& is : after.rows)
        if (row_named(before, is.name) == nullptr) result.missing.push_back({is.name, "only in the second file"});
    std::stable_sort(result.changes.begin(), result.changes.end(),
                     [](const change& a, const change& b) { return order_of(a) < order_of(b); });
    result.before = std::move(before);
    result.after = std::move(after);
    return result;
}

nlohmann::ordered_json to_json(const comparison& result) {
    using nlohmann::ordered_json;
    const auto range = [](const measured_range& one) {
        return ordered_json{{"median", one.median}, {"min", one.least}, {"max", one.greatest}};
    };
    const auto about = [](const measured_file& one) {
        return ordered_json{{"file", one.path},           {"version", one.version},       {"kernel", one.kernel},
                            {"processor", one.processor}, {"processors", one.processors}, {"busy", one.is_busy}};
    };
    ordered_json changes = ordered_json::array();
    for (const change& one : result.changes)
        changes.push_back({{"row", one.row},
                           {"subject", one.subject},
                           {"unit", one.unit},
                           {"before", range(one.before)},
                           {"after", range(one.after)},
                           {"times", one.times > 0 ? ordered_json(one.times) : ordered_json()},
                           {"verdict", word_of(one.how)}});
    ordered_json missing = ordered_json::array();
    for (const not_compared& one : result.missing) missing.push_back({{"row", one.row}, {"why", one.why}});
    return {{"before", about(result.before)}, {"after", about(result.after)},
            {"cautions", result.cautions},    {"worse", result.number_of(verdict::worse)},
            {"changes", std::move(changes)},  {"not_compared", std::move(missing)}};
}

} // namespace efd::cli
