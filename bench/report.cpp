// bench/report.cpp: results as JSON for programs and as a table for people. See bench.hpp.
#include "bench/bench.hpp"

#include <fmt/format.h>

#include <array>

namespace efd::bench {
namespace {

constexpr std::array columns{"kernel", "efd", "efd_c", "floor", "sem_t", "std_semaphore", "moodycamel", "pipe"};
constexpr int name_width = 26;
constexpr int unit_width = 15;
constexpr int value_width = 10;

nlohmann::ordered_json json_of(const gate_result& judged) {
    nlohmann::ordered_json gate{{"subject", judged.asked.subject},
                                {"limit", judged.asked.limit},
                                {"of", judged.asked.of},
                                {"ratio", judged.ratio},
                                {"met", judged.met}};
    if (!judged.against.empty()) gate["against"] = judged.against;
    return gate;
}

nlohmann::ordered_json json_of(const row_result& result) {
    nlohmann::ordered_json row{{"name", result.what.name}, {"unit", result.what.unit}};
    row["subjects"] = nlohmann::ordered_json::object();
    if (result.why_not.empty()) {
        for (const auto& [name, values] : result.values) {
            const spread s = spread_of(values);
            row["subjects"][name] = {{"median", s.median}, {"min", s.min}, {"max", s.max}};
        }
    } else {
        row["not_measured"] = result.why_not;
    }
    row["rounds"] = result.rounds;
    if (result.kernel_over_efd) row["kernel_over_efd"] = *result.kernel_over_efd;
    if (!result.gates.empty()) row["gate"] = json_of(result.gates.front());
    if (result.gates.size() > 1) {
        row["more_gates"] = nlohmann::ordered_json::array();
        for (std::size_t i = 1; i < result.gates.size(); ++i) row["more_gates"].push_back(json_of(result.gates[i]));
    }
    if (!result.what.note.empty()) row["note"] = result.what.note;
    return row;
}

// Four digits, whatever the size.
std::string short_number(double value) {
    if (value >= 1000) return fmt::format("{:.0f}", value);
    if (value >= 100) return fmt::format("{:.1f}", value);
    return fmt::format("{:.2f}", value);
}

std::string gate_text(const gate_result& judged, const std::string& unit) {
    if (judged.asked.of == absolute)
        return fmt::format("{} {} {} (at most {:.4g})", judged.asked.subject, short_number(judged.ratio), unit,
                           judged.asked.limit);
    const std::string against =
        judged.asked.of == best_peer ? fmt::format("best peer, {}", judged.against) : judged.against;
    return fmt::format("{} {:.2f} x {} (at most {:.3g})", judged.asked.subject, judged.ratio, against,
                       judged.asked.limit);
}

std::string judged_text(const gate_result& judged, const std::string& unit, bool coloured) {
    const char* const word = judged.met ? "met" : "MISSED";
    const std::string text = fmt::format("{}: {}", gate_text(judged, unit), word);
    if (!coloured) return text;
    return fmt::format("\x1b[{}m{}\x1b[0m", judged.met ? 32 : 31, text);
}

std::string value_cell(const row_result& result, const char* column) {
    for (const auto& [name, values] : result.values)
        if (name == column) return short_number(spread_of(values).median);
    return "-";
}

void append_row(std::string& table, const row_result& result, bool coloured) {
    table += fmt::format("{:<{}} {:<{}}", result.what.name, name_width, result.what.unit, unit_width);
    if (!result.why_not.empty()) {
        table += fmt::format(" not measured: {}\n", result.why_not);
        return;
    }
    for (const char* const column : columns) table += fmt::format(" {:>{}}", value_cell(result, column), value_width);
    table += fmt::format(" {:>8}", result.kernel_over_efd ? fmt::format("{:.2f}x", *result.kernel_over_efd) : "-");
    const std::size_t indent = name_width + 1 + unit_width + columns.size() * (value_width + 1) + 9;
    for (std::size_t i = 0; i < result.gates.size(); ++i) {
        if (i > 0) table += "\n" + std::string(indent, ' ');
        table += "  " + judged_text(result.gates[i], result.what.unit, coloured);
    }
    table += "\n";
}

std::string heading() {
    std::string line = fmt::format("{:<{}} {:<{}}", "row", name_width, "unit", unit_width);
    for (const char* column : columns)
        line += fmt::format(" {:>{}}", std::string(column) == "std_semaphore" ? "std::sem" : column, value_width);
    return line + fmt::format(" {:>8}  gate", "krnl/efd");
}

} // namespace

nlohmann::ordered_json to_json(const std::vector<row_result>& results) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const row_result& result : results) all.push_back(json_of(result));
    return all;
}

std::string to_table(const std::vector<row_result>& results, bool coloured) {
    std::string table = coloured ? "\x1b[1m" + heading() + "\x1b[0m\n" : heading() + "\n";
    int met = 0;
    int asked = 0;
    for (const row_result& result : results) {
        append_row(table, result, coloured);
        for (const gate_result& judged : result.gates) {
            ++asked;
            met += judged.met ? 1 : 0;
        }
    }
    table += fmt::format("\nMedians of the rounds, less is better; ratios are medians of the ratios of the same round; "
                         "--json has the ranges.\n{} of {} gates met.\n",
                         met, asked);
    return table;
}

} // namespace efd::bench
