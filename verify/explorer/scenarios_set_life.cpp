// SPDX-License-Identifier: MIT
// Configurations of wait_set whose members come and go: MEMBER_SHUT, SET_MARK, SET_HEIGHT, STANDING, SET_BELL.
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"
#include "explorer/table.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::context;
using efd::watch::set_layout;

constexpr unsigned second_word = 32; // beyond it the bitmap has two levels
constexpr std::size_t slots = 3;

context* newborn = nullptr; // only looked at where the schedule has made it

// One member, and a second object outside.
void one_of_two(std::uint64_t first, std::uint64_t second, bool watched) {
    make_set_world(1, {first, second});
    join_set(0, 0);
    if (watched) watch_set(0);
    name_sets({0, 1});
}
void joined() { one_of_two(0, 0, false); }
void joined_watched() { one_of_two(0, 0, true); }
void joined_ready() { one_of_two(1, 0, false); }
void joined_ready_other_ready_watched() { one_of_two(1, 1, true); }
void none(std::uint64_t count) {
    make_set_world(1, {count});
    watch_set(0);
    name_sets({0});
}
void none_joined() { none(0); }
void none_joined_ready() { none(1); }
void about_to_grow(std::uint64_t first, std::uint64_t second) {
    make_set_world(1, {first, second});
    join_set(0, 0);
    skip_places(0, second_word);
    watch_set(0);
    name_sets({0, second_word});
}
void growing() { about_to_grow(0, 0); }
void growing_unwatched() {
    make_set_world(1, {0, 1});
    join_set(0, 0);
    skip_places(0, second_word);
    name_sets({0, second_word});
}
void growing_ready() { about_to_grow(1, 0); }
void unwatched_behind() { // what a waiter that left has left behind: the set's context says yes
    make_set_world(1, {0});
    join_set(0, 0);
    (void)set_layout::bell(*hall().sets[0]).signal();
    name_sets({0});
}
// The set's context is of the table, so that another object can be born where it was.
void mortal() {
    reset_table(slots);
    make_set_world(1, {0});
    set_layout::give_bell(*hall().sets[0], *context::create(0, 0));
    set_layout::give_bed(*hall().sets[0], *context::create(0, 0));
    join_set(0, 0);
    watch_set(0);
    hall().objects[0]->get(); // the writer's
    name_sets({0});
    name_table(slots);
}
// An object is born in the place of what its waiters slept on.
void mortal_bed() {
    reset_table(slots);
    make_set_world(1, {0});
    set_layout::give_bed(*hall().sets[0], *context::create(0, 0));
    set_layout::give_bell(*hall().sets[0], *context::create(0, 0));
    join_set(0, 0);
    hall().objects[0]->get(); // the writer's
    name_sets({0});
    name_table(slots);
}

void writer() { give(0); }
void second_writer() { give(1); }
void twice_writer() {
    give(0);
    give(0);
}
void reader() { (void)take(0); }
void bounded_waiter() { (void)any(0, bounded); }
void trier() { (void)try_any(0); }
void twice_trier() {
    (void)try_any(0);
    (void)try_any(0);
}
void looker() { (void)look(0, bounded); }
void joiner() { enter_set(0, 0); }
void second_joiner() { enter_set(0, 1); }
void watcher() { watch_set(0); }
void leaver() { leave_set(0, 0); }
// Nobody takes from it here any more: what is written now stays.
void writing_leaver() {
    leave_set(0, 0);
    give(0);
    hall().kept_after_leaving = 1;
}
void changer() { // the place goes to the other object
    leave_set(0, 0);
    enter_set(0, 1);
}
void ender() { hall().sets[0]->end(); }
void breeder() {
    newborn = context::create(1, 0);
    hall().notes[0] = 1;
}
void breeding_ender() {
    ender();
    breeder();
}
void waiting_ender() {
    bounded_waiter();
    breeding_ender();
}
void reviver() {
    hall().sets[0]->end();
    context* const bell = context::create(0, 0);
    set_layout::renew(*hall().sets[0], *bell, *context::create(0, 0));
    watch_set(0);
}
std::string nothing_of_the_set() {
    if (hall().notes[0] == 1 && newborn->count() != 1)
        return "an object born in the slot of the set's context has too much or too little";
    hall().sets[0] = nullptr;
    return audit_sets();
}

constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};

std::vector<scenario> leaving() {
    return {
        {.name = "set-leave",
         .what = "a ready member that leaves and is written to then, 1 waiter with a deadline",
         .threads = {{"X", '-', writing_leaver}, {"A", '-', bounded_waiter}},
         .set_up = joined_ready,
         .check = audit_sets},
        {.name = "set-leave-2t",
         .what = "a ready member that leaves and is written to then, 2 that try, 3 preemptions",
         .threads = {{"X", '-', writing_leaver}, {"T1", 't', trier}, {"T2", 't', trier}},
         .set_up = joined_ready,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-leave-1w",
         .what = "watched: a member that leaves, 1 writer, 1 that tries, 3 preemptions",
         .threads = {{"X", '-', leaver}, {"W", '-', writer}, {"T", '-', trier}},
         .set_up = joined_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-leave-1w1r",
         .what = "watched: a member that leaves, 1 writer, 1 direct reader, 3 preemptions",
         .threads = {{"X", '-', leaver}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = joined_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-leave-look",
         .what = "watched: a member that leaves, 1 writer, 1 that looks, 2 preemptions",
         .threads = {{"X", '-', leaver}, {"W", '-', writer}, {"L", '-', looker}},
         .set_up = joined_watched,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "set-change",
         .what = "watched: a place that goes from one ready object to another, 1 that tries twice",
         .threads = {{"X", '-', changer}, {"T", '-', twice_trier}},
         .set_up = joined_ready_other_ready_watched,
         .check = audit_sets},
        {.name = "set-change-1w",
         .what = "watched: a place that changes hands, writers of the old and the new one, 3 preemptions",
         .threads = {{"X", '-', changer}, {"W1", '-', writer}, {"W2", '-', second_writer}},
         .set_up = joined_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-change-1a",
         .what = "a place that changes hands, writer of the new one, 1 waiter, 2 preemptions",
         .threads = {{"X", '-', changer}, {"W2", '-', second_writer}, {"A", '-', bounded_waiter}},
         .set_up = joined,
         .check = audit_sets,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> joining() {
    return {
        {.name = "set-join",
         .what = "watched: a member that joins, 1 writer",
         .threads = {{"J", '-', joiner}, {"W", '-', writer}},
         .set_up = none_joined,
         .check = audit_sets},
        {.name = "set-join-ready",
         .what = "watched: a ready member that joins, 1 direct reader",
         .threads = {{"J", '-', joiner}, {"R", '-', reader}},
         .set_up = none_joined_ready,
         .check = audit_sets},
        {.name = "set-join-1w1r",
         .what = "watched: a member that joins, 1 writer, 1 direct reader, 3 preemptions",
         .threads = {{"J", '-', joiner}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = none_joined,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-watch",
         .what = "watched from now on: 1 writer, 1 direct reader, 3 preemptions",
         .threads = {{"F", '-', watcher}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = joined,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-watch-behind",
         .what = "watched from now on, its context true with nothing ready: 1 that tries",
         .threads = {{"F", '-', watcher}, {"T", '-', trier}},
         .set_up = unwatched_behind,
         .check = audit_sets},
        {.name = "set-grow",
         .what = "watched: the 33rd joins, 1 writer of the first",
         .threads = {{"J", '-', second_joiner}, {"W", '-', writer}},
         .set_up = growing,
         .check = audit_sets},
        {.name = "set-grow-1r",
         .what = "watched: the 33rd joins, 1 direct reader of the first, which is ready",
         .threads = {{"J", '-', second_joiner}, {"R", '-', reader}},
         .set_up = growing_ready,
         .check = audit_sets},
        {.name = "set-grow-1w1r",
         .what = "watched: the 33rd joins, 1 writer of the first, 1 direct reader, 3 preemptions",
         .threads = {{"J", '-', second_joiner}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = growing,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-grow-1a",
         .what = "the 33rd joins, ready, 1 waiter",
         .threads = {{"J", '-', second_joiner}, {"A", '-', bounded_waiter}},
         .set_up = growing_unwatched,
         .check = audit_sets},
        {.name = "set-grow-1w1a",
         .what = "watched: the 33rd joins, 1 writer of the first, 1 waiter, 2 preemptions",
         .threads = {{"J", '-', second_joiner}, {"W", '-', writer}, {"A", '-', bounded_waiter}},
         .set_up = growing,
         .check = audit_sets,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> ending() {
    return {
        {.name = "set-end",
         .what = "the set ends, an object is born in the slot of its context; 1 writer inside",
         .threads = {{"E", '-', breeding_ender}, {"W", '-', writer}},
         .set_up = mortal,
         .check = nothing_of_the_set},
        {.name = "set-end-born",
         .what = "the set ends, another thread makes an object, 1 writer inside, 3 preemptions",
         .threads = {{"E", '-', ender}, {"B", '-', breeder}, {"W", '-', writer}},
         .set_up = mortal,
         .check = nothing_of_the_set,
         .allowed = three_preemptions},
        {.name = "set-end-ww",
         .what = "the set ends, an object is born in the slot of its context; 1 writer twice, 2 preemptions",
         .threads = {{"E", '-', breeding_ender}, {"W", '-', twice_writer}, {"R", '-', reader}},
         .set_up = mortal,
         .check = nothing_of_the_set,
         .allowed = two_preemptions},
        {.name = "set-end-bed",
         .what = "a waiter with a deadline ends the set, an object is born where it slept; 1 writer, 2 preemptions",
         .threads = {{"E", '-', waiting_ender}, {"W", '-', writer}},
         .set_up = mortal_bed,
         .check = nothing_of_the_set,
         .allowed = two_preemptions},
        {.name = "set-again",
         .what = "the set ends and its place is another's; 1 writer of a former member inside",
         .threads = {{"E", '-', reviver}, {"W", '-', writer}},
         .set_up = mortal,
         .check = audit_sets},
    };
}

} // namespace

std::vector<scenario> set_life_scenarios() {
    std::vector<scenario> all = leaving();
    for (const auto& some : {joining(), ending()}) all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
