// SPDX-License-Identifier: MIT
// share/orphans.cpp: the part of share::slots that tells waiters of the death of the last process that signals
// (ORPHAN).
#include "share/slots.hpp"

#include <bit>

namespace efd::share {

// ORPHAN. By the process that has the lock of the dead one's index. It may die itself, and the next one does it again:
// so the death has a number, and is not counted.
void slots::note_death(std::uint32_t index, std::uint32_t serial) noexcept {
    const std::uint32_t death = serial * processes_most + index + 1; // 0: none
    const std::uint32_t words = (parts_.where.slots + word_bits - 1) / word_bits;
    for (std::uint32_t word = 0; word < words; ++word) {
        std::uint64_t bits = signal_row_at(index, word * word_bits).load(base::acquire);
        for (; bits != 0; bits &= bits - 1) {
            const std::uint32_t slot = word * word_bits + static_cast<std::uint32_t>(std::countr_zero(bits));
            if (slot < parts_.where.slots) death_at(slot).store(death, base::release);
        }
    }
}

bool slots::somebody_signals(std::uint32_t slot) const noexcept {
    const std::uint32_t processes = processes_to_ask();
    for (std::uint32_t p = 0; p < processes; ++p)
        if ((signal_row_at(p, slot).load(base::acquire) >> slot % word_bits & 1) != 0) return true;
    return false;
}

bool slots::is_orphaned(core::shared_slots& mapped, std::uint32_t slot) noexcept {
    slots& all = *static_cast<slots*>(mapped.owner);
    if (all.before_look_ != nullptr) all.before_look_(all.whose_);
    const std::uint32_t death = all.death_at(slot).load(base::acquire);
    core::shared_local& local = all.local_at(slot);
    if (death == 0 || death == local.told_death.load(base::relaxed) || all.somebody_signals(slot)) return false;
    return local.told_death.exchange(death, base::acq_rel) != death; // ORPHAN, told
}

} // namespace efd::share
