// SPDX-License-Identifier: MIT
// Configurations of the slots of an arena (TENANT, LET_GO, ORPHAN): processes that make, find and let go of the object
// of one slot, or wait for the death of the last one that signals it, with the real share::slots of each.
//
// Threads of one machine stand for threads of several processes. Each process has its own share::slots and its own
// knowledge of the slot; rows, tenant and the object's words are one memory, as in an arena. The machine knows no
// kernel that reaps: a thread that comes after a killed one clears its row, as share/life_line.cpp does.
#include "explorer/scenarios.hpp"
#include "explorer/tell.hpp"
#include "explorer/world.hpp"

#include "share/slots.hpp"

#include <array>
#include <new>
#include <utility>

namespace explore {
namespace {

using efd::share::object_id;

constexpr std::uint32_t processes = 3;
constexpr std::uint64_t row_bytes = 128;
constexpr std::uint64_t rows_at = processes * sizeof(efd::share::process_entry);
constexpr std::uint64_t tenants_at = rows_at + processes * row_bytes;
constexpr std::uint64_t deaths_at = tenants_at + 8;
constexpr std::uint64_t slots_at = tenants_at + 64;
constexpr std::size_t all_bytes = slots_at + sizeof(context);

struct arena_world {
    alignas(64) std::array<std::byte, all_bytes> memory{};
    std::array<efd::core::shared_slots, processes> mapped{};
    std::array<efd::core::shared_local, processes> locals{};
    std::array<efd::share::slots, processes> slots;
    std::array<std::uint32_t, 4> process_of{}; // by thread
    object_id id = 0;
    unsigned holders = 0;     // processes that have a handle to the object `id`, as they know it themselves
    bool is_alive = true;     // false once the slot has another object
    bool is_unmapped = false; // as if the arena had ended: what a process knows of its slots is gone
    efd::base::atomic<std::uint64_t> done{0}; // hands over from threads that have ended to one that comes after
    // Of scenarios with a death.
    bool (*look)(efd::core::shared_slots&, std::uint32_t, efd::core::met_death&) noexcept = nullptr; // the real one
    unsigned looks = 0;
    unsigned told = 0;
    bool is_buried = false;
};
arena_world* fixture = nullptr;

context& object() { return *std::launder(reinterpret_cast<context*>(fixture->memory.data() + slots_at)); }
std::uint32_t own_process() {
    const machine& m = the_machine();
    return m.active() ? fixture->process_of[static_cast<std::size_t>(m.running())] : 0;
}
efd::share::slots& own() { return fixture->slots[own_process()]; }
efd::core::shared_slots* own_mapping() {
    must(!fixture->is_unmapped, "a thread still lets go of an object, and the arena has ended");
    return &fixture->mapped[own_process()];
}

void make_arena(std::array<std::uint32_t, 4> process_of) {
    make_world(0, 0);
    fixture = new arena_world;
    fixture->process_of = process_of;
    set_shared_object(&object(), own_mapping);
    efd::share::arena_parts parts;
    parts.base = fixture->memory.data();
    parts.where.slots = 1;
    parts.where.processes = processes;
    parts.where.row_bytes = row_bytes;
    parts.where.rows_at = rows_at;
    parts.where.tenants_at = tenants_at;
    parts.where.deaths_at = deaths_at;
    parts.where.slots_at = slots_at;
    for (std::uint32_t p = 0; p < processes; ++p) {
        fixture->mapped[p].first_slot = reinterpret_cast<std::uintptr_t>(&object());
        fixture->mapped[p].number = 1;
        fixture->mapped[p].objects = 1;
        fixture->mapped[p].locals = &fixture->locals[p];
        fixture->slots[p].begin(parts, fixture->mapped[p]);
        fixture->slots[p].move_to(p);
        name_place(&fixture->locals[p].part.refs, "refs");
        name_place(fixture->memory.data() + rows_at + p * row_bytes, "row");
    }
    name_place(fixture->memory.data() + tenants_at, "tenant");
    name_place(&object(), "state");
}

// Process 0 has made an object with one reference.
void object_of_process_0(std::array<std::uint32_t, 4> process_of) {
    make_arena(process_of);
    (void)fixture->slots[0].make(1, 0);
    fixture->id = fixture->slots[0].id_of(object());
    fixture->holders = 1;
}
void one_each() { object_of_process_0({0, 1, 2, 2}); }
void two_of_one() { object_of_process_0({0, 0, 1, 1}); }
void three_of_one() { object_of_process_0({0, 0, 0, 0}); }
void two_references() {
    object_of_process_0({0, 0, 1, 1});
    object().get();
    fixture->holders = 2;
}
void held_by_two() {
    object_of_process_0({0, 1, 2, 2});
    context* found = nullptr;
    fixture->process_of = {1, 1, 1, 1};
    (void)fixture->slots[1].find(fixture->id, true, found);
    fixture->process_of = {0, 1, 2, 2};
    fixture->holders = 2;
}

void has_ended() { fixture->done.fetch_add(1, efd::base::acq_rel); }

void drops() {
    --fixture->holders;
    object().put();
    has_ended();
}
// What a process that has the handle relies on.
void uses() {
    must(fixture->is_alive, "the slot of an object that a process holds was given to another");
    must(object().count() == 1, "a held object lost its units");
}
void finds() {
    context* found = nullptr;
    const status result = own().find(fixture->id, true, found);
    must(result == status::ok || result == status::stale, "a look by id ended otherwise");
    if (result != status::ok) return has_ended();
    ++fixture->holders;
    uses();
    drops();
}
// The last handle is gone, so the arena ends as soon as no thread of the process is in the midst of letting go.
void finds_and_ends() {
    finds();
    if (own().is_idle()) fixture->is_unmapped = true;
}
void is_idle_at_the_end() {
    await_end_of(0);
    await_end_of(1);
    must(own().is_idle(), "nothing is held, and the arena does not end");
}
void makes() {
    context* const made = own().make(7, 0);
    if (made != nullptr) {
        must(fixture->holders == 0, "a slot that a process holds was given away");
        must(own().id_of(*made) != fixture->id, "two objects have one id");
        fixture->is_alive = false;
    }
    has_ended();
}
void drops_and_makes() {
    drops();
    makes();
}
// All are done: the slot is free.
template <int Threads>
void makes_at_the_end() {
    for (int i = 0; i < Threads; ++i) await_end_of(i);
    has_ended();
    if (!fixture->is_alive) return;
    must(own().make(7, 0) != nullptr, "a slot that nobody holds is lost");
}
// The same after process 0 was killed.
void makes_after_a_death() {
    await_end_of(0);
    await_end_of(1);
    has_ended();
    // What the killed process did is there for the process that gets its lock from the kernel; here these two steps see
    // to that.
    const auto word_at = [](std::uint64_t at) -> auto& {
        return *std::launder(reinterpret_cast<efd::base::atomic<std::uint64_t>*>(fixture->memory.data() + at));
    };
    word_at(tenants_at).fetch_add(0, efd::base::acq_rel);
    if (the_machine().somebody_crashed()) word_at(rows_at).exchange(0, efd::base::acq_rel);
    const bool is_given = !fixture->is_alive && !the_machine().somebody_crashed();
    const bool is_made = own().make(7, 0) != nullptr;
    must(is_made || is_given, "a slot that only a killed process held is lost");
    must(!is_made || !is_given, "the slot of a new object was given away");
}

// ---- A death. Process 0 may signal the object, process 1 waits for it, process 2 clears the dead one's row.

constexpr std::uint8_t most_looks = 2;

efd::base::atomic<std::uint64_t>& row_of_process_0(bool signalled) {
    auto* const row = fixture->memory.data() + rows_at + (signalled ? row_bytes / 2 : 0);
    return *std::launder(reinterpret_cast<efd::base::atomic<std::uint64_t>*>(row));
}

bool counts_looks(efd::core::shared_slots& mapped, std::uint32_t slot, efd::core::met_death& met) noexcept {
    ++fixture->looks;
    return fixture->look(mapped, slot, met);
}

void one_waits(std::uint64_t units, std::array<std::uint32_t, 4> process_of) {
    make_arena(process_of);
    (void)fixture->slots[0].make(units, 0);
    fixture->id = fixture->slots[0].id_of(object());
    context* found = nullptr;
    (void)fixture->slots[1].find(fixture->id, false, found);
    efd::core::shared_slots& waiting = fixture->mapped[1];
    waiting.first_look_ns = waiting.last_look_ns = 1;
    fixture->look = std::exchange(waiting.is_orphaned, counts_looks);
}
void one_signals() { one_waits(0, {0, 1, 2, 2}); }
void one_is_dead() { one_waits(0, {2, 1, 1, 1}); }
void one_is_dead_and_two_reap() { one_waits(1, {2, 2, 1, 1}); }

void writes() { (void)object().write(1); }

// As share/life_line.cpp does with the lock of a dead process's index, which hands over what was done before the death.
void buries_process_0() {
    const auto take_over = [](auto& word) { word.fetch_add(0, efd::base::acq_rel); };
    take_over(*std::launder(reinterpret_cast<efd::base::atomic<std::uint64_t>*>(&object())));
    take_over(*std::launder(reinterpret_cast<efd::base::atomic<std::uint32_t>*>(fixture->memory.data() + deaths_at)));
    for (const bool signalled : {false, true}) take_over(row_of_process_0(signalled));
    own().note_death(0, 1);
    for (const bool signalled : {false, true}) row_of_process_0(signalled).store(0, efd::base::relaxed);
    fixture->is_buried = true;
}
void buries_the_killed() {
    await_end_of(0);
    if (the_machine().somebody_crashed()) buries_process_0();
}

// Takes what there is, is told once, and sleeps.
void waits_for_units_or_death() {
    for (;;) {
        std::uint64_t value = 0;
        const status result = object().read(value, {.owner_death = true});
        if (result == status::ok) continue;
        must(result == status::owner_dead, "a wait ended otherwise");
        must(++fixture->told == 1, "one death was told twice");
        must(efd::core::context_layout::newest_count(object()) == 0, "a death was told beside units");
        must(the_machine().newest_value(&row_of_process_0(true), 8) == 0,
             "the death of one that still signals was told");
    }
}

// Each sleep of process 1 comes after a look; after the burial its next look hears of the death, if none has.
std::string death_is_told() {
    const machine& m = the_machine();
    bool sleeps = false;
    for (int i = 0; i < m.thread_count(); ++i) sleeps = sleeps || m.sleeps(i);
    if (!sleeps) return "nobody waits any more";
    if (fixture->looks + m.now.left.time_outs <= most_looks) return "a sleeper has not looked before it slept";
    if (!fixture->is_buried || fixture->told > 0) return {};
    efd::core::met_death met;
    const bool hears = fixture->look(fixture->mapped[1], 0, met);
    return hears ? "" : "nobody is told of the death";
}

std::string nothing_wrong() { return nobody_forgotten(); }

} // namespace

std::vector<scenario> share_scenarios() {
    constexpr budgets one_gone{.crashes = 1};
    constexpr budgets with_looks{.crashes = 1, .time_outs = most_looks};
    return {
        scenario("slot-drop-find", "one process drops the last handle and makes, one finds by id", one_each,
                 nothing_wrong, {{"D", drops_and_makes}, {"F", finds}}),
        scenario("slot-drop-find-make", "one drops the last handle, one finds by id, a third makes", one_each,
                 nothing_wrong, {{"D", drops}, {"F", finds}, {"M", makes}}),
        scenario("slot-two-drop", "two processes drop their handles; then the slot is free", held_by_two, nothing_wrong,
                 {{"D1", drops}, {"D2", drops}, {"M", makes_at_the_end<2>}}),
        scenario("slot-let-go", "one process: a thread drops, one makes; then the slot is free", two_of_one,
                 nothing_wrong, {{"D", drops}, {"M", makes}, {"L", makes_at_the_end<2>}}),
        scenario("slot-let-go-find", "one process: a thread drops, one finds and drops; then the slot is free",
                 two_of_one, nothing_wrong, {{"D", drops}, {"F", finds}, {"L", makes_at_the_end<2>}}),
        scenario("slot-let-go-idle", "one process: a thread drops, one finds and drops; then the arena is idle",
                 three_of_one, nothing_wrong, {{"D", drops}, {"F", finds}, {"L", is_idle_at_the_end}}),
        scenario("slot-let-go-end",
                 "one process: a thread drops, one finds and drops, and the arena ends if it is idle", two_of_one,
                 nothing_wrong, {{"D", drops}, {"F", finds_and_ends}}),
        scenario("slot-let-go-both", "one process: two threads drop; then the slot is free", two_references,
                 nothing_wrong, {{"D1", drops}, {"D2", drops}, {"L", makes_at_the_end<2>}}),
        scenario("slot-killed", "one is killed while it drops and makes, one finds; then the slot is free", one_each,
                 nothing_wrong, {{"D", drops_and_makes, may_crash}, {"F", finds}, {"M", makes_after_a_death}},
                 one_gone),
        scenario("orphan-killed", "one signals and is killed, one waits, a third clears the dead one's row",
                 one_signals, death_is_told,
                 {{"S", writes, may_crash}, {"W", waits_for_units_or_death}, {"R", buries_the_killed}}, with_looks),
        scenario("orphan-two-waiters", "one is dead, two threads of a process wait, a third clears the row",
                 one_is_dead, death_is_told,
                 {{"R", buries_process_0}, {"W1", waits_for_units_or_death}, {"W2", waits_for_units_or_death}},
                 {.time_outs = most_looks}),
        scenario("orphan-reaper-killed", "one is dead beside a unit; who clears its row is killed, and another does it",
                 one_is_dead_and_two_reap, death_is_told,
                 {{"Q", buries_process_0, may_crash}, {"R", buries_the_killed}, {"W", waits_for_units_or_death}},
                 with_looks),
    };
}

} // namespace explore
