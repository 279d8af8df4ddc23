// SPDX-License-Identifier: MIT
// share/orphans.cpp: the part of share::slots that reports to waiters the death of the last process that signals
// (ORPHAN).
#include "share/slots.hpp"

namespace efd::share {

// ORPHAN. By the process that has the lock of the dead one's index. It may die itself, and the next one does it again:
// so the death has a number, and is not counted.
void slots::note_death(std::uint32_t index, std::uint32_t serial) noexcept {
    const std::uint32_t death = serial * processes_most + index + 1; // 0: none
    const auto note = [&](std::uint32_t slot) {
        death_at(slot).store(death, base::release);
        return false; // and the others
    };
    for (std::uint32_t word = 0; word < row_words(); ++word)
        any_slot_of(word_of(row::signalled, index, word).load(base::acquire), word, note);
}

// ORPHAN, look. Reads the reported death first, so a death that is reported meanwhile is not reported again.
bool slots::is_orphaned(core::shared_slots& mapped, std::uint32_t slot, core::met_death& met) noexcept {
    slots& all = *static_cast<slots*>(mapped.owner);
    if (all.before_look_ != nullptr) all.before_look_(all.whose_);
    met.reported_before = all.local_at(slot).reported_death.load(base::acquire);
    met.number = all.death_at(slot).load(base::acquire);
    return met.number != 0 && met.number != met.reported_before && !all.somebody_has(row::signalled, slot);
}

} // namespace efd::share
