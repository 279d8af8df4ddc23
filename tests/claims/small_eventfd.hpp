// SPDX-License-Identifier: MIT
// tests/claims/small_eventfd.hpp: the breakable eventfd as a backend of the claims.
//
// Without a flaw it holds every claim about objects; with one it must be seen to differ, or the claims prove nothing.
#pragma once

#include "common/breakable_eventfd.hpp"
#include "conformance/framework/claim.hpp"

namespace efd::claims {

using common::flaw;

std::unique_ptr<backend> small_backend(flaw with);

} // namespace efd::claims
