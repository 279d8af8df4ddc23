// bench/bench.cpp: runs rows, A B A B, and holds what came out against the gates. See bench.hpp.
#include "bench/bench.hpp"

#include <algorithm>
#include <stdexcept>

namespace efd::bench {
namespace {

const std::vector<double>* values_of(const row_result& result, const std::string& subject_name) {
    for (const auto& [name, values] : result.values)
        if (name == subject_name) return &values;
    return nullptr;
}

// The peer with the smallest median.
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

// Median of the ratios of the same round.
double ratio_by_round(const std::vector<double>& above, const std::vector<double>& below) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(above.size(), below.size()); ++i)
        if (below[i] > 0) ratios.push_back(above[i] / below[i]);
    return ratios.empty() ? 0 : spread_of(ratios).median;
}

std::optional<gate_result> judge(const row_result& result, const gate& asked) {
    const auto* const mine = values_of(result, asked.subject);
    if (mine == nullptr) return std::nullopt;
    gate_result judged{asked, {}, 0, false};
    if (asked.of == absolute) {
        judged.ratio = spread_of(*mine).median;
    } else {
        judged.against = asked.of == best_peer ? best_peer_of(result) : asked.of;
        const auto* const other = values_of(result, judged.against);
        if (other == nullptr) return std::nullopt;
        judged.ratio = ratio_by_round(*mine, *other);
    }
    judged.met = judged.ratio <= asked.limit;
    return judged;
}

void measure_rounds(row_result& result, const progress& tell) {
    const std::vector<subject>& subjects = result.what.subjects;
    for (const subject& one : subjects) result.values.emplace_back(one.name, std::vector<double>{});
    for (int round = 0; round < result.rounds; ++round) {
        if (tell) tell(result.what, round, result.rounds);
        for (std::size_t i = 0; i < subjects.size(); ++i) {
            const std::size_t turn = (i + static_cast<std::size_t>(round)) % subjects.size();
            result.values[turn].second.push_back(subjects[turn].measure());
        }
    }
}

} // namespace

bool is_peer(const std::string& subject_name) {
    return subject_name == "sem_t" || subject_name == "std_semaphore" || subject_name == "moodycamel" ||
           subject_name == "pipe";
}

std::vector<row> all_rows(const settings& how) {
    std::vector<row> rows;
    rows.reserve(32);
    add_signal_rows(rows, how);
    add_pingpong_rows(rows, how);
    add_life_rows(rows, how);
    add_herd_rows(rows, how);
    add_linger_rows(rows, how);
    add_loop_rows(rows, how);
    add_set_rows(rows, how);
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
    try {
        measure_rounds(result, tell);
    } catch (const std::runtime_error& broken) {
        result.why_not = broken.what();
        return result;
    }
    for (const gate& asked : what.gates)
        if (const auto judged = judge(result, asked)) result.gates.push_back(*judged);
    const auto* const kernel = values_of(result, "kernel");
    const auto* const ours = values_of(result, "efd");
    if (kernel != nullptr && ours != nullptr) {
        const double ratio = ratio_by_round(*kernel, *ours);
        if (ratio > 0) result.kernel_over_efd = ratio;
    }
    return result;
}

} // namespace efd::bench
