// SPDX-License-Identifier: MIT
// cli/bench_compare_table.cpp: a comparison for people, in 80 columns; see bench_compare.hpp.
#include "cli/bench_compare.hpp"

#include "bench/report.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <array>

namespace efd::cli {
namespace {

using bench::short_number;

colour colour_of(verdict how) {
    static constexpr std::array colours{colour::red, colour::green, colour::yellow, colour::yellow, colour::none};
    return colours.at(static_cast<std::size_t>(how));
}

std::string about(const char* which, const measured_file& one) {
    return paragraph(fmt::format("{} {}: efd {}, Linux {}, {} x {}", which, one.path, one.version, one.kernel,
                                 one.processors, one.processor.empty() ? "unknown processor" : one.processor),
                     0);
}

// At most seven characters.
std::string times_text(double times) {
    if (times <= 0) return "-";
    return times >= 100 || times < 0.01 ? short_number(times) + "x" : fmt::format("{:.2f}x", times);
}

std::string line_of(const change& one, bool is_coloured) {
    return fmt::format("{:<25} {:<13} {:<5} {:>7} {:>7} {:>7}  {}\n", shortened(one.row, 25),
                       shortened(one.subject, 13), one.unit, short_number(one.before.median),
                       short_number(one.after.median), times_text(one.times),
                       painted(word_of(one.how), colour_of(one.how), is_coloured));
}

std::string ranges_of(const change& one) {
    const auto range = [](const measured_range& of) {
        return fmt::format("{} to {}", short_number(of.least), short_number(of.greatest));
    };
    return fmt::format("    {} before, {} after\n", range(one.before), range(one.after));
}

std::string legend() {
    return "Medians, before and after; less is better. A change counts if the ranges from\n"
           "least to greatest do not overlap.\n"
           "  machine  the kernel's eventfd changed as much: the machine's change, not efd's\n"
           "  unknown  measured in one round only, so there are no ranges\n";
}

} // namespace

std::string table_of(const comparison& result, bool all, bool is_coloured) {
    std::string text = about("before", result.before) + about("after ", result.after);
    for (const std::string& one : result.cautions) text += paragraph("Caution: " + one + ".", 0);
    std::string lines;
    for (const change& one : result.changes) {
        if (one.how == verdict::same && !all) continue;
        lines += line_of(one, is_coloured);
        if (one.how == verdict::worse || all) lines += ranges_of(one);
    }
    if (!lines.empty()) {
        const std::string heading =
            fmt::format("{:<25} {:<13} {:<5} {:>7} {:>7} {:>7}", "row", "subject", "unit", "before", "after", "times");
        text += "\n" + painted(heading, colour::bold, is_coloured) + "\n" + lines + "\n" + legend();
    }
    if (!result.missing.empty()) text += "\nNot compared:\n";
    for (const not_compared& one : result.missing) text += paragraph(one.row + ": " + one.why, 2);
    text += fmt::format("\n{} worse, {} better, {} the same", result.number_of(verdict::worse),
                        result.number_of(verdict::better), result.number_of(verdict::same));
    for (const verdict how : {verdict::machine, verdict::unknown})
        if (result.number_of(how) > 0) text += fmt::format(", {} {}", result.number_of(how), word_of(how));
    return text + (all || result.number_of(verdict::same) == 0 ? ".\n" : "; --details lists all.\n");
}

} // namespace efd::cli
