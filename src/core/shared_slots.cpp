// SPDX-License-Identifier: MIT
// core/shared_slots.cpp: see shared_slots.hpp.
#include "core/shared_slots.hpp"

namespace efd::EFD_ABI::core {

#ifndef EFD_ATOMIC_MODEL
constinit shared_range range;
#endif

local_part& shared_local_of(const context& object) noexcept {
    const shared_slots& slots = shared_slots_of(object);
    return slots.locals[slots.index_of(object)].part;
}

} // namespace efd::EFD_ABI::core
