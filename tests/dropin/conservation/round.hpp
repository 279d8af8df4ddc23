// SPDX-License-Identifier: MIT
// tests/dropin/conservation/round.hpp: one round, in a process of its own that makes the eventfds and audits them.
#pragma once

#include <cstdint>

namespace conservation {

// Of `features` those are left out that this machine or this user cannot have.
[[nodiscard]] std::uint32_t possible(std::uint32_t features);

// Runs the round that the book names, in the process that calls; ends it with 0, or by fault().
[[noreturn]] void run_round();

} // namespace conservation
