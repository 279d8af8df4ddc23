// SPDX-License-Identifier: MIT
// cli/check_report.hpp: the claims' results, as a table for people and as JSON for programs.
//
// Pure functions over results. Invariant: every claim is listed, also one that no backend could be asked.
#pragma once

#include "conformance/framework/claim.hpp"
#include "conformance/framework/declared.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <string>
#include <vector>

namespace efd::cli {

inline claims::outcome not_asked() { return {claims::verdict::not_applicable, {}}; }

struct checked_claim {
    claims::claim what;
    claims::outcome kernel = not_asked();
    claims::outcome library = not_asked();       // efd_create and what goes with it
    claims::outcome descriptor = not_asked();    // efd_eventfd and efd_fd_*
    claims::outcome two_processes = not_asked(); // an object of an arena; calls and looks by different processes
    claims::outcome dropin = not_asked();        // the kernel's claims in a program under the drop-in
};

// How often each verdict was given by one backend, in the order of claims::verdict.
using tally = std::array<int, 4>;
struct check_totals {
    tally kernel{};
    tally library{};
    tally descriptor{};
    tally two_processes{};
    tally dropin{};
    bool anything_differs() const;
};

inline constexpr std::array verdict_words{"holds", "differs", "not provoked", "not applicable"};
[[nodiscard]] std::string word_of(claims::verdict v);

// The backends, in the order of the report.
struct column {
    const char* name;
    claims::outcome checked_claim::* answer;
    tally check_totals::* total;
};
inline constexpr std::array columns{
    column{"kernel", &checked_claim::kernel, &check_totals::kernel},
    column{"library", &checked_claim::library, &check_totals::library},
    column{"descriptor", &checked_claim::descriptor, &check_totals::descriptor},
    column{"two processes", &checked_claim::two_processes, &check_totals::two_processes},
    column{"dropin", &checked_claim::dropin, &check_totals::dropin}};

// Whether the difference is in one of these claims.
[[nodiscard]] bool concerns(const claims::declared_difference& difference, const std::vector<checked_claim>& all);

// One backend's answer as text, and the reverse.
[[nodiscard]] nlohmann::ordered_json json_of(const claims::outcome& said);
[[nodiscard]] claims::outcome outcome_of(const nlohmann::json& said);

check_totals totals_of(const std::vector<checked_claim>& all);
nlohmann::ordered_json to_json(const std::vector<checked_claim>& all, const std::string& profile);

// In 80 columns. A backend that is asked none of these claims has no column. Of the differences by choice only those of
// these claims are listed. check_table.cpp.
std::string to_table(const std::vector<checked_claim>& all, bool coloured);

} // namespace efd::cli
