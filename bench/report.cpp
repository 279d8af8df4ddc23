// SPDX-License-Identifier: MIT
// bench/report.cpp: results as text for people. See report.hpp.
#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace efd::bench {
namespace {

constexpr int name_width = 25;
constexpr int value_width = 5;
constexpr int peer_width = 8;

// A name that fits into its column.
std::string short_name(const std::string& subject_name) {
    if (subject_name == "std_semaphore") return "std::sem";
    if (subject_name == "moodycamel") return "moody";
    if (subject_name == "pending_flag") return "flag";
    return subject_name;
}

std::string value_cell(const row_result& result, const std::string& subject_name) {
    const auto* const values = values_of(result, subject_name);
    return values == nullptr ? "-" : short_number(spread_of(*values).median);
}

std::string painted(const std::string& text, int colour, bool is_coloured) {
    return is_coloured ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
}

bool all_met(const row_result& result) {
    return std::all_of(result.gates.begin(), result.gates.end(), [](const gate_result& one) { return one.met; });
}

constexpr int green = 32;
constexpr int red = 31;
constexpr int yellow = 33;

// A star refers to the line about the load.
const char* missed_word(const machine& machine) { return machine.is_busy() ? "missed*" : "missed"; }

std::string gate_cell(const row_result& result, const machine& machine, bool is_coloured) {
    if (result.gates.empty()) return "-";
    if (all_met(result)) return painted("met", green, is_coloured);
    return painted(missed_word(machine), machine.is_busy() ? yellow : red, is_coloured);
}

std::string load_text(const machine& machine) {
    return fmt::format("load {:.1f} on {} processor{}", machine.load, machine.processors,
                       machine.processors == 1 ? "" : "s");
}

std::string gate_text(const gate_result& judged, const std::string& unit) {
    if (judged.asked.of == absolute)
        return fmt::format("{} {} {}, the aim is at most {:.4g}", judged.asked.subject, short_number(judged.ratio),
                           unit, judged.asked.limit);
    return fmt::format("{} {:.2f} x {}, the aim is at most {:.3g}", judged.asked.subject, judged.ratio, judged.against,
                       judged.asked.limit);
}

bool is_slower(const row_result& result) { return result.kernel_over_efd && result.kernel_over_efd->median < 0.995; }

// Nothing, or a paragraph.
std::string losses_of(const row_result& result, const machine& machine) {
    if (result.has_failed) return "  " + wrapped(result.what.name + ": " + result.why_not, 4) + "\n";
    std::string all;
    if (is_slower(result)) all += fmt::format(" {:.2f}x, slower than the kernel's;", result.kernel_over_efd->median);
    for (const gate_result& judged : result.gates)
        if (!judged.met) all += fmt::format(" {}: {};", missed_word(machine), gate_text(judged, result.what.unit));
    if (!all.empty()) all.back() = '.';
    if (!all.empty() && !result.what.loss.empty()) all += " " + result.what.loss + ".";
    return all.empty() ? all : "  " + wrapped(result.what.name + ":" + all, 4) + "\n";
}

// Nothing, or a table.
std::string latencies_text(const row_result& result) {
    if (result.sampled.empty()) return {};
    std::string text = fmt::format("    latency of {}, ns:\n    {:<14} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
                                   result.what.sampled, "", "half in", "99 % in", "99.9 %", "all in", "calls");
    for (const auto& [name, sampled] : result.sampled)
        text += fmt::format("    {:<14} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, sampled.at_share(0.5),
                            sampled.at_share(0.99), sampled.at_share(0.999), sampled.greatest_ns(), sampled.number());
    return text;
}

} // namespace

std::string short_number(double value) {
    const double size = std::abs(value);
    if (size >= 1e9) return fmt::format("{:.0f}G", value / 1e9);
    if (size >= 1e7) return fmt::format("{:.0f}M", value / 1e6);
    if (size >= 1e6) return fmt::format("{:.1f}M", value / 1e6);
    if (size >= 1e5) return fmt::format("{:.0f}k", value / 1e3);
    if (size >= 100) return fmt::format("{:.0f}", value);
    if (size >= 10) return fmt::format("{:.1f}", value);
    return fmt::format("{:.2f}", value);
}

std::string wrapped(std::string_view text, std::size_t indent) {
    std::string lines;
    std::size_t width = indent; // of the current line, which the caller may have begun with that many columns
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!lines.empty() && width + 1 + word.size() > columns - 1) {
            lines += "\n" + std::string(indent, ' ');
            width = indent;
        } else if (!lines.empty()) {
            lines += ' ';
            ++width;
        }
        lines += word;
        width += word.size();
    }
    return lines;
}

std::string opening(const machine& machine, std::string_view version) {
    std::string text =
        fmt::format("efd {}, Linux {}, {}, {}", version, machine.kernel, machine.architecture, load_text(machine));
    if (!machine.processor.empty()) text += ", " + machine.processor;
    text = wrapped(text, 2) + "\n";
    if (machine.is_busy())
        text += wrapped("Caution: the load is above the number of processors. Other programs take part in every number "
                        "below, and a missed aim may be theirs.",
                        0) +
                "\n";
    return text;
}

std::string heading(bool is_coloured) {
    const std::string line = fmt::format("{:<{}} {:<5} {:>5} {:>5} {:>5} {:>5} {:>5} {:<{}} {}", "row", name_width,
                                         "unit", "kernl", "efd", "floor", "ratio", "best", "peer", peer_width, "aim");
    return painted(line, 1, is_coloured) + "\n";
}

std::string line_of(const row_result& result, const machine& machine, bool is_coloured) {
    std::string line = fmt::format("{:<{}} {:<5}", result.what.name, name_width, result.what.unit);
    if (!result.why_not.empty()) {
        const std::string why = painted("not measured", result.has_failed ? red : yellow, is_coloured);
        return fmt::format("{} {}:\n    {}\n", line, why, wrapped(result.why_not, 4));
    }
    for (const char* const subject_name : {"kernel", "efd", "floor"})
        line += fmt::format(" {:>{}}", value_cell(result, subject_name), value_width);
    const std::string ratio = result.kernel_over_efd ? short_number(result.kernel_over_efd->median) + "x" : "-";
    line += fmt::format(" {:>{}}", ratio, value_width);
    line += fmt::format(" {:>{}} {:<{}}", value_cell(result, result.best_peer), value_width,
                        result.best_peer.empty() ? "-" : short_name(result.best_peer), peer_width);
    return fmt::format("{} {}\n", line, gate_cell(result, machine, is_coloured));
}

std::string details_of(const row_result& result, const machine& machine, bool is_coloured) {
    const row& what = result.what;
    const std::string first = wrapped(fmt::format("{}: {}; {}, {} round{}", what.name, what.title, what.unit,
                                                  result.rounds, result.rounds == 1 ? "" : "s"),
                                      4);
    std::string text = painted(what.name, 1, is_coloured) + first.substr(what.name.size()) + "\n";
    if (!result.what.note.empty()) text += "    " + wrapped(result.what.note, 4) + "\n";
    if (!result.why_not.empty()) return text + "    not measured: " + wrapped(result.why_not, 18) + "\n\n";
    for (const auto& [name, values] : result.values) {
        const spread s = spread_of(values);
        text += fmt::format("    {:<14} {:>12.2f}   ({:.2f} to {:.2f})\n", name, s.median, s.min, s.max);
    }
    if (result.kernel_over_efd) {
        const spread& r = *result.kernel_over_efd;
        text += fmt::format("    {:<14} {:>12.2f}   ({:.2f} to {:.2f})\n", "kernel / efd", r.median, r.min, r.max);
    }
    for (const gate_result& judged : result.gates) {
        const char* const word = judged.met ? "met" : missed_word(machine);
        text += fmt::format("    {}: {}\n", painted(word, judged.met ? green : red, is_coloured),
                            gate_text(judged, result.what.unit));
    }
    return text + latencies_text(result) + "\n";
}

std::string legend() {
    return "Each number is the median of the rounds, and less is better.\n"
           "  floor  the least that could do it on this machine: a locked add, a bare\n"
           "         futex, or two threads that never sleep\n"
           "  ratio  kernel / efd: above 1 the kernel's eventfd takes longer, below 1 efd\n"
           "  best   the best peer, which promises less than an eventfd: sem_t, std::sem\n"
           "         (std::counting_semaphore), moody (moodycamel's semaphore), pipe,\n"
           "         flag (an atomic flag before an eventfd), uv_async (libuv)\n"
           "  aim    what the project asks of itself; in ns it asks the same of a slow\n"
           "         machine; to miss one is a loss, not an error\n"
           "efd bench --details shows every subject with its least and greatest.\n";
}

std::string losses(const std::vector<row_result>& results, const machine& machine) {
    int met = 0;
    int asked = 0;
    std::string lines;
    for (const row_result& result : results) {
        const auto number_met =
            std::count_if(result.gates.begin(), result.gates.end(), [](auto& one) { return one.met; });
        met += static_cast<int>(number_met);
        asked += static_cast<int>(result.gates.size());
        lines += losses_of(result, machine);
    }
    std::string text = fmt::format("{} of {} aims met.", met, asked);
    text += lines.empty() ? "\n" : " Where efd loses, and why:\n" + lines;
    if (machine.is_busy() && !lines.empty())
        text += "* " + wrapped(load_text(machine) + " before the bench began: measure again when less runs", 2) + "\n";
    return text;
}

} // namespace efd::bench
