// SPDX-License-Identifier: MIT
// Configurations of the slots of an arena (TENANT, LET_GO): processes that make, find and let go of the object of one
// slot, with the real share::slots of each.
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

namespace explore {
namespace {

using efd::base::status;
using efd::core::context;
using efd::share::object_id;

constexpr std::uint32_t processes = 3;
constexpr std::uint64_t row_bytes = 128;
constexpr std::uint64_t rows_at = processes * sizeof(efd::share::process_entry);
constexpr std::uint64_t tenants_at = rows_at + processes * row_bytes;
constexpr std::uint64_t slots_at = tenants_at + 64;
constexpr std::size_t all_bytes = slots_at + sizeof(context);

struct arena_world {
    alignas(64) std::array<std::byte, all_bytes> memory{};
    std::array<efd::core::shared_slots, processes> mapped{};
    std::array<efd::core::shared_local, processes> locals{};
    std::array<efd::share::slots, processes> slots;
    std::array<std::uint32_t, 4> process_of{}; // by thread
    object_id id = 0;
    unsigned holders = 0; // processes that have a handle to the object `id`, as they know it themselves
    bool is_alive = true; // false once the slot has another object
    efd::base::atomic<std::uint64_t> done{0}; // hands over from threads that have ended to one that comes after
};
arena_world* fixture = nullptr;

context& object() { return *std::launder(reinterpret_cast<context*>(fixture->memory.data() + slots_at)); }
std::uint32_t own_process() {
    const machine& m = the_machine();
    return m.active() ? fixture->process_of[static_cast<std::size_t>(m.running())] : 0;
}
efd::share::slots& own() { return fixture->slots[own_process()]; }
efd::core::shared_slots* own_mapping() { return &fixture->mapped[own_process()]; }

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
    parts.where.deaths_at = tenants_at + 8;
    parts.where.slots_at = slots_at;
    for (std::uint32_t p = 0; p < processes; ++p) {
        fixture->mapped[p].first_slot = reinterpret_cast<std::uintptr_t>(&object());
        fixture->mapped[p].number = 1;
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

std::string nothing_wrong() { return nobody_forgotten(); }

} // namespace

std::vector<scenario> share_scenarios() {
    constexpr budgets one_gone{.crashes = 1};
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
        scenario("slot-let-go-both", "one process: two threads drop; then the slot is free", two_references,
                 nothing_wrong, {{"D1", drops}, {"D2", drops}, {"L", makes_at_the_end<2>}}),
        scenario("slot-killed", "one is killed while it drops and makes, one finds; then the slot is free", one_each,
                 nothing_wrong, {{"D", drops_and_makes, may_crash}, {"F", finds}, {"M", makes_after_a_death}},
                 one_gone),
    };
}

} // namespace explore
