// SPDX-License-Identifier: MIT
// core/shared_sets.cpp: see shared_sets.hpp. How an object of an arena joins and leaves a set, and how a signal tells
// the set.
//
// SHARED_JOIN. The cell is filled first, then the word gets the mark `watched` with a new stamp, then the owner looks
// at the count. A signal that comes before the mark is in that look; one that comes after it sees the mark, and the
// cell. The mark goes as WATCH_OFF says: the word is read, then the cells, and a join between the two has moved the
// word.
#include "core/shared_sets.hpp"

#include "core/set_bells.hpp"
#include "core/shared_slots.hpp"

namespace efd::EFD_ABI::core {

constinit base::atomic<std::uint32_t> bed_wakers{0};

bool shared_sets::is_live(set_cell cell) const noexcept {
    if (set_of_cell(cell) >= number) return false;
    const set_tenant tenant = entries[set_of_cell(cell)].tenant.load(base::acquire);
    return owner_of_set(tenant) != 0 && generation_of_set(tenant) == generation_of_cell(cell);
}

// SHARED_SLEEP: the mark at the top, then the look whether waiters may sleep. A unit on the bed for each signal, so
// that a burst to a sleeper makes one system call.
void mark_in_sets(context& object) noexcept {
    const shared_slots* const slots = find_shared_slots(object);
    if (slots == nullptr || slots->index_of(object) >= slots->objects) return; // a bed
    const shared_sets& sets = slots->sets;
    for (const base::atomic<set_cell>& one : object.cells()) {
        const set_cell cell = one.load(base::acquire);
        if (cell == 0 || !sets.is_live(cell) || member_of_cell(cell) >= sets.shape.members) continue;
        const std::uint32_t set = set_of_cell(cell);
        sets.bitmap(set).mark(member_of_cell(cell));
        if (bits_of(sets.entries[set].interested.load(base::acquire)) != 0) // SHARED_SLEEP, the marker's look
            (void)slots->bed(set).signal_deferred();
        ring_if_armed(sets, set);
    }
}

base::status context::join_set(set_cell wanted) noexcept {
    const shared_sets& sets = shared_slots_of(*this).sets;
    for (base::atomic<set_cell>& one : cells()) {
        set_cell cell = one.load(base::acquire);
        if (cell != 0 && sets.is_live(cell)) continue;
        if (!one.compare_exchange_strong(cell, wanted, base::acq_rel, base::relaxed)) continue; // SHARED_JOIN, cell
        (void)watch();                                                                          // SHARED_JOIN, mark
        return base::status::ok;
    }
    return base::status::no_space;
}

void context::leave_set(set_cell left) noexcept {
    for (base::atomic<set_cell>& one : cells()) {
        set_cell cell = left;
        if (one.compare_exchange_strong(cell, 0, base::acq_rel, base::relaxed)) return; // SHARED_JOIN, leave
    }
}

bool context::stands_in_a_set() const noexcept {
    const shared_sets& sets = shared_slots_of(*this).sets;
    for (const base::atomic<set_cell>& one : cells())
        if (const set_cell cell = one.load(base::acquire); cell != 0 && sets.is_live(cell)) return true;
    return false;
}

void context::clear_cells() noexcept {
    for (base::atomic<set_cell>& one : cells()) one.store(0, base::relaxed);
}

} // namespace efd::EFD_ABI::core
