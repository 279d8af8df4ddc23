// SPDX-License-Identifier: MIT
// watch/set_all.cpp: waiting until every member is ready, and taking from all of them in one step.
//
// The step is core/reservation.cpp's. No lock is held around it, so no call waits for a thread that is stopped here,
// except the removal of a member that the thread is inside of. ALL_MEMBERS: a take enters every member and, once it has
// reserved all, checks whether one has joined since it began; a joining thread opens its place, counts the joining,
// then returns. So the take is from all that are members at one moment.
//
// A thread looks at every count before it tries the step. While one is zero it sleeps until that member is ready, and
// touches no object. ALL_SLEEP, as SET_SLEEP: the waiter marks the member as awaited, makes a step on the member's bit
// and looks at the count; a signaller adds, makes a step on the bit, then looks for the mark. A removal shuts the
// member, then looks for the mark; the waiter enters after it has set the mark.
#include "watch/set_core.hpp"

#include "core/deferred.hpp"
#include "core/reservation.hpp"
#include "os/cpu.hpp"
#include "os/futex.hpp"
#include "os/signals.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <new>

namespace efd::watch {

using base::status;
using core::context;
using core::reservation_slot;
using core::reserve_result;

namespace {

struct one_of_all {
    member* place = nullptr;
    context* object = nullptr;
    std::uint32_t visit = 0;
    std::uint32_t order = 0; // among the members
    core::reserved_object reserved;
    std::uint64_t amount = 0;
};

} // namespace

// The members that one try is inside of, and what it takes from them. Memory is allocated if they are many.
class set_core::all_members {
  public:
    all_members() noexcept = default;
    ~all_members() { exit(); }
    all_members& operator=(all_members&&) = delete; // neither copied nor moved

    // The caller is inside of it. False: out of memory.
    [[nodiscard]] bool add(member& entered, std::uint32_t visit) noexcept {
        const auto order = static_cast<std::uint32_t>(number_);
        const one_of_all next{&entered, entered.object.load(base::relaxed), visit, order, {}, 0};
        try {
            if (number_ == few) many_.assign(few_.begin(), few_.end());
            if (number_ >= few) many_.push_back(next);
        } catch (const std::bad_alloc&) {
            return false;
        }
        if (number_ < few) few_[number_] = next;
        ++number_;
        return true;
    }
    void exit() noexcept {
        for (const one_of_all& one : all()) one.place->exit(one.visit);
        many_.clear();
        number_ = 0;
    }
    [[nodiscard]] std::span<one_of_all> all() noexcept {
        return number_ > few ? std::span<one_of_all>(many_) : std::span<one_of_all>(few_).first(number_);
    }
    [[nodiscard]] member* first_empty() noexcept {
        for (const one_of_all& one : all())
            if (one.object->count() == 0) return one.place;
        return nullptr;
    }
    // In one order for all sets: of two takes that meet again and again one then succeeds.
    void sort_by_address() noexcept {
        std::sort(all().begin(), all().end(),
                  [](const one_of_all& x, const one_of_all& y) { return std::less<>()(x.object, y.object); });
    }

    // `reserved`: all are taken from. empty: `missing` was empty. sealed: more than one is. Otherwise nothing is
    // taken.
    template <class Question>
    [[nodiscard]] reserve_result take(unsigned aborted, Question are_all, member*& missing) noexcept {
        reservation_slot& slot = reservation_slot::begin(aborted);
        one_of_all* sealed = nullptr;
        reserve_result result = reserve_all(slot, sealed, missing);
        if (result == reserve_result::reserved) result = decide(slot, sealed, are_all, missing);
        if (result != reserve_result::reserved) slot.fail();
        for (const one_of_all& one : all())
            one.object->release_reservation(one.reserved, result == reserve_result::reserved);
        slot.end();
        if (result == reserve_result::reserved) notify_all(sealed);
        return result;
    }

  private:
    static constexpr std::size_t few = 16;

    [[nodiscard]] reserve_result reserve_all(const reservation_slot& slot, one_of_all*& sealed,
                                             member*& missing) noexcept {
        for (one_of_all& one : all()) {
            const reserve_result result = one.object->reserve(slot, one.reserved);
            if (result == reserve_result::empty) missing = one.place;
            if (result == reserve_result::sealed && sealed != nullptr && sealed->object == one.object)
                return reserve_result::already_reserved;
            const bool is_only_sealed = result == reserve_result::sealed && sealed == nullptr;
            if (result != reserve_result::reserved && !is_only_sealed) return result;
            if (is_only_sealed) sealed = &one;
            one.amount = core::amount_of(one.reserved.record);
        }
        return reserve_result::reserved;
    }
    // All are reserved except at most one, whose count is sealed.
    template <class Question>
    [[nodiscard]] reserve_result decide(reservation_slot& slot, one_of_all* sealed, Question are_all,
                                        member*& missing) noexcept {
        if (sealed == nullptr) return are_all() && slot.commit() ? reserve_result::reserved : reserve_result::aborted;
        const os::signals_blocked no_handlers; // a handler that came here would wait for this very thread
        if (!slot.tie()) return reserve_result::aborted;
        const reserve_result result = take_sealed(*sealed, are_all);
        slot.finish(result == reserve_result::reserved);
        if (result == reserve_result::empty) missing = sealed->place;
        return result;
    }
    // ALL_MEMBERS: a unit that is written after a member has joined comes after the question, so the count differs.
    template <class Question>
    [[nodiscard]] static reserve_result take_sealed(one_of_all& sealed, Question are_all) noexcept {
        for (;;) {
            const context::sealed_look look = sealed.object->look_at_sealed(core::as_mode);
            if (!are_all()) return reserve_result::aborted;
            if (look.take == 0) return reserve_result::empty;
            sealed.amount = look.take;
            if (sealed.object->take_as_seen(look)) return reserve_result::reserved;
        }
    }
    void notify_all(const one_of_all* sealed) noexcept {
        for (const one_of_all& one : all())
            if (&one != sealed) one.object->notify_reserved_take(one.amount);
        if (sealed != nullptr) sealed->object->after_sealed_take();
    }

    std::array<one_of_all, few> few_{};
    std::vector<one_of_all> many_; // all, where they are more
    std::size_t number_ = 0;
};

status set_core::enter_all(all_members& all) noexcept {
    const std::uint32_t end = touched_.load(base::acquire);
    for (std::uint32_t index = 0; index < end; ++index) {
        member& one = known_member(index);
        std::uint32_t visit = 0;
        if (!one.is_taken() || !one.enter(visit)) continue; // a place that is free is not touched
        const bool is_object = one.kind.load(base::acquire) == member_kind::object;
        const bool is_shared = is_object && one.object.load(base::relaxed)->shared();
        const bool is_usable = is_object && !is_shared;
        if (is_usable && one.object.load(base::relaxed)->prepare_reservation() && all.add(one, visit)) continue;
        one.exit(visit);
        if (is_shared) return status::not_supported;
        return is_object ? status::no_memory : status::invalid;
    }
    return status::ok;
}

// One try: from all, or from none and then would_block, with a member that was seen empty.
status set_core::take_all(std::span<set_event> room, std::size_t& number, member*& missing) noexcept {
    repair_in_child();
    if (is_left_behind()) return status::stale;
    const core::callbacks_later no_callbacks; // while inside of members
    all_members entered;
    for (unsigned aborted = 0;; ++aborted) {
        entered.exit();
        if (aborted > 1) os::yield_cpu(); // a thread that aborts this take again and again goes first
        const std::uint32_t joined = joined_.load(base::acquire); // ALL_MEMBERS, before the walk
        if (const status result = enter_all(entered); result != status::ok) return result;
        if (entered.all().empty() || entered.all().size() > room.size()) return status::invalid;
        missing = entered.first_empty();
        if (missing != nullptr) return status::would_block;
        if (aborted > 0) entered.sort_by_address();
        const auto are_all = [&] { return joined_.load(base::acquire) == joined; }; // ALL_MEMBERS, once reserved
        switch (entered.take(aborted, are_all, missing)) {
        case reserve_result::reserved: break;
        case reserve_result::empty: return status::would_block;
        case reserve_result::sealed: return status::not_supported;
        case reserve_result::already_reserved: return status::invalid;
        case reserve_result::aborted: continue;
        }
        for (const one_of_all& one : entered.all()) room[one.order] = one.place->event(one.amount, core::poll_in);
        number = entered.all().size();
        return status::ok;
    }
}

void set_core::wake_those_for_all() noexcept {
    all_gate_.fetch_add(1, base::acq_rel); // ALL_SLEEP, gate: pairs with the waiter's look at its number
    os::futex_wake_and_count(&all_gate_, os::everybody, os::futex_scope::one_process);
}

// ok: it is ready, or was, or left; everything must be looked at again.
status set_core::sleep_until_ready(member& missing, const core::wait_opts& opts) noexcept {
    const std::uint32_t number = all_gate_.load(base::acquire);
    const std::uint32_t found = missing.awaited.fetch_add(1, base::acq_rel); // ALL_SLEEP
    status result = status::ok;
    const auto wake_us = [this] { wake_those_for_all(); };
    const std::stop_token never;
    const std::stop_callback on_stop(opts.stop != nullptr ? *opts.stop : never, wake_us);
    bool ready = true; // or gone
    if (std::uint32_t visit = 0; missing.enter(visit)) {
        ready_.step_on(missing.index); // ALL_SLEEP
        ready = is_ready(missing);
        missing.exit(visit);
    }
    if (opts.stop != nullptr && opts.stop->stop_requested()) {
        result = status::cancelled;
    } else if (!ready) {
        switch (os::futex_wait(&all_gate_, number, opts.deadline_ns, os::futex_scope::one_process)) {
        case os::wait_end::woken:
        case os::wait_end::changed:
        case os::wait_end::no_memory_there: break;
        case os::wait_end::interrupted: result = status::interrupted; break;
        case os::wait_end::timed_out: result = status::timed_out; break;
        }
    }
    presence::leave(missing.awaited, found);
    return result;
}

status set_core::wait_all(std::span<set_event> room, std::size_t& number, const core::wait_opts& opts) noexcept {
    number = 0;
    if (core::in_callback != 0) return status::deadlock;
    for (;;) {
        member* missing = nullptr;
        status result = take_all(room, number, missing);
        if (result != status::would_block || opts.blocking == core::blocking::never) return result;
        const status slept = sleep_until_ready(*missing, opts);
        if (slept == status::ok) continue;
        if (slept == status::interrupted) return slept;
        result = take_all(room, number, missing);
        return result == status::would_block ? slept : result;
    }
}

} // namespace efd::watch
