// cli/check_report.cpp: see check_report.hpp.
#include "cli/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace efd::cli {
namespace {

using claims::needs;
using claims::outcome;
using claims::verdict;

constexpr std::array verdict_words{"holds", "differs", "not provoked", "not applicable"};

std::size_t place_of(verdict v) { return static_cast<std::size_t>(v); }
std::string word_of(verdict v) { return verdict_words[place_of(v)]; }

// A backend that does not offer what the claim needs is told by what does.
std::string shown(const outcome& said, needs wants) {
    if (said.result != verdict::not_applicable) return word_of(said.result);
    return wants == needs::descriptor ? "(kernel only)" : wants == needs::in_process ? "(library only)" : "(not asked)";
}

std::string padded(const std::string& text, std::size_t width, verdict v, bool coloured) {
    const std::string cell = fmt::format("{:<{}}", text, width);
    if (!coloured || v == verdict::not_applicable) return cell;
    const int colour = v == verdict::holds ? 32 : v == verdict::differs ? 31 : 33;
    return fmt::format("\x1b[{}m{}\x1b[0m", colour, cell);
}

void append_detail(std::string& table, const char* who, const outcome& said) {
    if (said.detail.empty() || said.result == verdict::not_applicable) return;
    table += fmt::format("        {}: {}\n", who, said.detail);
}

std::string total_line(const char* who, const tally& counted) {
    return fmt::format("{:<8} {:>5} {:>8} {:>13} {:>15}\n", who, counted[0], counted[1], counted[2], counted[3]);
}

nlohmann::ordered_json json_of(const outcome& said) {
    return {{"verdict", word_of(said.result)}, {"detail", said.detail}};
}

nlohmann::ordered_json json_of(const tally& counted) {
    nlohmann::ordered_json totals;
    for (std::size_t i = 0; i < counted.size(); ++i) totals[verdict_words[i]] = counted[i];
    return totals;
}

} // namespace

bool check_totals::anything_differs() const {
    const std::size_t at = place_of(verdict::differs);
    return kernel[at] > 0 || library[at] > 0 || dropin[at] > 0;
}

claims::outcome outcome_of(const nlohmann::json& said) {
    const std::string word = said.at("verdict");
    const auto* const found = std::find(verdict_words.begin(), verdict_words.end(), word);
    if (found == verdict_words.end()) throw std::runtime_error("no such verdict: " + word);
    return {static_cast<verdict>(found - verdict_words.begin()), said.at("detail")};
}

check_totals totals_of(const std::vector<checked_claim>& all) {
    check_totals totals;
    for (const checked_claim& one : all) {
        ++totals.kernel[place_of(one.kernel.result)];
        ++totals.library[place_of(one.library.result)];
        ++totals.dropin[place_of(one.dropin.result)];
    }
    return totals;
}

nlohmann::ordered_json to_json(const std::vector<checked_claim>& all) {
    nlohmann::ordered_json claims = nlohmann::ordered_json::array();
    for (const checked_claim& one : all)
        claims.push_back({{"claim", one.what.id},
                          {"title", one.what.title},
                          {"kernel", json_of(one.kernel)},
                          {"library", json_of(one.library)},
                          {"dropin", json_of(one.dropin)}});
    const check_totals totals = totals_of(all);
    return {{"claims", std::move(claims)},
            {"totals",
             {{"kernel", json_of(totals.kernel)},
              {"library", json_of(totals.library)},
              {"dropin", json_of(totals.dropin)}}}};
}

std::string to_table(const std::vector<checked_claim>& all, bool coloured) {
    std::size_t title_width = 5;
    for (const checked_claim& one : all) title_width = std::max(title_width, one.what.title.size());
    std::string table =
        fmt::format("{:<6} {:<{}}  {:<14} {:<14} {}\n", "claim", "title", title_width, "kernel", "library", "dropin");
    for (const checked_claim& one : all) {
        const std::string kernel = shown(one.kernel, one.what.wants);
        const std::string library = shown(one.library, one.what.wants);
        const std::string dropin = shown(one.dropin, one.what.wants);
        table += fmt::format("{:<6} {:<{}}  {} {} {}\n", one.what.id, one.what.title, title_width,
                             padded(kernel, 14, one.kernel.result, coloured),
                             padded(library, 14, one.library.result, coloured),
                             padded(dropin, dropin.size(), one.dropin.result, coloured));
        append_detail(table, "kernel", one.kernel);
        append_detail(table, "library", one.library);
        append_detail(table, "dropin", one.dropin);
    }
    const check_totals totals = totals_of(all);
    table += fmt::format("\n{:<8} {:>5} {:>8} {:>13} {:>15}\n", "totals", "holds", "differs", "not provoked",
                         "not applicable");
    return table + total_line("kernel", totals.kernel) + total_line("library", totals.library) +
           total_line("dropin", totals.dropin);
}

} // namespace efd::cli
