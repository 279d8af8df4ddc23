// cli/check_report.hpp: what the claims said, as a table for people and as JSON for programs.
//
// Pure functions over results. Invariant: every claim is listed, also one that nobody could be asked.
#pragma once

#include "claims/claim.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <string>
#include <vector>

namespace efd::cli {

inline claims::outcome not_asked() { return {claims::verdict::not_applicable, {}}; }

struct checked_claim {
    claims::claim what;
    claims::outcome kernel = not_asked();
    claims::outcome library = not_asked();    // efd_create and what goes with it
    claims::outcome descriptor = not_asked(); // efd_eventfd and efd_fd_*
    claims::outcome dropin = not_asked();     // what the kernel's claims come to in a program under the drop-in
};

// How often each verdict was given by one backend, in the order of claims::verdict.
using tally = std::array<int, 4>;
struct check_totals {
    tally kernel{};
    tally library{};
    tally descriptor{};
    tally dropin{};
    bool anything_differs() const;
};

// The way back from to_json, for one backend's answer.
claims::outcome outcome_of(const nlohmann::json& said);

check_totals totals_of(const std::vector<checked_claim>& all);
nlohmann::ordered_json to_json(const std::vector<checked_claim>& all);
std::string to_table(const std::vector<checked_claim>& all, bool coloured);

} // namespace efd::cli
