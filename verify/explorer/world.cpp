// SPDX-License-Identifier: MIT
// What the scenarios are made of: see world.hpp.
#include "explorer/world.hpp"

#include "core/watchers.hpp"
#include "explorer/tell.hpp"

#include <new>

namespace explore {
namespace {

// The objects that other processes map, too, and where the process of the running thread has mapped it.
const efd::core::context* shared_object = nullptr;
std::size_t shared_objects = 0;
efd::core::shared_slots* (*shared_mapping)() = nullptr;

} // namespace

void set_shared_object(const efd::core::context* object, efd::core::shared_slots* (*mapping)(),
                       std::size_t number) noexcept {
    shared_object = object;
    shared_objects = number;
    shared_mapping = mapping;
}

} // namespace explore

namespace efd::EFD_ABI::core {

void context_layout::name_places(const context& object) {
    explore::name_place(&object.state_, "state");
    explore::name_place(&object.huge_, "huge");
    explore::name_place(&object.reader_park_, "reader_park");
    explore::name_place(&object.writer_park_, "writer_park");
    explore::name_place(&object.generation_, "generation");
    explore::name_place(&object.woken_by_cpu_, "woken_by_cpu");
    const local_part& own = object.local();
    explore::name_place(&own.refs, "refs");
    explore::name_place(&own.flags, "flags");
    explore::name_place(&own.linger_us, "linger_us");
    explore::name_place(&own.watchers, "watchers");
}

// The queue's atomics are private to it, so they are found by their places.
void context_layout::name_queue(context& object) {
    auto* const queue = reinterpret_cast<unsigned char*>(&object.make_watchers()->entries);
    explore::name_place(queue + 4 * sizeof(void*), "queue word");
    explore::name_place(queue + 5 * sizeof(void*), "extra keys");
    explore::name_place(queue + 5 * sizeof(void*) + 4, "gate");
    explore::name_place(queue + 6 * sizeof(void*), "holder");
}

bool is_in_shared_range(const void* address) noexcept {
    const auto offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(explore::shared_object);
    return explore::shared_object != nullptr && offset < explore::shared_objects * sizeof(context);
}
shared_slots* find_shared_slots(const context& /*object*/) noexcept { return explore::shared_mapping(); }

} // namespace efd::EFD_ABI::core

namespace explore {

using efd::base::status;
using efd::core::wait_opts;

namespace {

world* fixture = nullptr;

thread_state& me() noexcept {
    machine& m = the_machine();
    return m.now.threads[static_cast<std::size_t>(m.running())];
}

// Asleep in an event loop: that is right while there is nothing for it to do.
std::string forgotten_by_doorbell(const std::string& who, const thread_state& t) {
    const std::uint64_t count = w().object.count();
    const bool for_room = static_cast<task>(t.doing[0]) == task::writes;
    const bool something =
        for_room ? efd::core::admit_write(count, t.doing[1]) == efd::core::admission::admitted : count > 0;
    return something ? "lost ring: " + who + " sleeps in its loop, the count is " + std::to_string(count) : "";
}

// LOOK: it wakes by itself, which the search goes on to.
bool is_about_to_look(const thread_state& t) noexcept {
    return w().slots.first_look_ns > 0 && t.pending->deadline_ns == w().slots.first_look_ns;
}

std::string forgotten(int i) {
    const machine& m = the_machine();
    const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
    const std::string who = "thread " + std::to_string(i);
    if (t.alive == life::runnable && t.pending->what == act::await_doorbell) return forgotten_by_doorbell(who, t);
    if (t.alive == life::runnable) return who + " can never go on: a deadlock";
    if (t.alive != life::asleep || is_about_to_look(t)) return {};
    const std::uint64_t count = w().object.count();
    const auto what = static_cast<task>(t.doing[0]);
    if (what == task::reads && count > 0)
        return "lost wakeup: " + who + " sleeps, the count is " + std::to_string(count);
    if (what == task::writes && efd::core::admit_write(count, t.doing[1]) == efd::core::admission::admitted)
        return "lost wakeup: " + who + " sleeps, its write would be admitted at " + std::to_string(count);
    if (what == task::reads && !efd::core::context_layout::says_reader_sleeps(w().object))
        return "lost mark: " + who + " sleeps, and the next writer will not know";
    if (what == task::other) return "lost wakeup: " + who + " sleeps at a gate that nobody holds";
    if (what == task::none) return who + " sleeps in a call that never sleeps";
    return {};
}

} // namespace

world& w() noexcept { return *fixture; }

void make_world(std::uint64_t initval, unsigned flags) {
    forget_names();
    fixture = new world;
    set_shared_object((flags & flag_shared) != 0 ? &w().object : nullptr, [] { return &w().slots; });
    w().slots = {.first_slot = reinterpret_cast<std::uintptr_t>(&w().object),
                 .number = 1,
                 .objects = 1,
                 .sets = {},
                 .locals = &w().local};
    if ((flags & flag_looks) != 0) w().slots.first_look_ns = w().slots.last_look_ns = 1;
    efd::core::context_layout::init(w().object, initval, flags & ~(flag_shared | flag_looks));
    w().given.add(initval);
    efd::core::context_layout::name_places(w().object);
    name_place(&w().payload[0], "payload 0");
    name_place(&w().payload[1], "payload 1");
    name_place(&w().stop, "stop state");
}

namespace {

// E7 and E6: each unit whose add has returned has waked a reader of its own, or nobody is asleep. It holds whenever an
// add returns, wherever the others stand.
std::string sleeper_left() {
    const machine& m = the_machine();
    std::uint64_t chosen = 0;
    int asleep = -1;
    for (int i = 0; i < m.thread_count(); ++i) {
        const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
        if (static_cast<task>(t.doing[0]) != task::reads) continue;
        chosen += t.chosen ? 1 : 0;
        if (t.alive == life::asleep) asleep = i;
    }
    if (asleep < 0 || returned_units() <= chosen) return {};
    return "no progress: thread " + std::to_string(asleep) + " sleeps, " + std::to_string(returned_units()) +
           " units are there whose writes have returned, " + std::to_string(chosen) + " readers were woken";
}

void add_has_returned() {
    doing(task::none);
    if (!the_machine().stops()) return;
    if (const std::string wrong = sleeper_left(); !wrong.empty()) must(false, wrong.c_str());
}

} // namespace

std::uint64_t returned_units() noexcept {
    const machine& m = the_machine();
    std::uint64_t under_way = 0;
    for (int i = 0; i < m.thread_count(); ++i) {
        const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
        const auto what = static_cast<task>(t.doing[0]);
        if (what == task::writes || what == task::signals) under_way += t.doing[1];
    }
    const std::uint64_t count = efd::core::context_layout::newest_count(w().object);
    return count > under_way ? count - under_way : 0;
}

void doing(task what, std::uint64_t amount) noexcept {
    me().chosen = false;
    me().doing[0] = static_cast<std::uint64_t>(what);
    me().doing[1] = amount;
}

status read_one(const wait_opts& opts) noexcept {
    std::uint64_t value = 0;
    doing(task::reads);
    const status result = w().object.read(value, opts);
    if (result == status::ok) {
        must(value > 0, "a read took nothing and said ok");
        must(value != efd::core::ceiling || w().signals > 0, "a write passed the bound");
        must(!w().object.semaphore() || value == 1, "a semaphore read took more than one");
        w().taken.add(value);
    }
    doing(task::none);
    return result;
}

std::uint64_t read_value() noexcept {
    std::uint64_t value = 0;
    doing(task::reads);
    const status result = w().object.read(value);
    must(result == status::ok && value > 0, "a plain read came back without a unit");
    must(value != efd::core::ceiling || w().signals > 0, "a write passed the bound");
    must(!w().object.semaphore() || value == 1, "a semaphore read took more than one");
    w().taken.add(value);
    doing(task::none);
    return value;
}

std::uint64_t read_up_to(std::uint64_t most, const wait_opts& opts) noexcept {
    std::uint64_t value = 0;
    doing(task::reads);
    const status result = w().object.read_some(value, most, opts);
    if (result == status::ok) {
        must(value > 0 && value <= most, "a read of some took none, or more than it may");
        w().taken.add(value);
    }
    doing(task::none);
    return value;
}

status write_some(std::uint64_t n, const wait_opts& opts) noexcept {
    doing(task::writes, n);
    const status result = w().object.write(n, opts);
    if (result == status::ok) w().given.add(n);
    add_has_returned();
    return result;
}

void write_fast(std::uint64_t n) noexcept {
    doing(task::writes, n);
    const status result = w().object.write(n);
    must(result == status::ok, "a plain write was refused");
    w().given.add(n);
    add_has_returned();
}

void signal_once() noexcept {
    ++w().signals;
    doing(task::signals, 1);
    must(w().object.signal(), "a signal was refused outside of a callback");
    w().given.add(1);
    add_has_returned();
}

void await_end_of(int thread) noexcept {
    request asked{};
    asked.what = act::await_end;
    asked.operand = static_cast<std::uint64_t>(thread);
    perform(asked);
}

void become_child_of(int threads) noexcept {
    request asked{};
    asked.what = act::child;
    asked.operand = static_cast<std::uint64_t>(threads);
    perform(asked);
}

void must(bool holds, const char* what) noexcept {
    if (!holds) the_machine().fail(what);
}

std::string nobody_forgotten() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (std::string wrong = forgotten(i); !wrong.empty()) return wrong;
    return {};
}

// Units may be missing only where signals came upon the ceiling, and no more than there were signals.
std::string conserved() {
    const std::uint64_t count = w().object.count();
    const bool saturates = w().given.high > 0 || w().given.low == efd::core::ceiling;
    const std::uint64_t may_miss = saturates ? w().signals : 0;
    wide_sum sum = w().taken;
    sum.add(count);
    bool exact = sum == w().given;
    for (std::uint64_t missing = 0; missing < may_miss && !exact; ++missing) {
        sum.add(1);
        exact = sum == w().given;
    }
    if (exact && count == efd::core::ceiling && w().signals == 0) return "a write passed the bound";
    if (exact) return {};
    return "units are not conserved: given " + std::to_string(w().given.low) + ", taken " +
           std::to_string(w().taken.low) + ", count " + std::to_string(count);
}

std::string audit() {
    std::string wrong = nobody_forgotten();
    return wrong.empty() ? conserved() : wrong;
}

namespace {

// A thread that is not done though all that are not stopped could go on.
std::string stuck(int i) {
    const machine& m = the_machine();
    const thread_state& t = m.now.threads[static_cast<std::size_t>(i)];
    const auto what = static_cast<task>(t.doing[0]);
    const std::string who = "thread " + std::to_string(i);
    if (t.alive == life::runnable && t.pending->what != act::await_doorbell)
        return "no progress: " + who + " waits for a stopped thread";
    if (t.alive != life::asleep) return {};
    if (what == task::reads && !efd::core::context_layout::says_reader_sleeps(w().object))
        return "lost mark: " + who + " sleeps, and the next writer will not know";
    if (what == task::reads || what == task::writes || what == task::leaves) return {};
    return "no progress: " + who + " sleeps in a call that never sleeps";
}

} // namespace

std::string audit_with_stops() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (std::string wrong = stuck(i); !wrong.empty()) return wrong;
    return sleeper_left();
}

std::string audit_with_calls() {
    const state& s = the_machine().now;
    if (s.waits == 0 && s.wakes > 0) return "a wake, and nobody ever waited";
    if (s.wakes > s.waits * w().wakes_for_one)
        return "too many wakes: " + std::to_string(s.wakes) + " for " + std::to_string(s.waits) + " waits";
    return audit();
}

} // namespace explore
