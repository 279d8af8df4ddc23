// SPDX-License-Identifier: MIT
// The real table of slots, for scenarios in which contexts are born and die.
//
// Owns nothing: the table is the program's. In a set_up, before the world is made: `reset_table` empties it; after the
// world, `name_table` names to the machine what of it changes.
#pragma once

#include <cstddef>

namespace explore {

void reset_table(std::size_t slots);
void name_table(std::size_t slots);

} // namespace explore
