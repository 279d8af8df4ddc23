// SPDX-License-Identifier: MIT
// Configurations of joining and leaving a set, beside a thread that may be stopped for ever at any step: PLACES,
// MEMBER_SHUT, NESTING_LEFT, SET_HEIGHT, STANDING.
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::watch::set_layout;

constexpr unsigned second_word = 32; // the place whose bit is in the second word of the lowest level

void two_outside() {
    make_set_world(1, {0, 0});
    name_sets({0, 1});
}
void two_outside_one_left() { // the place that it had is free
    make_set_world(1, {0, 0, 0});
    join_set(0, 2);
    leave_set_up(0, 2);
    name_sets({0, 1});
}
void two_inside() {
    make_set_world(1, {0, 0});
    join_set(0, 0);
    join_set(0, 1);
    name_sets({0, 1});
}
void two_inside_ready() {
    make_set_world(1, {1, 1});
    join_set(0, 0);
    join_set(0, 1);
    name_sets({0, 1});
}
void full_word(std::uint64_t first) {
    make_set_world(1, {first, 0, 0});
    join_set(0, 0);
    skip_places(0, second_word);
    name_sets({0, second_word, second_word + 1});
}
// One place is free whose bit is in the second word; the next one's bit is on a third level.
void about_to_grow_far() {
    make_set_world(1, {0, 0, 0});
    join_set(0, 0);
    set_layout::leave_free(*hall().sets[0], second_word);
    skip_places(0, second_word * second_word);
    name_sets({0, second_word, second_word * second_word});
}
void about_to_grow() { full_word(0); }
void about_to_grow_ready() { full_word(1); }
void one_of_two_inside() {
    make_set_world(1, {0, 0});
    join_set(0, 0);
    name_sets({0, 1});
}
// One object that may be in two sets: both tell its word that it is watched.
void in_one_of_two_sets() {
    make_set_world(2, {0});
    join_set(0, 0);
    name_sets({0});
}
void in_one_of_two_sets_ready() {
    make_set_world(2, {1});
    join_set(0, 0);
    name_sets({0});
}
// One object outside of both; whoever joins as the second needs another place of its.
void outside_of_both() {
    make_set_world(2, {0});
    name_sets({0});
}
efd::core::standing_watcher* first_watcher = nullptr;
void outside_of_both_with_a_watcher() {
    outside_of_both();
    first_watcher = new efd::core::standing_watcher{[](efd::core::standing_watcher&, std::uint32_t) {}};
    (void)efd::core::context_layout::attach(*hall().objects[0], *first_watcher);
}
void three_places_left() {
    make_set_world(1, {0, 0, 0});
    for (const std::size_t object : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) join_set(0, object);
    for (const std::size_t object : {std::size_t{2}, std::size_t{1}, std::size_t{0}}) leave_set_up(0, object);
    name_sets({0, 1, 2});
}
void one_in_another() {
    make_set_world(2, {0});
    int place = -1;
    (void)hall().sets[1]->add(*hall().sets[0], 0, place);
    name_sets({0});
}

template <std::size_t Object>
void enters() {
    enter_set(0, Object);
}
template <std::size_t Object>
void enters_and_writes() {
    enter_set(0, Object);
    give(Object);
    hall().notes[Object] = 1;
}
template <std::size_t Object>
void leaves() {
    leave_set(0, Object);
}
template <std::size_t Object>
void changes() {
    leave_set(0, Object);
    enter_set(0, Object);
}
void enters_the_other_and_writes() {
    enter_set(1, 0);
    give(0);
    hall().notes[0] = 1;
}
// The end of each take from all leaves the word as it was but for its turn.
void takes_all_and_leaves() {
    (void)try_all(0);
    leave_set(0, 0);
}
void enters_the_other_and_takes_all() {
    enter_set(1, 0);
    give(0);
    (void)try_all(1);
    give(0);
    hall().notes[0] = 1;
}
void enters_twice_and_leaves() {
    enter_set(0, 1);
    enter_set(0, 2);
    leave_set(0, 1);
    enter_set(0, 1);
}
void writes() {
    give(0);
    hall().notes[0] = 1;
}
void reads() { (void)take(0); }
void leaves_and_writes() {
    leave_set(0, 0);
    give(0);
    hall().kept_after_leaving = 1;
}
void tries_for_all() {
    const status end = try_all(0);
    must(end == status::ok || end == status::would_block || end == status::invalid, "a try for all ended otherwise");
}
std::string each_has_its_place() {
    const auto& places = hall().places[0];
    const bool twice = places[0] == places[1] || places[0] == places[2] || places[1] == places[2];
    return twice ? "PLACES: two members at one place" : audit_sets();
}
std::string no_further_place() {
    const auto& places = hall().places[0];
    return places[0] > 1 || places[1] > 1 ? "PLACES: a place that was given back is lost" : audit_sets();
}
// A set that would stand inside itself: refused, under the lock of all nesting.
void nests_in_vain() {
    int place = -1;
    must(hall().sets[0]->add(*hall().sets[0], 0, place) == status::invalid, "a set stands in itself");
}
void unnests() { must(hall().sets[1]->remove(0) == status::ok, "a set could not be removed"); }
std::string nobody_is_nested() {
    if (std::string wrong = audit_sets(); !wrong.empty()) return wrong;
    return set_layout::is_nested(*hall().sets[0]) ? "NESTING_LEFT: a set stands in one that it has left" : "";
}

// Nobody waits for the one that was stopped; an object that was written to in the set is known there.
template <std::size_t Set>
std::string written_is_known() {
    for (int i = 0; i < the_machine().thread_count(); ++i) {
        const thread_state& t = the_machine().now.threads[static_cast<std::size_t>(i)];
        if (t.alive == life::runnable || t.alive == life::asleep)
            return "no progress: thread " + std::to_string(i) + " waits for a stopped one";
    }
    for (std::size_t i = 0; i < most_objects; ++i) {
        if (hall().notes[i] == 0 || hall().objects[i]->count() == 0) continue;
        if (set_layout::has_nothing(*hall().sets[Set])) return "a finished write has no bit at the top";
    }
    return {};
}

std::vector<scenario> joins() {
    constexpr budgets one_stopped{.crashes = 1};
    constexpr budgets one_of_three_preemptions{.crashes = 1, .preemptions = 3};
    return {
        {.name = "join-set",
         .what = "an object joins a set and may be stopped, a second one joins and is written to",
         .threads = {{"J", '-', enters<0>, true}, {"K", '-', enters_and_writes<1>}},
         .set_up = two_outside,
         .check = written_is_known<0>,
         .allowed = one_of_three_preemptions},
        {.name = "join-set-place",
         .what = "the same, where a place was given back",
         .threads = {{"J", '-', enters<0>, true}, {"K", '-', enters_and_writes<1>}},
         .set_up = two_outside_one_left,
         .check = written_is_known<0>,
         .allowed = one_of_three_preemptions},
        {.name = "join-set-places",
         .what = "2 leave and join again, 3 preemptions",
         .threads = {{"J", '-', changes<0>}, {"K", '-', enters<1>}},
         .set_up = one_of_two_inside,
         .check = audit_sets,
         .allowed = {.preemptions = 3}},
        {.name = "join-set-no-place-lost",
         .what = "2 members leave and join again, 3 preemptions",
         .threads = {{"J", '-', changes<0>}, {"K", '-', changes<1>}},
         .set_up = two_inside,
         .check = no_further_place,
         .allowed = {.preemptions = 3}},
        {.name = "join-set-leave",
         .what = "a member leaves and may be stopped, an object joins and is written to",
         .threads = {{"X", '-', leaves<0>, true}, {"K", '-', enters_and_writes<1>}},
         .set_up = one_of_two_inside,
         .check = written_is_known<0>,
         .allowed = one_of_three_preemptions},
        {.name = "join-set-leave-2",
         .what = "2 members leave, one may be stopped",
         .threads = {{"X", '-', leaves<0>, true}, {"Y", '-', leaves<1>}},
         .set_up = two_inside,
         .check = written_is_known<0>,
         .allowed = one_stopped},
    };
}

std::vector<scenario> growing_ones() {
    constexpr budgets one_of_three_preemptions{.crashes = 1, .preemptions = 3};
    return {
        {.name = "join-set-grow",
         .what = "the 33rd joins and may be stopped, the 34th joins and is written to",
         .threads = {{"J", '-', enters<1>, true}, {"K", '-', enters_and_writes<2>}},
         .set_up = about_to_grow,
         .check = written_is_known<0>,
         .allowed = one_of_three_preemptions},
        {.name = "join-set-grow-2",
         .what = "the 33rd and the 34th join, the first is read, 2 preemptions",
         .threads = {{"J", '-', enters<1>}, {"K", '-', enters<2>}, {"R", '-', reads}},
         .set_up = about_to_grow_ready,
         .check = audit_sets,
         .allowed = {.preemptions = 2}},
        {.name = "join-set-grow-far",
         .what = "one joins on a second level, one on a third and is written to, 3 preemptions",
         .threads = {{"J", '-', enters<1>}, {"K", '-', enters_and_writes<2>}},
         .set_up = about_to_grow_far,
         .check = audit_sets,
         .allowed = {.preemptions = 3}},
        {.name = "join-set-grow-marker",
         .what = "the 33rd joins and may be stopped, the first is read, and written to, 3 preemptions",
         .threads = {{"J", '-', enters<1>, true}, {"R", '-', reads}, {"W", '-', writes}},
         .set_up = about_to_grow_ready,
         .check = written_is_known<0>,
         .allowed = one_of_three_preemptions},
    };
}

std::vector<scenario> watchers_and_all() {
    constexpr budgets one_stopped{.crashes = 1};
    constexpr budgets one_of_three_preemptions{.crashes = 1, .preemptions = 3};
    return {
        {.name = "join-set-other",
         .what = "the only member of a set leaves and may be stopped, joins another set and is written to",
         .threads = {{"X", '-', leaves<0>, true}, {"J", '-', enters_the_other_and_writes}},
         .set_up = in_one_of_two_sets,
         .check = written_is_known<1>,
         .allowed = one_of_three_preemptions},
        {.name = "join-set-other-all",
         .what = "the only member of a set is taken from as all of it and leaves, the same in another, 2 preemptions",
         .threads = {{"X", '-', takes_all_and_leaves}, {"J", '-', enters_the_other_and_takes_all}},
         .set_up = in_one_of_two_sets_ready,
         .check = audit_sets,
         .allowed = {.preemptions = 2}},
        {.name = "join-set-three",
         .what = "3 places were left: 1 joins, 1 joins twice, leaves and joins again, 2 preemptions",
         .threads = {{"J", '-', enters<0>}, {"K", '-', enters_twice_and_leaves}},
         .set_up = three_places_left,
         .check = each_has_its_place,
         .allowed = {.preemptions = 2}},
        {.name = "join-set-both",
         .what = "an object joins 2 sets at once, and is written to, 3 preemptions",
         .threads = {{"J", '-', enters<0>}, {"K", '-', enters_the_other_and_writes}},
         .set_up = outside_of_both,
         .check = audit_sets,
         .allowed = {.preemptions = 3}},
        {.name = "join-set-both-more",
         .what = "an object with a watcher joins 2 sets at once, and is written to, 3 preemptions",
         .threads = {{"J", '-', enters<0>}, {"K", '-', enters_the_other_and_writes}},
         .set_up = outside_of_both_with_a_watcher,
         .check = audit_sets,
         .allowed = {.preemptions = 3}},
        {.name = "join-set-all",
         .what = "both there: 1 that tries for all, 1 member that leaves and is written to then",
         .threads = {{"T", '-', tries_for_all}, {"X", '-', leaves_and_writes}},
         .set_up = two_inside_ready,
         .check = audit_sets},
        {.name = "join-set-all-2",
         .what = "both there: 1 that tries for all, 2 members that leave, 2 preemptions",
         .threads = {{"T", '-', tries_for_all}, {"X", '-', leaves_and_writes}, {"Y", '-', leaves<1>}},
         .set_up = two_inside_ready,
         .check = audit_sets,
         .allowed = {.preemptions = 2}},
        {.name = "join-set-unnest",
         .what = "a set leaves another, beside one that holds the lock of nesting and may be stopped",
         .threads = {{"N", '-', nests_in_vain, true}, {"X", '-', unnests}},
         .set_up = one_in_another,
         .check = written_is_known<0>,
         .allowed = one_stopped},
        {.name = "join-set-unnest-told",
         .what = "a set leaves another, beside one that holds the lock of nesting",
         .threads = {{"N", '-', nests_in_vain}, {"X", '-', unnests}},
         .set_up = one_in_another,
         .check = nobody_is_nested},
    };
}

} // namespace

std::vector<scenario> join_set_scenarios() {
    std::vector<scenario> all = joins();
    for (const auto& some : {growing_ones(), watchers_and_all()}) all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
