// SPDX-License-Identifier: MIT
// How a schedule is told: names for places, and the step of the protocol that stands beside the line of code.
#pragma once

#include <string>

namespace explore {

// What the place at this address is called in a schedule; forgotten when the next scenario is set up.
void name_place(const void* address, const char* name);
void forget_names() noexcept;

} // namespace explore
