// SPDX-License-Identifier: MIT
// conformance/framework/trial_end.hpp: how a trial ends before its function returns; shared by claim.cpp and
// isolation.cpp only.
//
// Owns nothing. Thrown by trial::abandon and trial::not_here in the thread that runs the claim, caught by the runner.
// An abandoned trial may have calls asleep in objects that unwinding would destroy, so a claim's own process sends the
// answer and ends instead.
#pragma once

#include "conformance/framework/claim.hpp"

#include <functional>
#include <string>

namespace efd::claims {

struct trial_end {
    verdict why;
    std::string detail; // for not_provoked; differences are noted in the trial
};

// Set in a claim's own process only; sends the outcome and does not return.
inline std::function<void(const outcome&)> end_process_with;

} // namespace efd::claims
