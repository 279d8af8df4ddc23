// claims/trial_end.hpp: how a trial ends before its function returns; between claim.cpp and isolation.cpp only.
//
// Owns nothing. Thrown by trial::abandon and trial::not_here in the thread that runs the claim, caught by the runner.
#pragma once

#include "claims/claim.hpp"

#include <string>

namespace efd::claims {

struct trial_end {
    verdict why;
    std::string detail; // for not_provoked; differences are noted in the trial
};

} // namespace efd::claims
