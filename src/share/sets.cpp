// SPDX-License-Identifier: MIT
// share/sets.cpp: see sets.hpp.
#include "share/sets.hpp"

#include "core/set_bells.hpp"

namespace efd::share {

using core::set_tenant;

void sets::begin(const arena_parts& parts, core::shared_slots& mapped) noexcept {
    const layout& where = parts.where;
    core::shared_sets& all = mapped.sets;
    all.entries = &parts.at<core::set_entry>(where.sets_at);
    all.bitmaps = &parts.at<core::stamped_word>(where.bitmaps_at);
    all.number = where.sets; // all.bells: the mapping has them
    all.bitmap_stride = static_cast<std::uint32_t>(where.bitmap_bytes / 8);
    all.shape = core::shape_for(where.slots);
    all.deaths = &parts.at<process_entry>(where.processes_at).deaths;
    mapped_ = &mapped;
    for (std::uint32_t set = 0; set < where.sets; ++set) mapped.locals[where.slots + set].part.refs.init();
}

// Late signals for the former set may set bits beside this, and wake in vain.
void sets::begin_set(std::uint32_t set) noexcept {
    core::context& bed = mapped_->bed(set);
    core::shared_sets& all = mapped_->sets;
    core::stamped_word& interested = all.entries[set].interested;
    interested.store(core::without_bits(interested.load(base::relaxed)), base::relaxed); // the stamp goes on
    all.bitmap(set).clear_all();
    core::set_entry& entry = all.entries[set];
    entry.bell_at.store(0, base::relaxed);
    entry.armed.store(core::without_bits(entry.armed.load(base::relaxed)), base::relaxed);
    bed.init_words(0);
    bed.set_linger(core::linger_off);
}

bool sets::claim(std::uint32_t process, core::set_claim& made) noexcept {
    const core::shared_sets& all = mapped_->sets;
    for (std::uint32_t set = 0; set < all.number; ++set) {
        set_tenant before = all.entries[set].tenant.load(base::acquire);
        if (core::owner_of_set(before) != 0) continue;
        const set_tenant after = core::next_set_tenant(before, process);
        if (!all.entries[set].tenant.compare_exchange_strong(before, after, base::acq_rel, base::relaxed))
            continue; // SHARED_DEATH, claim
        begin_set(set);
        made.slots = mapped_;
        made.set = set;
        made.tenant = after;
        return true;
    }
    return false;
}

void sets::give_back(const core::set_claim& claim) noexcept {
    set_tenant own = claim.tenant;
    const set_tenant after = core::without_owner(own);
    (void)mapped_->sets.entries[claim.set].tenant.compare_exchange_strong(own, after, base::acq_rel,
                                                                          base::relaxed); // SHARED_DEATH, free
}

void sets::note_death(std::uint32_t process) noexcept {
    const core::shared_sets& all = mapped_->sets;
    all.deaths->fetch_add(1, base::acq_rel); // SHARED_DEATH
    for (std::uint32_t set = 0; set < all.number; ++set) {
        set_tenant tenant = all.entries[set].tenant.load(base::acquire);
        if (core::owner_of_set(tenant) != process + 1) continue;
        (void)all.entries[set].tenant.compare_exchange_strong(tenant, core::without_owner(tenant), base::acq_rel,
                                                              base::relaxed); // SHARED_DEATH, free
    }
}

void sets::close_bells() noexcept {
    const core::shared_sets& all = mapped_->sets;
    for (std::uint32_t set = 0; set < all.number; ++set) all.bells[set].close_all();
}

} // namespace efd::share
