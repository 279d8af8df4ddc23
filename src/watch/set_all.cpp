// watch/set_all.cpp: waiting until every member is ready, and taking from all of them in one step.
//
// The step is core/hold.cpp's. Before it is tried, every count is looked at; as long as one is zero its member is slept
// for, and no object is touched. ALL_SLEEP, as SET_SLEEP: who waits marks the member as awaited, then makes a step on
// the member's bit and looks at the count; who signals adds, makes a step on the bit, then looks for the mark. Who
// removes the member shuts it, then looks for the mark, and who waits comes in after having made it.
#include "watch/set_core.hpp"

#include "core/hold.hpp"
#include "os/futex.hpp"
#include "os/signals.hpp"

#include <new>
#include <pthread.h>

namespace efd::watch {

using base::status;
using core::context;

namespace {

// One thread at a time holds objects, so that no two wait for each other's. Held in the order: this, then a set's lock.
std::mutex hold_mutex;

// Nobody holds objects while the process is copied: nobody would be there to let them go.
// A lock that throws here ends the program. NOLINTNEXTLINE(cert-err58-cpp)
[[maybe_unused]] const int fork_handlers =
    ::pthread_atfork([] { hold_mutex.lock(); }, [] { hold_mutex.unlock(); }, [] { hold_mutex.unlock(); });

struct held_member {
    context* object;
    std::uint64_t amount;
    core::state_word before;
};

} // namespace

// Holds the objects one after the other. Those that cannot be held, for their counts are sealed, are counted.
struct set_core::all_held {
    std::span<held_member> objects;
    std::size_t held = 0;
    held_member* sealed = nullptr;
    bool two_sealed = false;
    bool twice = false;

    [[nodiscard]] bool hold_all() noexcept {
        for (held_member& one : objects) {
            switch (one.object->hold(one.amount)) {
            case core::hold_end::held: break;
            case core::hold_end::nothing_there: return false;
            case core::hold_end::sealed:
                two_sealed = sealed != nullptr;
                if (two_sealed) return false;
                sealed = &one;
                break;
            case core::hold_end::held_already: twice = true; return false;
            }
            ++held;
        }
        return sealed == nullptr || sealed->object->take_sealed_untold(sealed->amount) == status::ok;
    }
    void release(bool taken) noexcept {
        for (held_member& one : objects.first(held)) {
            if (&one == sealed) continue;
            if (!taken) one.amount = 0;
            one.before = one.object->release_hold(one.amount);
        }
        core::open_hold_gate();
    }
    void tell() noexcept {
        for (held_member& one : objects)
            if (&one != sealed) one.object->tell_of_held_take(one.before, one.amount);
        if (sealed != nullptr) sealed->object->after_sealed_take();
    }
};

// The members, in the order of their places; `missing` is one that is not ready. Under the lock.
status set_core::list_all(std::span<set_event> room, member*& missing) noexcept {
    all_.clear();
    missing = nullptr;
    const std::uint32_t number = members_.load(base::relaxed);
    if (number == 0 || number > room.size()) return status::invalid;
    const std::uint32_t places = touched_.load(base::acquire);
    try {
        all_.reserve(std::min<std::size_t>(room.size(), places));
    } catch (const std::bad_alloc&) {
        return status::no_memory;
    }
    for (std::uint32_t index = 0; index < places; ++index) {
        member* const one = find_member(index);
        if (!one->is_taken()) continue;
        if (all_.size() == room.size()) return status::invalid; // another has joined meanwhile
        if (one->kind.load(base::acquire) != member_kind::object) return status::invalid;
        if (one->object.load(base::relaxed)->count() == 0) missing = one;
        all_.push_back(one);
    }
    return status::ok;
}

// Once: from all, or from none and then would_block, with a member that was seen empty.
status set_core::take_all(std::span<set_event> room, std::size_t& number, member*& missing) noexcept {
    std::unique_lock one_holder(hold_mutex);
    std::unique_lock<std::mutex> lock;
    if (!lock_for_change(lock)) return status::deadlock;
    members_stay stay(*this);
    if (const status end = list_all(room, missing); end != status::ok) return end;
    if (missing != nullptr) return status::would_block;

    std::vector<held_member> objects;
    try {
        objects.reserve(all_.size());
    } catch (const std::bad_alloc&) {
        return status::no_memory;
    }
    for (const member* one : all_) objects.push_back({one->object.load(base::relaxed), 0, 0});
    all_held holds{objects};
    bool taken = false;
    {
        const os::signals_blocked no_handlers;
        taken = holds.hold_all();
        holds.release(taken);
    }
    if (holds.two_sealed) return status::not_supported;
    if (holds.twice) return status::invalid;
    if (!taken) {
        missing = all_[std::min(holds.held, all_.size() - 1)];
        return status::would_block;
    }
    for (std::size_t i = 0; i < all_.size(); ++i)
        room[i] = {all_[i]->token, objects[i].amount, core::poll_in, all_[i]->token};
    number = all_.size();
    for (const held_member& one : objects) one.object->get(); // no lock is held while others' code may run
    stay.end();
    lock.unlock();
    one_holder.unlock();
    holds.tell();
    for (const held_member& one : objects) one.object->put();
    return status::ok;
}

void set_core::wake_those_for_all() noexcept {
    all_gate_.fetch_add(1, base::acq_rel);
    os::futex_wake_and_count(&all_gate_, os::everybody, os::futex_scope::one_process);
}

// ok: it is ready, or was, or left; everything is to be looked at again.
status set_core::sleep_until_ready(member& missing, const core::wait_terms& terms) noexcept {
    const std::uint32_t number = all_gate_.load(base::acquire);
    missing.awaited.fetch_add(1, base::acq_rel); // ALL_SLEEP
    status end = status::ok;
    const auto wake_us = [this] { wake_those_for_all(); };
    const std::stop_token never;
    const std::stop_callback on_stop(terms.stop != nullptr ? *terms.stop : never, wake_us);
    bool ready = true; // or gone
    if (missing.enter()) {
        ready_.step_on(missing.index); // ALL_SLEEP
        ready = is_ready(missing);
        missing.exit();
    }
    if (terms.stop != nullptr && terms.stop->stop_requested()) {
        end = status::cancelled;
    } else if (!ready) {
        switch (os::futex_wait(&all_gate_, number, terms.deadline_ns, os::futex_scope::one_process)) {
        case os::wait_end::woken:
        case os::wait_end::changed: break;
        case os::wait_end::interrupted: end = status::interrupted; break;
        case os::wait_end::timed_out: end = status::timed_out; break;
        }
    }
    missing.awaited.fetch_sub(1, base::acq_rel);
    return end;
}

status set_core::wait_all(std::span<set_event> room, std::size_t& number, const core::wait_terms& terms) noexcept {
    number = 0;
    if (core::in_callback != 0) return status::deadlock;
    for (;;) {
        member* missing = nullptr;
        status end = take_all(room, number, missing);
        if (end != status::would_block || terms.sleep == core::patience::never) return end;
        const status slept = sleep_until_ready(*missing, terms);
        if (slept == status::ok) continue;
        if (slept == status::interrupted) return slept;
        end = take_all(room, number, missing);
        return end == status::would_block ? slept : end;
    }
}

} // namespace efd::watch
