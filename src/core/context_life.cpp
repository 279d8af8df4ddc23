// SPDX-License-Identifier: MIT
// core/context_life.cpp: birth and death of an object, and what a process sets on it and asks of it.
//
// What stands in local_part is found by the object's address (core/shared_slots.hpp). May be called from any thread
// and, but for create, from signal handlers.
#include <efd/detail/core/context.hpp>

#include <efd/detail/base/check.hpp>

#include "base/stop.hpp"
#include "core/context_table.hpp"
#include "core/shared_slots.hpp"
#include "core/trace.hpp"

namespace efd::EFD_ABI::core {

context* context::create(std::uint64_t initval, unsigned flags) noexcept {
    int id = ida::none;
    context* const born = context_table::take_slot(id);
    if (born == nullptr) return nullptr;
    born->init(initval, flags, id);
    return born;
}

void local_part::begin(unsigned given_flags, int given_id) noexcept {
    flags.store(given_flags, base::relaxed);
    id = given_id;
    linger_misses.store(0, base::relaxed);
    linger_skips.store(0, base::relaxed);
}

void context::init(std::uint64_t initval, unsigned flags, int id) noexcept {
    EFD_CHECK(id >= 0 && (flags & ~(flag_semaphore | flag_nonblock | flag_cloexec)) == 0);
    local_part& own = local();
    own.begin(flags, id);
    init_words(initval);
    own.refs.init();
}

void context::init_words(std::uint64_t initval) noexcept {
    const bool packed = initval < packed_limit;
    huge_.store(packed ? 0 : initval, base::relaxed);
    // BIRTH: a thread that meets the slot through a stale pointer sees a dead object or all of this one.
    state_.store(packed ? with_count(0, initval) : with_seal(0), base::release);
}

void context::get() noexcept { local().refs.get(); }
bool context::get_unless_zero() noexcept { return local().refs.get_unless_zero(); }
std::uint32_t context::references() const noexcept { return local().refs.read(); }

void context::put() noexcept {
    switch (local().refs.put()) {
    case kref::put_result::others_remain: return;
    case kref::put_result::last:
        if (is_traced()) trace::ended(*this);
        if (is_in_shared_range(this)) {
            shared_slots& slots = shared_slots_of(*this);
            return slots.on_last_put(slots, slots.index_of(*this));
        }
        notify_held_doorbell(poll_hup);
        return context_table::give_back(*this);
    case kref::put_result::too_many: base::stop("an object was put more often than it was got");
    }
}

int context::id() const noexcept { return local().id; }
unsigned context::flags() const noexcept { return local().flags.load(base::relaxed); }
bool context::semaphore() const noexcept { return takes_one(); }
bool context::shared() const noexcept { return is_in_shared_range(this); }

void context::set_linger(std::int32_t linger_us) noexcept { local().linger_us.store(linger_us, base::relaxed); }

void context::set_nonblock(bool on) noexcept {
    if (on)
        local().flags.fetch_or(flag_nonblock, base::relaxed);
    else
        local().flags.fetch_and(~flag_nonblock, base::relaxed);
}

} // namespace efd::EFD_ABI::core
