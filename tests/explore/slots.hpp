// The model's pages for private contexts.
//
// Owns nothing. A scenario that makes contexts through the table names these bytes to the machine as plain memory.
#pragma once

#include "explore/machine.hpp"

namespace explore {

region first_slots(std::size_t bytes) noexcept;

} // namespace explore
