// SPDX-License-Identifier: MIT
// Configurations of birth and death: LAST_PUT, RETURN, BIRTH, with the real table of slots.
#include "explorer/doorbell_world.hpp"
#include "explorer/scenarios.hpp"
#include "explorer/table.hpp"
#include "explorer/tell.hpp"
#include "explorer/world.hpp"

#include <array>
#include <string>

namespace explore {
namespace {

constexpr std::size_t watched_slots = 2;
constexpr std::size_t crowd = 3;

struct lives {
    context* first = nullptr;
    std::array<context*, crowd> all{};
    context* born[2] = {};
    efd::core::wait_queue_entry entry;
    bool with_doorbell = false;
    ring_way way = ring_way::level;
    int second_doorbell = -1;
    efd::base::atomic<context*> second{nullptr};
    efd::base::atomic<std::uint64_t> published{1}; // a lock's bit, cleared when `second` is there
};
lives* fixture = nullptr;

void make_life(bool watched, std::uint64_t initval = 0) {
    reset_table(watched_slots);
    make_world(0, 0);
    fixture = new lives;
    fixture->first = context::create(initval, 0);
    efd::core::context_layout::name_places(*fixture->first);
    if (watched) {
        fixture->entry.callback = [](efd::core::wait_queue_entry&, std::uint32_t) { return 0; };
        fixture->entry.mask = efd::core::poll_in;
        std::uint32_t ready = 0;
        (void)fixture->first->add_wait_queue(fixture->entry, ready);
    }
    name_table(watched_slots);
}
int open_doorbell_of(context& object) {
    int fd = -1;
    must(efd::watch::doorbell::open(object, fixture->way, fd) == status::ok, "no descriptor");
    return fd;
}
void rung_life(ring_way way) {
    make_life(false);
    make_doorbells();
    fixture->with_doorbell = true;
    fixture->way = way;
    (void)open_doorbell_of(*fixture->first);
    std::uint32_t ready = 0;
    if (way == ring_way::armed) (void)efd::watch::doorbell::arm(*fixture->first, efd::core::poll_in, ready);
}
void level_life() { rung_life(ring_way::level); }
void armed_life() { rung_life(ring_way::armed); }
void unwatched_life() { make_life(false); }
void watched_life() { make_life(true); }
// Sealed, and read empty, so that the first object's count and marks are two words.
void sealed_life() {
    make_life(false, efd::core::packed_limit);
    std::uint64_t value = 0;
    (void)fixture->first->try_read(value);
}
// So many objects, with the ids from zero on.
void make_crowd() {
    reset_table(crowd + 1);
    make_world(0, 0);
    fixture = new lives;
    for (context*& one : fixture->all) one = context::create(0, 0);
    name_table(crowd + 1);
}

// Inside its call while the object dies.
void signaller() { must(fixture->first->signal(), "a signal was refused outside of a callback"); }

// Takes the unit, ends the object's life, and makes the next one, which is born in the same slot.
void heir() {
    std::uint64_t value = 0;
    doing(task::other);
    must(fixture->first->read(value) == status::ok && value == 1, "the first object's unit was not taken");
    doing(task::none);
    if (fixture->entry.queue != nullptr) (void)fixture->first->remove_wait_queue(fixture->entry);
    fixture->first->put();
    context* const next = context::create(0, 0);
    must(fixture->entry.callback != nullptr || fixture->with_doorbell || next == fixture->first,
         "the slot was not used again"); // a watched object may have its signaller's reference for a while
    fixture->second.store(next, efd::base::release);
    (void)fixture->published.fetch_and(0, efd::base::release);
}
// Makes two objects after that: they must be two.
void breeding_heir() {
    heir();
    const context* const other = context::create(0, 0);
    must(other != nullptr && other != fixture->second.load(efd::base::relaxed), "two objects in one slot");
}
void heir_and_writer() {
    heir();
    must(fixture->second.load(efd::base::acquire)->write(1) == status::ok, "a plain write was refused");
}
// The newborn object has a bell of its own, and a unit of its own.
void ringing_heir() {
    heir();
    context& born = *fixture->second.load(efd::base::acquire);
    fixture->second_doorbell = open_doorbell_of(born);
    must(born.write(1) == status::ok, "a plain write was refused");
}
void second_reader() {
    (void)fixture->published.lock(1, 0);
    std::uint64_t value = 0;
    doing(task::other);
    const status result = fixture->second.load(efd::base::acquire)->read(value);
    must(result == status::ok && value == 1, "the second object's reader took something else");
    doing(task::none);
}
// Two that give references back at once: the object dies once.
void putter() {
    w().payload[0].store(1, efd::base::relaxed);
    fixture->first->put();
}
void holder() {
    fixture->first->put();
    const context* const next = context::create(0, 0);
    must(next != nullptr, "no object");
    if (next == fixture->first)
        must(w().payload[0].load(efd::base::relaxed) == 1, "the other holder's work is not seen");
}
// Ends objects, then makes one: its id is the smallest that is free.
void ends_two() {
    for (const int id : {0, 1}) fixture->all[static_cast<std::size_t>(id)]->put();
    fixture->born[0] = context::create(0, 0);
}
void ends_three() {
    for (context* const one : fixture->all) one->put();
    fixture->born[0] = context::create(0, 0);
}
void makes_one() { fixture->born[1] = context::create(0, 0); }
std::string smallest_is_given() {
    const int one = fixture->born[0]->id();
    const int other = fixture->born[1]->id();
    if (one != 0 && (other != 0 || one != 1))
        return "ids " + std::to_string(one) + " and " + std::to_string(other) + " were given, a smaller one was free";
    return nobody_forgotten();
}
void two_references() {
    make_life(false);
    fixture->first->get();
}

// What a late signaller still does must not count on the object that was born in the slot.
std::string newborn_is_empty() {
    const context* const born = fixture->second.load(efd::base::acquire);
    if (born != nullptr && born->count() != 0) return "the newborn object has a unit of the dead one";
    return nobody_forgotten();
}

// The dead object's bell is closed; the newborn's says what it must.
std::string newborn_doorbell() {
    if (open_doorbells() != 1) return std::to_string(open_doorbells()) + " bells are open, one object lives";
    if (fixture->way == ring_way::level)
        if (const char* const wrong = level_fault(*fixture->second.load(efd::base::acquire), fixture->second_doorbell))
            return wrong;
    return nobody_forgotten();
}

} // namespace

std::vector<scenario> life_scenarios() {
    return {
        scenario("last-put", "signaller inside, its reader puts the object; a new one with a reader", unwatched_life,
                 nobody_forgotten, {{"S", signaller}, {"H", heir_and_writer}, {"R", second_reader}}),
        scenario("last-put-sealed", "signaller of a sealed object inside, its reader puts it; a new one", sealed_life,
                 newborn_is_empty, {{"S", signaller}, {"H", heir}}),
        scenario("last-put-watched", "signaller of a watched object inside, its reader puts it; a new one",
                 watched_life, nobody_forgotten, {{"S", signaller}, {"H", breeding_heir}}),
        scenario("last-put-bell", "signaller of an object with a bell inside, its reader puts it; a new one",
                 level_life, newborn_doorbell, {{"S", signaller}, {"H", ringing_heir}}),
        scenario("last-put-armed", "signaller of an armed object inside, its reader puts it; a new one", armed_life,
                 newborn_doorbell, {{"S", signaller}, {"H", ringing_heir}}),
        scenario("two-puts", "2 holders put an object, one makes a new one", two_references, nobody_forgotten,
                 {{"P", putter}, {"H", holder}}),
        scenario("two-ends", "2 objects end and one is made, beside a thread that makes one", make_crowd,
                 smallest_is_given, {{"E", ends_two}, {"M", makes_one}}),
        scenario("three-ends", "3 objects end and one is made, beside a thread that makes one", make_crowd,
                 smallest_is_given, {{"E", ends_three}, {"M", makes_one}}),
    };
}

} // namespace explore
