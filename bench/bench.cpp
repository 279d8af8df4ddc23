// SPDX-License-Identifier: MIT
// bench/bench.cpp: runs the rows and compares the results with the gates. See bench.hpp.
#include "bench/bench.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace efd::bench {
namespace {

std::string best_peer_of(const row_result& result) {
    std::string best;
    double least = 0;
    for (const auto& [name, values] : result.values) {
        if (!is_peer(name)) continue;
        const double median = spread_of(values).median;
        if (!best.empty() && median >= least) continue;
        best = name;
        least = median;
    }
    return best;
}

std::vector<double> ratios_by_round(const std::vector<double>& above, const std::vector<double>& below) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(above.size(), below.size()); ++i)
        if (below[i] > 0) ratios.push_back(above[i] / below[i]);
    return ratios;
}

std::optional<gate_result> judge(const row_result& result, const gate& asked) {
    const auto* const values = values_of(result, asked.subject);
    if (values == nullptr) return std::nullopt;
    gate_result judged{asked, {}, 0, false};
    if (asked.of == absolute) {
        judged.ratio = spread_of(*values).median;
    } else {
        judged.against = asked.of == best_peer ? result.best_peer : asked.of;
        const auto* const other = values_of(result, judged.against);
        if (other == nullptr) return std::nullopt;
        const std::vector<double> ratios = ratios_by_round(*values, *other);
        if (ratios.empty()) return std::nullopt;
        judged.ratio = spread_of(ratios).median;
    }
    judged.met = judged.ratio <= asked.limit;
    return judged;
}

void judge_all(row_result& result) {
    result.best_peer = best_peer_of(result);
    for (const gate& asked : result.what.gates)
        if (const auto judged = judge(result, asked)) result.gates.push_back(*judged);
    const auto* const kernel = values_of(result, "kernel");
    const auto* const ours = values_of(result, "efd");
    if (kernel == nullptr || ours == nullptr) return;
    const std::vector<double> ratios = ratios_by_round(*kernel, *ours);
    if (!ratios.empty() && spread_of(ratios).median > 0) result.kernel_over_efd = spread_of(ratios);
}

} // namespace

const std::vector<double>* values_of(const row_result& result, const std::string& subject_name) {
    for (const auto& [name, values] : result.values)
        if (name == subject_name) return &values;
    return nullptr;
}

bool is_peer(const std::string& subject_name) {
    static constexpr std::array peers{"sem_t",    "std_semaphore", "moodycamel",   "pipe", "pending_flag",
                                      "uv_async", "boost",         "robust_mutex", "pidfd"};
    return std::find(peers.begin(), peers.end(), subject_name) != peers.end();
}

std::vector<row> all_rows(const settings& how) {
    std::vector<row> rows;
    rows.reserve(64);
    add_signal_rows(rows, how);
    add_pingpong_rows(rows, how);
    add_life_rows(rows, how);
    add_herd_rows(rows, how);
    add_cancel_rows(rows, how);
    add_linger_rows(rows, how);
    add_loop_rows(rows, how);
    add_set_rows(rows, how);
    add_set_two_rows(rows, how);
    add_share_rows(rows, how);
    add_death_rows(rows);
    add_arena_rows(rows, how);
    add_family_rows(rows, how);
    add_scale_rows(rows, how);
    add_dropin_rows(rows, how);
    return rows;
}

row_result run_row(const row& what, const settings& how, const progress& tell) {
    row_result result;
    result.what = what;
    result.why_not = what.impossible;
    if (!result.why_not.empty()) return result;
    result.rounds = how.brief ? what.rounds_brief : what.rounds_full;
    if (how.rounds > 0 && result.rounds > 1) result.rounds = how.rounds;
    measured_apart measured = measure_apart(what, result.rounds, how.patience_s, tell);
    result.why_not = measured.why_not;
    result.has_failed = !measured.why_not.empty();
    if (result.has_failed) return result;
    for (std::size_t i = 0; i < what.subjects.size(); ++i) {
        result.values.emplace_back(what.subjects[i].name, std::move(measured.values[i]));
        if (measured.sampled[i].number() > 0) result.sampled.emplace_back(what.subjects[i].name, measured.sampled[i]);
    }
    judge_all(result);
    return result;
}

} // namespace efd::bench
