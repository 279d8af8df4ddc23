// SPDX-License-Identifier: MIT
// Configurations of joining and leaving a set, beside a thread that may be stopped for ever at any step: PLACES,
// MEMBER_SHUT, NESTING_LEFT, SET_HEIGHT, PERMANENT.
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

namespace explore {
namespace {

void two_outside() { make_hall({.counts = {0, 0}}); }
void two_outside_one_left() { // the place that it had is free
    make_set_world(1, {0, 0, 0});
    join_set(0, 2);
    leave_set_up(0, 2);
    name_sets({0, 1});
}
void two_inside() { make_hall({.counts = {0, 0}, .joined = {{0, 0}, {0, 1}}}); }
void two_inside_ready() { make_hall({.counts = {1, 1}, .joined = {{0, 0}, {0, 1}}}); }
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
void one_of_two_inside() { make_hall({.counts = {0, 0}, .joined = {{0, 0}}}); }
// One object that may be in two sets: both tell its word that it is watched.
void in_one_of_two_sets() { make_hall({.counts = {0}, .joined = {{0, 0}}, .sets = 2}); }
void in_one_of_two_sets_ready() { make_hall({.counts = {1}, .joined = {{0, 0}}, .sets = 2}); }
// One object outside of both sets; the second of them that it joins needs another cell of it.
void outside_of_both() { make_hall({.counts = {0}, .sets = 2}); }
// As a new object: who hears of it is noted in the one word (LONE_WATCHER).
void bare_outside_of_both() {
    make_bare_set_world(2, {0});
    name_sets({0});
}
void bare_in_one_of_two_sets() {
    make_bare_set_world(2, {0});
    join_set(0, 0);
    name_sets({0});
}
efd::core::permanent_watcher* first_watcher = nullptr;
void outside_of_both_with_a_watcher() {
    outside_of_both();
    first_watcher = new efd::core::permanent_watcher{[](efd::core::permanent_watcher&, std::uint32_t) noexcept {}};
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
    const status result = try_all(0);
    must(result == status::ok || result == status::would_block || result == status::invalid,
         "a try for all ended otherwise");
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
        scenario("join-set", "an object joins a set and may be stopped, a second one joins and is written to",
                 two_outside, written_is_known<0>, {{"J", enters<0>, may_crash}, {"K", enters_and_writes<1>}},
                 one_of_three_preemptions),
        scenario("join-set-place", "the same, where a place was given back", two_outside_one_left, written_is_known<0>,
                 {{"J", enters<0>, may_crash}, {"K", enters_and_writes<1>}}, one_of_three_preemptions),
        scenario("join-set-places", "2 leave and join again, 3 preemptions", one_of_two_inside, audit_sets,
                 {{"J", changes<0>}, {"K", enters<1>}}, {.preemptions = 3}),
        scenario("join-set-no-place-lost", "2 members leave and join again, 3 preemptions", two_inside,
                 no_further_place, {{"J", changes<0>}, {"K", changes<1>}}, {.preemptions = 3}),
        scenario("join-set-leave", "a member leaves and may be stopped, an object joins and is written to",
                 one_of_two_inside, written_is_known<0>, {{"X", leaves<0>, may_crash}, {"K", enters_and_writes<1>}},
                 one_of_three_preemptions),
        scenario("join-set-leave-2", "2 members leave, one may be stopped", two_inside, written_is_known<0>,
                 {{"X", leaves<0>, may_crash}, {"Y", leaves<1>}}, one_stopped),
    };
}

std::vector<scenario> growing_ones() {
    constexpr budgets one_of_three_preemptions{.crashes = 1, .preemptions = 3};
    return {
        scenario("join-set-grow", "the 33rd joins and may be stopped, the 34th joins and is written to", about_to_grow,
                 written_is_known<0>, {{"J", enters<1>, may_crash}, {"K", enters_and_writes<2>}},
                 one_of_three_preemptions),
        scenario("join-set-grow-2", "the 33rd and the 34th join, the first is read, 2 preemptions", about_to_grow_ready,
                 audit_sets, {{"J", enters<1>}, {"K", enters<2>}, {"R", reads}}, {.preemptions = 2}),
        scenario("join-set-grow-far", "one joins on a second level, one on a third and is written to, 3 preemptions",
                 about_to_grow_far, audit_sets, {{"J", enters<1>}, {"K", enters_and_writes<2>}}, {.preemptions = 3}),
        scenario("join-set-grow-marker",
                 "the 33rd joins and may be stopped, the first is read, and written to, 3 preemptions",
                 about_to_grow_ready, written_is_known<0>, {{"J", enters<1>, may_crash}, {"R", reads}, {"W", writes}},
                 one_of_three_preemptions),
    };
}

std::vector<scenario> watchers_and_all() {
    constexpr budgets one_stopped{.crashes = 1};
    constexpr budgets one_of_three_preemptions{.crashes = 1, .preemptions = 3};
    return {
        scenario("join-set-other",
                 "the only member of a set leaves and may be stopped, joins another set and is written to",
                 in_one_of_two_sets, written_is_known<1>,
                 {{"X", leaves<0>, may_crash}, {"J", enters_the_other_and_writes}}, one_of_three_preemptions),
        scenario("join-set-other-all",
                 "the only member of a set is taken from as all of it and leaves, the same in another, 2 preemptions",
                 in_one_of_two_sets_ready, audit_sets,
                 {{"X", takes_all_and_leaves}, {"J", enters_the_other_and_takes_all}}, {.preemptions = 2}),
        scenario("join-set-three", "3 places were left: 1 joins, 1 joins twice, leaves and joins again, 2 preemptions",
                 three_places_left, each_has_its_place, {{"J", enters<0>}, {"K", enters_twice_and_leaves}},
                 {.preemptions = 2}),
        scenario("join-set-both", "an object joins 2 sets at once, and is written to, 3 preemptions", outside_of_both,
                 audit_sets, {{"J", enters<0>}, {"K", enters_the_other_and_writes}}, {.preemptions = 3}),
        scenario("join-set-both-more",
                 "an object with a watcher joins 2 sets at once, and is written to, 3 preemptions",
                 outside_of_both_with_a_watcher, audit_sets, {{"J", enters<0>}, {"K", enters_the_other_and_writes}},
                 {.preemptions = 3}),
        scenario("join-set-lone-both", "a new object joins 2 sets at once, and is written to, 3 preemptions",
                 bare_outside_of_both, audit_sets, {{"J", enters<0>}, {"K", enters_the_other_and_writes}},
                 {.preemptions = 3}),
        scenario("join-set-lone-other",
                 "the lone watcher of an object leaves and may be stopped, another joins and it is written to",
                 bare_in_one_of_two_sets, written_is_known<1>,
                 {{"X", leaves<0>, may_crash}, {"J", enters_the_other_and_writes}}, one_of_three_preemptions),
        scenario("join-set-lone-changes",
                 "the lone watcher of an object leaves and comes back, another joins and it is written to, 2 "
                 "preemptions",
                 bare_in_one_of_two_sets, audit_sets, {{"X", changes<0>}, {"J", enters_the_other_and_writes}},
                 {.preemptions = 2}),
        scenario("join-set-all", "both there: 1 that tries for all, 1 member that leaves and is written to then",
                 two_inside_ready, audit_sets, {{"T", tries_for_all}, {"X", leaves_and_writes}}),
        scenario("join-set-all-2", "both there: 1 that tries for all, 2 members that leave, 2 preemptions",
                 two_inside_ready, audit_sets, {{"T", tries_for_all}, {"X", leaves_and_writes}, {"Y", leaves<1>}},
                 {.preemptions = 2}),
        scenario("join-set-unnest",
                 "a set leaves another, beside one that holds the lock of nesting and may be stopped", one_in_another,
                 written_is_known<0>, {{"N", nests_in_vain, may_crash}, {"X", unnests}}, one_stopped),
        scenario("join-set-unnest-left", "a set leaves another, beside one that holds the lock of nesting",
                 one_in_another, nobody_is_nested, {{"N", nests_in_vain}, {"X", unnests}}),
    };
}

} // namespace

std::vector<scenario> join_set_scenarios() { return joined({joins(), growing_ones(), watchers_and_all()}); }

} // namespace explore
