// SPDX-License-Identifier: MIT
// The model's pages for private contexts, and for sets.
//
// Owns nothing. A scenario that makes contexts through the table names these bytes to the machine as plain memory.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include "explorer/machine.hpp"

#include <cstdint>

namespace explore {

region first_slots(std::size_t bytes) noexcept;

// In a set_up, before it makes sets: the pages of the scenario before are free again.
void forget_pages() noexcept;

// The bytes in the pipe of the arena's set (set_world.cpp); a scenario without a bell does not ask.
efd::base::atomic<std::uint32_t>& pipe_bytes() noexcept;

} // namespace explore
