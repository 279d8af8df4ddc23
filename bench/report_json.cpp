// SPDX-License-Identifier: MIT
// bench/report_json.cpp: results as JSON, for programs. See report.hpp and docs/bench.md.
#include "bench/report.hpp"

namespace efd::bench {
namespace {

nlohmann::ordered_json json_of(const spread& s) { return {{"median", s.median}, {"min", s.min}, {"max", s.max}}; }

nlohmann::ordered_json json_of(const gate_result& judged) {
    nlohmann::ordered_json gate{{"subject", judged.asked.subject},
                                {"limit", judged.asked.limit},
                                {"of", judged.asked.of},
                                {"ratio", judged.ratio},
                                {"met", judged.met}};
    if (!judged.against.empty()) gate["against"] = judged.against;
    return gate;
}

// Each bucket as its greatest value and its number of calls.
nlohmann::ordered_json json_of(const latencies& sampled) {
    nlohmann::ordered_json buckets = nlohmann::ordered_json::array();
    for (const auto& [greatest_ns, number] : sampled.buckets()) buckets.push_back({greatest_ns, number});
    return {{"calls", sampled.number()},       {"median", sampled.at_share(0.5)}, {"99", sampled.at_share(0.99)},
            {"99.9", sampled.at_share(0.999)}, {"max", sampled.greatest_ns()},    {"buckets", std::move(buckets)}};
}

nlohmann::ordered_json latency_of(const row_result& result) {
    nlohmann::ordered_json latency{{"of", result.what.sampled}, {"unit", "ns"}};
    for (const auto& [name, sampled] : result.sampled) latency["subjects"][name] = json_of(sampled);
    return latency;
}

nlohmann::ordered_json json_of(const row_result& result) {
    nlohmann::ordered_json row{{"name", result.what.name}, {"title", result.what.title}, {"unit", result.what.unit}};
    row["subjects"] = nlohmann::ordered_json::object();
    for (const auto& [name, values] : result.values) row["subjects"][name] = json_of(spread_of(values));
    if (!result.why_not.empty()) row["not_measured"] = result.why_not;
    row["rounds"] = result.rounds;
    if (result.kernel_over_efd) row["kernel_over_efd"] = json_of(*result.kernel_over_efd);
    if (!result.best_peer.empty()) row["best_peer"] = result.best_peer;
    row["gates"] = nlohmann::ordered_json::array();
    for (const gate_result& judged : result.gates) row["gates"].push_back(json_of(judged));
    if (const series_place& place = result.what.place; !place.series.empty())
        row["series"] = {{"name", place.series}, {"by", place.by}, {"at", place.at}};
    if (!result.sampled.empty()) row["latency"] = latency_of(result);
    if (!result.what.note.empty()) row["note"] = result.what.note;
    if (!result.what.loss.empty()) row["loss"] = result.what.loss;
    return row;
}

} // namespace

nlohmann::ordered_json to_json(const std::vector<row_result>& results, const machine& machine,
                               std::string_view version) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const row_result& result : results) rows.push_back(json_of(result));
    return {{"version", version},
            {"kernel", machine.kernel},
            {"machine",
             {{"architecture", machine.architecture},
              {"processor", machine.processor},
              {"processors", machine.processors}}},
            {"load", machine.load},
            {"busy", machine.is_busy()},
            {"rows", std::move(rows)}};
}

} // namespace efd::bench
