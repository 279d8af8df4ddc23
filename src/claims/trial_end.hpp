// SPDX-License-Identifier: MIT
// claims/trial_end.hpp: how a trial ends before its function returns; between claim.cpp and isolation.cpp only.
//
// Owns nothing. Thrown by trial::abandon and trial::not_here in the thread that runs the claim, caught by the runner.
// An abandoned trial may have calls asleep in objects that unwinding would destroy under them: in a claim's own process
// the answer is sent and the process ended instead.
#pragma once

#include "claims/claim.hpp"

#include <functional>
#include <string>

namespace efd::claims {

struct trial_end {
    verdict why;
    std::string detail; // for not_provoked; differences are noted in the trial
};

// Set in a claim's own process alone; sends the outcome and does not return.
inline std::function<void(const outcome&)> end_process_with;

} // namespace efd::claims
