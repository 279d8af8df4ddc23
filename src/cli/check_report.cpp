// SPDX-License-Identifier: MIT
// cli/check_report.cpp: see check_report.hpp.
#include "cli/check_report.hpp"

#include "cli/about.hpp"

#include <algorithm>

namespace efd::cli {
namespace {

using claims::outcome;
using claims::verdict;

std::size_t place_of(verdict v) { return static_cast<std::size_t>(v); }

nlohmann::ordered_json json_of(const tally& counted) {
    nlohmann::ordered_json totals;
    for (std::size_t i = 0; i < counted.size(); ++i) totals[verdict_words[i]] = counted[i];
    return totals;
}

nlohmann::ordered_json declared(const std::vector<checked_claim>& all) {
    nlohmann::ordered_json told = nlohmann::ordered_json::array();
    for (const claims::declared_difference& one : claims::declared_differences)
        if (concerns(one, all)) told.push_back({{"backend", one.backend}, {"rows", one.rows}, {"what", one.what}});
    return told;
}

} // namespace

std::string word_of(verdict v) { return verdict_words[place_of(v)]; }

nlohmann::ordered_json json_of(const outcome& said) {
    return {{"verdict", word_of(said.result)}, {"detail", said.detail}};
}

// "K-102, K-108, K-110 to K-143": names, and ranges of names that are all of the same length.
bool concerns(const claims::declared_difference& difference, const std::vector<checked_claim>& all) {
    constexpr std::string_view range = " to ";
    std::string_view rest = difference.rows;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find(", "));
        rest.remove_prefix(std::min(part.size() + 2, rest.size()));
        const std::size_t mark = part.find(range);
        const std::string_view first = part.substr(0, mark);
        const std::string_view last = mark == std::string_view::npos ? first : part.substr(mark + range.size());
        if (std::any_of(all.begin(), all.end(), [&](const checked_claim& one) {
                return std::string_view(one.what.id) >= first && std::string_view(one.what.id) <= last;
            }))
            return true;
    }
    return false;
}

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

nlohmann::ordered_json to_json(const std::vector<checked_claim>& all, const std::string& profile) {
    nlohmann::ordered_json claims = nlohmann::ordered_json::array();
    for (const checked_claim& one : all) {
        nlohmann::ordered_json told{{"claim", one.what.id}, {"title", one.what.title}};
        for (const column& asked : columns) told[asked.name] = json_of(one.*asked.answer);
        claims.push_back(std::move(told));
    }
    const check_totals counted = totals_of(all);
    nlohmann::ordered_json totals;
    for (const column& asked : columns) totals[asked.name] = json_of(counted.*asked.total);
    return {{"version", version},       {"kernel", kernel_release()},  {"machine", machine()},
            {"profile", profile},       {"claims", std::move(claims)}, {"totals", std::move(totals)},
            {"declared", declared(all)}};
}

} // namespace efd::cli
