// Configurations of joining: a queue and a set that anybody may join at any time, beside a thread that may be stopped
// for ever at any step. Whoever joins comes to an end, and hears of all that is written after it.
#include "explore/scenarios.hpp"
#include "explore/set_world.hpp"

#include "core/wait_queue.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::poll_in;
using efd::core::wait_queue_entry;
using efd::watch::set_core;
using efd::watch::set_layout;

constexpr unsigned second_word = 32; // the place whose bit is in the second word of the lowest level

// ---- the queue ----

struct joining {
    wait_queue_entry first; // in the queue from the start
    wait_queue_entry entries[2];
    efd::base::atomic<std::uint64_t> calls[2] = {};
    std::uint64_t ready[2] = {};
    bool joined[2] = {};
};
joining* here = nullptr;

template <int Which>
int hears(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    here->calls[Which].fetch_add(1, efd::base::relaxed);
    return 0;
}
int hears_nothing(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) { return 0; }

void queue_with(wait_queue_entry::function callback) {
    make_world(0, 0);
    here = new joining;
    efd::core::context_layout::make_queue(w().object);
    efd::core::context_layout::name_queue(w().object);
    here->first.callback = callback;
    here->entries[0].callback = hears<0>;
    here->entries[1].callback = hears<1>;
    for (wait_queue_entry* one : {&here->first, &here->entries[0], &here->entries[1]}) one->mask = poll_in;
    std::uint32_t ready = 0;
    if (callback != nullptr) (void)w().object.add_wait_queue(here->first, ready);
}
void one_entry() { queue_with(hears_nothing); }
void no_entry() { queue_with(nullptr); }

void signaller() { signal_once(); }
// What it waits for at the gate is a callback or a removal, by contract.
void leaver() {
    doing(task::leaves);
    must(w().object.remove_wait_queue(here->first) == status::ok, "an entry could not be removed");
    doing(task::none);
}
template <int Which>
void joiner() {
    doing(task::other);
    std::uint32_t ready = 0;
    must(w().object.add_wait_queue(here->entries[Which], ready) == status::ok, "an entry could not be added");
    here->ready[Which] = ready & poll_in;
    here->joined[Which] = true;
    doing(task::none);
}
template <int Which>
void joining_signaller() {
    joiner<Which>();
    signal_once();
}
void joining_leaver() {
    joiner<1>();
    doing(task::leaves);
    must(w().object.remove_wait_queue(here->entries[1]) == status::ok, "an entry could not be removed");
    here->joined[1] = false;
    doing(task::none);
}
// Nobody waits for a stopped thread, and the word tells changers of each that has joined.
std::string joined_are_watched() {
    if (std::string wrong = audit_with_stops(); !wrong.empty()) return wrong;
    const bool watched = efd::core::is_watched(efd::core::context_layout::newest_state(w().object));
    return (here->joined[0] || here->joined[1]) && !watched ? "WATCH_OFF: an entry that has joined hears nothing" : "";
}
bool somebody_stopped() {
    for (const thread_state& t : the_machine().now.threads)
        if (t.alive == life::stopped) return true;
    return false;
}
// Where nobody was stopped each unit that came after the joining, or beside it, was called for or told.
template <int Units>
std::string joined_are_told() {
    if (std::string wrong = joined_are_watched(); !wrong.empty() || somebody_stopped()) return wrong;
    for (int i = 0; i < 2; ++i) {
        const std::uint64_t calls = here->calls[i].load(efd::base::relaxed);
        if (here->joined[i] && here->ready[i] == 0 && calls < Units) return "QUEUE_JOIN: a unit was not called for";
    }
    return {};
}

// A signal of one's own after one has joined is heard, whatever `ready` said.
std::string own_are_told() {
    if (std::string wrong = joined_are_watched(); !wrong.empty() || somebody_stopped()) return wrong;
    return here->calls[0].load(efd::base::relaxed) == 0 ? "QUEUE_JOIN: a wake after the joining is not heard" : "";
}

std::vector<scenario> queues() {
    constexpr budgets one_stopped{.stops = 1};
    constexpr budgets one_of_two_preemptions{.preemptions = 2, .stops = 1};
    return {
        {.name = "join-beside-a-callback",
         .what = "1 signaller, 1 entry that is added, one of them stops",
         .threads = {{"S", '-', signaller}, {"A", '-', joiner<0>}},
         .set_up = one_entry,
         .check = joined_are_told<1>,
         .allowed = one_stopped},
        {.name = "join-2",
         .what = "1 signaller, 2 entries that are added, one of them stops, 2 preemptions",
         .threads = {{"S", '-', signaller}, {"A1", '-', joiner<0>}, {"A2", '-', joiner<1>}},
         .set_up = no_entry,
         .check = joined_are_told<1>,
         .allowed = one_of_two_preemptions},
        {.name = "join-and-signal",
         .what = "1 signaller, 1 entry that is added and signalled, one stops",
         .threads = {{"S", '-', signaller}, {"A", '-', joining_signaller<0>}},
         .set_up = one_entry,
         .check = own_are_told,
         .allowed = one_stopped},
        {.name = "join-beside-the-last",
         .what = "the only entry is removed, 1 is added and its object signalled, one of them stops",
         .threads = {{"X", '-', leaver}, {"A", '-', joining_signaller<0>}},
         .set_up = one_entry,
         .check = own_are_told,
         .allowed = one_stopped},
        {.name = "join-and-leave",
         .what = "the only entry is removed, 1 comes and goes, 1 is added and signalled, one stops, 2 preemptions",
         .threads = {{"X", '-', leaver}, {"P", '-', joining_leaver}, {"A", '-', joining_signaller<0>}},
         .set_up = one_entry,
         .check = own_are_told,
         .allowed = one_of_two_preemptions},
    };
}

// ---- sets ----

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
// One object outside of both; whoever joins as the second needs another place of its.
void outside_of_both() {
    make_set_world(2, {0});
    name_sets({0});
}
efd::core::standing_watcher* first_watcher = nullptr;
void outside_of_both_with_a_watcher() {
    outside_of_both();
    first_watcher = new efd::core::standing_watcher{[](efd::core::standing_watcher&, std::uint32_t) {}};
    (void)hall().objects[0]->attach_standing(*first_watcher);
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
        {.name = "join-set-other",
         .what = "the only member of a set leaves and may be stopped, joins another set and is written to",
         .threads = {{"X", '-', leaves<0>, true}, {"J", '-', enters_the_other_and_writes}},
         .set_up = in_one_of_two_sets,
         .check = written_is_known<1>,
         .allowed = one_of_three_preemptions},
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

std::vector<scenario> join_scenarios() {
    std::vector<scenario> all = queues();
    for (const scenario& one : joins()) all.push_back(one);
    return all;
}

} // namespace explore
