// SPDX-License-Identifier: MIT
// core/shared_slots.cpp: see shared_slots.hpp.
#include "core/shared_slots.hpp"

namespace efd::EFD_ABI::core {

#ifndef EFD_ATOMIC_MODEL
constinit shared_range range;
#endif

// A thread in its last steps of a call may have outlived the arena (LAST_PUT), and another one may have its slots
// elsewhere. It then finds an object without references.
local_part& shared_local_of(const context& object) noexcept {
    static constinit local_part of_nobody{};
    const shared_slots* const slots = find_shared_slots(object);
    if (slots == nullptr || slots->index_of(object) >= slots->number) [[unlikely]]
        return of_nobody;
    return slots->locals[slots->index_of(object)].part;
}

bool may_report(const context& object, const met_death& met) noexcept {
    shared_slots& slots = shared_slots_of(object);
    std::uint32_t expected = met.reported_before;
    return slots.locals[slots.index_of(object)].reported_death.compare_exchange_strong(expected, met.number,
                                                                                       base::acq_rel,
                                                                                       base::relaxed); // ORPHAN, told
}

} // namespace efd::EFD_ABI::core
