// SPDX-License-Identifier: MIT
// The model's pages for private contexts, and for sets.
//
// Owns nothing. A scenario that makes contexts through the table names these bytes to the machine as plain memory.
#pragma once

#include "explorer/machine.hpp"

namespace explore {

region first_slots(std::size_t bytes) noexcept;

// In a set_up, before it makes sets: the pages of the scenario before are free again.
void forget_pages() noexcept;

} // namespace explore
