// SPDX-License-Identifier: MIT
// Configurations of wait_set whose members come and go: MEMBER_SHUT, SET_MARK, SET_HEIGHT, PERMANENT, SET_BELL.
#include "explorer/set_parts.hpp"
#include "explorer/table.hpp"

namespace explore {
namespace {

constexpr std::size_t slots = 3;

context* newborn = nullptr; // only looked at where the schedule has made it

// One member, and a second object outside.
void one_of_two(std::uint64_t first, std::uint64_t second, bool watched) {
    make_hall({.counts = {first, second}, .joined = {{0, 0}}, .watched = watched});
}
void joined() { one_of_two(0, 0, false); }
void joined_watched() { one_of_two(0, 0, true); }
void joined_ready() { one_of_two(1, 0, false); }
void joined_ready_semaphore() { make_hall({.counts = {1}, .joined = {{0, 0}}, .flags = flag_semaphore}); }
void in_two_sets_ready() { make_hall({.counts = {1}, .joined = {{0, 0}, {1, 0}}, .sets = 2}); }
void joined_ready_other_ready_watched() { one_of_two(1, 1, true); }
void none(std::uint64_t count) { make_hall({.counts = {count}, .watched = true}); }
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

// A ready object whose place goes to one that is not.
void joined_ready_other_empty() {
    make_set_world(1, {1, 0});
    join_set(0, 0);
    hall().never_ready = 1U << 1;
    name_sets({0});
}
// A mark is left of a unit that is gone. The object goes on being watched, by a set that nobody asks.
void joined_stale(std::uint64_t other, std::uint64_t never_ready) {
    make_set_world(2, {1, other});
    join_set(0, 0);
    join_set(1, 0);
    efd::core::context_layout::drain(*hall().objects[0]);
    efd::set_event none{};
    (void)hall().sets[1]->try_any(none); // the mark of the other set is not what is left
    hall().taken[0] = 1;
    hall().never_ready = never_ready;
    name_sets({0});
}
void joined_stale_other_empty() { joined_stale(0, 0b11); }
void joined_stale_other_ready() { joined_stale(1, 0b01); }

void bounded_waiter() { (void)any(0, bounded); }
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
void changer_to_descriptor() {
    leave_set(0, 0);
    set_layout::join_descriptor(*hall().sets[0]);
}
void writing_changer() {
    writing_leaver();
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

std::vector<scenario> leaving() {
    return {
        scenario("set-leave", "a ready member that leaves and is written to then, 1 waiter with a deadline",
                 joined_ready, audit_sets, {{"X", writing_leaver}, {"A", bounded_waiter}}),
        scenario("set-leave-2t", "a ready member that leaves and is written to then, 2 that try, 3 preemptions",
                 joined_ready, audit_sets, {{"X", writing_leaver}, {"T1", trier}, {"T2", trier}}, three_preemptions),
        scenario("set-leave-sem", "a ready semaphore that leaves and is written to then, 1 waiter with a deadline",
                 joined_ready_semaphore, audit_sets, {{"X", writing_leaver}, {"A", bounded_waiter}}),
        scenario("set-leave-2t-sem", "a ready semaphore that leaves and is written to then, 2 that try, 3 preemptions",
                 joined_ready_semaphore, audit_sets, {{"X", writing_leaver}, {"T1", trier}, {"T2", trier}},
                 three_preemptions),
        scenario("set-leave-again",
                 "a ready member of 2 sets that leaves one, is taken from and written to then, 1 that tries there",
                 in_two_sets_ready, audit_sets, {{"X", leaver_that_takes_and_writes}, {"T", trier}}),
        scenario("set-leave-1w", "watched: a member that leaves, 1 writer, 1 that tries, 3 preemptions", joined_watched,
                 audit_sets, {{"X", leaver}, {"W", writer}, {"T", trier}}, three_preemptions),
        scenario("set-leave-1w1r", "watched: a member that leaves, 1 writer, 1 direct reader, 3 preemptions",
                 joined_watched, audit_sets, {{"X", leaver}, {"W", writer}, {"R", reader}}, three_preemptions),
        scenario("set-leave-look", "watched: a member that leaves, 1 writer, 1 that looks, 2 preemptions",
                 joined_watched, audit_sets, {{"X", leaver}, {"W", writer}, {"L", looker}}, two_preemptions),
        scenario("set-look-left",
                 "a member with a stale mark that is written to when it has left, its place given away, 1 that looks",
                 joined_stale_other_empty, audit_sets, {{"X", writing_changer}, {"L", looker}}, three_preemptions),
        scenario("set-look-taken-over", "a stale mark; the place goes to a ready object, 1 that looks",
                 joined_stale_other_ready, audit_sets, {{"X", changer}, {"L", looker}}, three_preemptions),
        scenario("set-look-change", "a place that goes from a ready object to one that is not, 1 that looks",
                 joined_ready_other_empty, audit_sets, {{"X", changer}, {"L", looker}}, three_preemptions),
        scenario("set-change", "watched: a place that goes from one ready object to another, 1 that tries twice",
                 joined_ready_other_ready_watched, audit_sets, {{"X", changer}, {"T", twice_trier}}),
        scenario(
            "set-change-1w", "watched: a place that changes hands, writers of the old and the new one, 3 preemptions",
            joined_watched, audit_sets, {{"X", changer}, {"W1", writer}, {"W2", second_writer}}, three_preemptions),
        scenario("set-change-1a", "a place that changes hands, writer of the new one, 1 waiter, 2 preemptions", joined,
                 audit_sets, {{"X", changer}, {"W2", second_writer}, {"A", bounded_waiter}}, two_preemptions),
        scenario("set-change-fd",
                 "a place that goes to a descriptor, writer of the old one, 1 that tries, 3 preemptions", joined,
                 audit_sets, {{"X", changer_to_descriptor}, {"W", writer}, {"T", trier}}, three_preemptions),
        scenario("set-change-fd-look",
                 "a place that goes to a descriptor, writer of the old one, 1 that looks, 3 preemptions", joined,
                 audit_sets, {{"X", changer_to_descriptor}, {"W", writer}, {"L", looker}}, three_preemptions),
    };
}

std::vector<scenario> joining() {
    return {
        scenario("set-join", "watched: a member that joins, 1 writer", none_joined, audit_sets,
                 {{"J", joiner}, {"W", writer}}),
        scenario("set-join-ready", "watched: a ready member that joins, 1 direct reader", none_joined_ready, audit_sets,
                 {{"J", joiner}, {"R", reader}}),
        scenario("set-join-1w1r", "watched: a member that joins, 1 writer, 1 direct reader, 3 preemptions", none_joined,
                 audit_sets, {{"J", joiner}, {"W", writer}, {"R", reader}}, three_preemptions),
        scenario("set-watch", "watched from now on: 1 writer, 1 direct reader, 3 preemptions", joined, audit_sets,
                 {{"F", watcher}, {"W", writer}, {"R", reader}}, three_preemptions),
        scenario("set-watch-behind", "watched from now on, its context true with nothing ready: 1 that tries",
                 unwatched_behind, audit_sets, {{"F", watcher}, {"T", trier}}),
        scenario("set-grow", "watched: the 33rd joins, 1 writer of the first", growing, audit_sets,
                 {{"J", second_joiner}, {"W", writer}}),
        scenario("set-grow-1r", "watched: the 33rd joins, 1 direct reader of the first, which is ready", growing_ready,
                 audit_sets, {{"J", second_joiner}, {"R", reader}}),
        scenario("set-grow-1w1r", "watched: the 33rd joins, 1 writer of the first, 1 direct reader, 3 preemptions",
                 growing, audit_sets, {{"J", second_joiner}, {"W", writer}, {"R", reader}}, three_preemptions),
        scenario("set-grow-1a", "the 33rd joins, ready, 1 waiter", growing_unwatched, audit_sets,
                 {{"J", second_joiner}, {"A", bounded_waiter}}),
        scenario("set-grow-1w1a", "watched: the 33rd joins, 1 writer of the first, 1 waiter, 2 preemptions", growing,
                 audit_sets, {{"J", second_joiner}, {"W", writer}, {"A", bounded_waiter}}, two_preemptions),
    };
}

std::vector<scenario> ending() {
    return {
        scenario("set-end", "the set ends, an object is born in the slot of its context; 1 writer inside", mortal,
                 nothing_of_the_set, {{"E", breeding_ender}, {"W", writer}}),
        scenario("set-end-born", "the set ends, another thread makes an object, 1 writer inside, 3 preemptions", mortal,
                 nothing_of_the_set, {{"E", ender}, {"B", breeder}, {"W", writer}}, three_preemptions),
        scenario("set-end-ww",
                 "the set ends, an object is born in the slot of its context; 1 writer twice, 2 preemptions", mortal,
                 nothing_of_the_set, {{"E", breeding_ender}, {"W", twice_writer}, {"R", reader}}, two_preemptions),
        scenario("set-end-bed",
                 "a waiter with a deadline ends the set, an object is born where it slept; 1 writer, 2 preemptions",
                 mortal_bed, nothing_of_the_set, {{"E", waiting_ender}, {"W", writer}}, two_preemptions),
        scenario("set-again", "the set ends and its place is another's; 1 writer of a former member inside", mortal,
                 audit_sets, {{"E", reviver}, {"W", writer}}),
    };
}

} // namespace

std::vector<scenario> set_life_scenarios() { return joined({leaving(), joining(), ending()}); }

} // namespace explore
