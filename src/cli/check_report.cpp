// cli/check_report.cpp: see check_report.hpp.
#include "cli/check_report.hpp"

#include "claims/declared.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace efd::cli {
namespace {

using claims::needs;
using claims::outcome;
using claims::verdict;

constexpr std::array verdict_words{"holds", "differs", "not provoked", "not applicable"};

// Who is asked, in the order in which it is told.
struct column {
    const char* name;
    outcome checked_claim::* answer;
    tally check_totals::* total;
};
constexpr std::array columns{column{"kernel", &checked_claim::kernel, &check_totals::kernel},
                             column{"library", &checked_claim::library, &check_totals::library},
                             column{"descriptor", &checked_claim::descriptor, &check_totals::descriptor},
                             column{"dropin", &checked_claim::dropin, &check_totals::dropin}};

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

// Without blanks at its end.
void end_line(std::string& table) {
    table.erase(table.find_last_not_of(' ') + 1);
    table += '\n';
}

std::string total_line(const char* who, const tally& counted) {
    return fmt::format("{:<10} {:>5} {:>8} {:>13} {:>15}\n", who, counted[0], counted[1], counted[2], counted[3]);
}

nlohmann::ordered_json json_of(const outcome& said) {
    return {{"verdict", word_of(said.result)}, {"detail", said.detail}};
}

nlohmann::ordered_json json_of(const tally& counted) {
    nlohmann::ordered_json totals;
    for (std::size_t i = 0; i < counted.size(); ++i) totals[verdict_words[i]] = counted[i];
    return totals;
}

nlohmann::ordered_json declared() {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const claims::declared_difference& one : claims::declared_differences)
        all.push_back({{"backend", one.backend}, {"rows", one.rows}, {"what", one.what}});
    return all;
}

std::string declared_lines() {
    std::string lines = "\nDifferences by choice, which no claim asks for (docs/semantics.md says why)\n";
    for (const claims::declared_difference& one : claims::declared_differences)
        lines += fmt::format("{:<10} {:<28} {}\n", one.backend, one.rows, one.what);
    return lines;
}

} // namespace

bool check_totals::anything_differs() const {
    const std::size_t at = place_of(verdict::differs);
    return std::any_of(columns.begin(), columns.end(), [&](const column& one) { return (this->*one.total)[at] > 0; });
}

claims::outcome outcome_of(const nlohmann::json& said) {
    const std::string word = said.at("verdict");
    const auto* const found = std::find(verdict_words.begin(), verdict_words.end(), word);
    if (found == verdict_words.end()) throw std::runtime_error("no such verdict: " + word);
    return {static_cast<verdict>(found - verdict_words.begin()), said.at("detail")};
}

check_totals totals_of(const std::vector<checked_claim>& all) {
    check_totals totals;
    for (const checked_claim& one : all)
        for (const column& asked : columns) ++(totals.*asked.total)[place_of((one.*asked.answer).result)];
    return totals;
}

nlohmann::ordered_json to_json(const std::vector<checked_claim>& all) {
    nlohmann::ordered_json claims = nlohmann::ordered_json::array();
    for (const checked_claim& one : all) {
        nlohmann::ordered_json told{{"claim", one.what.id}, {"title", one.what.title}};
        for (const column& asked : columns) told[asked.name] = json_of(one.*asked.answer);
        claims.push_back(std::move(told));
    }
    const check_totals counted = totals_of(all);
    nlohmann::ordered_json totals;
    for (const column& asked : columns) totals[asked.name] = json_of(counted.*asked.total);
    return {{"claims", std::move(claims)}, {"totals", std::move(totals)}, {"declared", declared()}};
}

std::string to_table(const std::vector<checked_claim>& all, bool coloured) {
    constexpr std::size_t answer_width = 14;
    std::size_t title_width = 5;
    for (const checked_claim& one : all) title_width = std::max(title_width, one.what.title.size());
    std::string table = fmt::format("{:<6} {:<{}} ", "claim", "title", title_width);
    for (const column& asked : columns) table += fmt::format(" {:<{}}", asked.name, answer_width);
    end_line(table);
    for (const checked_claim& one : all) {
        table += fmt::format("{:<6} {:<{}} ", one.what.id, one.what.title, title_width);
        for (const column& asked : columns) {
            const outcome& said = one.*asked.answer;
            table += ' ' + padded(shown(said, one.what.wants), answer_width, said.result, coloured);
        }
        end_line(table);
        for (const column& asked : columns) append_detail(table, asked.name, one.*asked.answer);
    }
    table += fmt::format("\n{:<10} {:>5} {:>8} {:>13} {:>15}\n", "totals", "holds", "differs", "not provoked",
                         "not applicable");
    const check_totals totals = totals_of(all);
    for (const column& asked : columns) table += total_line(asked.name, totals.*asked.total);
    return table + declared_lines();
}

} // namespace efd::cli
