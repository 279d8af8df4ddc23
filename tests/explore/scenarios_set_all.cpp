// SPDX-License-Identifier: MIT
// Configurations of waiting for all members at once: HOLD, HOLD_GATE, ALL_SLEEP.
#include "explore/scenarios.hpp"
#include "explore/set_world.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::flag_semaphore;
using efd::core::packed_limit;

void two(std::uint64_t first, std::uint64_t second, unsigned flags = 0) {
    make_set_world(1, {first, second}, flags);
    join_set(0, 0);
    join_set(0, 1);
    name_sets({0, 1});
}
void one_there() { two(1, 0); }
void none_there() { two(0, 0); }
void both_there() { two(1, 1); }
void semaphores() { two(2, 1, flag_semaphore); }
void first_sealed() { two(packed_limit, 1); }
void nearly_sealed() { two(packed_limit - 1, 1); }
// Two sets of the same objects, in opposite order.
void crossing(std::uint64_t first, std::uint64_t second) {
    make_set_world(2, {first, second});
    join_set(0, 0);
    join_set(0, 1);
    join_set(1, 1);
    join_set(1, 0);
    name_sets({0, 1});
}
void crossing_both_there() { crossing(1, 1); }
// Told by wait queue entries alone, so that a writer may leave its wake to another thread and go on.
void told_by_entries() {
    make_set_world(2, {1, 1});
    for (const std::size_t set : {std::size_t{0}, std::size_t{1}}) {
        join_set(set, 0);
        join_set(set, 1);
    }
    leave_set_up(0, 0);
    leave_set_up(0, 1);
    name_sets({0, 1});
}
void crossing_one_there() { crossing(1, 0); }

void taker() { must(all(0) == status::ok, "a wait for all without end came back without them"); }
void trier() {
    const status end = try_all(0);
    must(end == status::ok || end == status::would_block, "a try for all ended otherwise");
}
void other_trier() { (void)try_all(1); }
void bounded_taker() {
    const status end = all(0, bounded);
    must(end == status::ok || end == status::timed_out, "a bounded wait for all ended otherwise");
}
void cancelled_taker() {
    const auto token = w().stop.get_token();
    const status end = all(0, {.stop = &token, .sleep = efd::core::patience::always});
    must(end == status::ok || end == status::cancelled, "a cancelled wait for all ended otherwise");
}
void stopper() { (void)w().stop.request_stop(); }
// A philosopher: takes both, and gives them back.
template <std::size_t Set>
void philosopher() {
    must(all(Set) == status::ok, "a wait for all without end came back without them");
    give(0);
    give(1);
}
void writer() { give(0); }
void second_writer() { give(1); }
void zero_writer() { give(0, 0); } // tells, and adds nothing
void writer_of_both() {
    give(0);
    give(1);
}
void slow_writer_of_both() {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
        must(hall().objects[i]->try_write(1) == status::ok, "there was room");
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) ++hall().given[i];
}
void huge_writer() { give(0, packed_limit); }
void reader() { (void)take(0); }
void sleeping_reader() { read_from(0); }
void second_reader() { (void)take(1); }
void any_trier() { (void)try_any(0); }
void any_waiter() { (void)any(0, bounded); }
void leaver() { leave_set(0, 1); }

// Both were there, and only the take from all takes: nobody sees one without the other.
void looker() {
    const std::uint64_t first = hall().objects[0]->count();
    const std::uint64_t second = hall().objects[1]->count();
    must(first != 0 || second == 0, "one was taken, and the other is there yet");
}
void polling_looker() {
    const bool first = (hall().objects[1]->poll() & efd::core::poll_in) != 0;
    const bool second = (hall().objects[0]->poll() & efd::core::poll_in) != 0;
    must(first || !second, "one was taken, and the other is there yet");
}
int nothing_to_do(efd::core::wait_queue_entry& /*entry*/, std::uint32_t /*key*/) { return 0; }
// As looker, but the second look is the answer to an entry that joins.
void joining_looker() {
    const std::uint64_t first = hall().objects[0]->count();
    efd::core::wait_queue_entry entry;
    entry.callback = nothing_to_do;
    entry.mask = efd::core::poll_in;
    std::uint32_t ready = 0;
    must(hall().objects[1]->add_wait_queue(entry, ready) == status::ok, "an entry could not be added");
    must(first != 0 || (ready & efd::core::poll_in) == 0, "one was taken, and the other is there yet");
    must(hall().objects[1]->remove_wait_queue(entry) == status::ok, "an entry could not be removed");
}
// Takes one after the other: whoever found the first gone finds the second gone.
void reader_of_both() {
    const bool first = take(0);
    const bool second = take(1);
    must(first || !second, "the first was taken with the second, and the second is there yet");
    hall().notes[0] = first ? 1 : 0;
}
// It took one of two that are only taken together otherwise, or all were taken.
std::string all_or_none() {
    if (hall().notes[0] == 1 && hall().alls != 0) return "a unit was taken alone, and with the others";
    return audit_sets();
}
std::string one_of_them() {
    if (hall().alls != 1) return "of two that try for all, " + std::to_string(hall().alls) + " had them";
    return audit_sets();
}
// The second is written after the first: at any moment there are at least as many of the first.
std::string no_moment_between() {
    if (hall().alls > 0 && hall().last_all[1] > hall().last_all[0])
        return "the second write was taken without the first";
    return audit_sets();
}

constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};

std::vector<scenario> sleepers() {
    return {
        {.name = "all-1w",
         .what = "one of two there: 1 writer of the other, 1 that waits for all",
         .threads = {{"W", '-', second_writer}, {"A", '-', taker}},
         .set_up = one_there,
         .check = audit_sets,
         .allowed = {.weak_failures = 1}},
        {.name = "all-1w2",
         .what = "none there: 1 writer of both, 1 that waits for all",
         .threads = {{"W", '-', writer_of_both}, {"A", '-', taker}},
         .set_up = none_there,
         .check = audit_sets},
        {.name = "all-2w",
         .what = "none there: 2 writers, 1 that waits for all, 3 preemptions",
         .threads = {{"W1", '-', writer}, {"W2", '-', second_writer}, {"A", '-', taker}},
         .set_up = none_there,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "all-timeout",
         .what = "one there: 1 writer of the other, 1 reader of the first, 1 with a deadline, 2 preemptions",
         .threads = {{"W", '-', second_writer}, {"R", '-', reader}, {"A", '-', bounded_taker}},
         .set_up = one_there,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "all-stop",
         .what = "one there: 1 writer of the other, 1 that is cancelled, 3 preemptions",
         .threads = {{"W", '-', second_writer}, {"S", '-', stopper}, {"A", '-', cancelled_taker}},
         .set_up = one_there,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "all-cancel",
         .what = "one there: 1 that is cancelled",
         .threads = {{"S", '-', stopper}, {"A", '-', cancelled_taker}},
         .set_up = one_there,
         .check = audit_sets},
        {.name = "all-leave",
         .what = "one there: the other leaves, 1 that waits for all",
         .threads = {{"X", '-', leaver}, {"A", '-', taker}},
         .set_up = one_there,
         .check = audit_sets},
        {.name = "all-leave-1w",
         .what = "none there: one leaves, 1 writer of the other, 1 that waits for all, 2 preemptions",
         .threads = {{"X", '-', leaver}, {"W", '-', writer}, {"A", '-', taker}},
         .set_up = none_there,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "all-any",
         .what =
             "one there: 1 writer of the other, 1 that waits for all, 1 for any, both with deadlines, 2 preemptions",
         .threads = {{"W", '-', second_writer}, {"A", '-', bounded_taker}, {"B", '-', any_waiter}},
         .set_up = one_there,
         .check = audit_sets,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> holders() {
    return {
        {.name = "all-look",
         .what = "both there: 1 that tries for all, 1 that looks at both",
         .threads = {{"A", '-', trier}, {"L", '-', looker}},
         .set_up = both_there,
         .check = audit_sets},
        {.name = "all-poll",
         .what = "both there: 1 that tries for all, 1 that polls both",
         .threads = {{"A", '-', trier}, {"L", '-', polling_looker}},
         .set_up = both_there,
         .check = audit_sets},
        {.name = "all-join",
         .what = "both there: 1 that tries for all, 1 that looks at one and joins the other's queue",
         .threads = {{"A", '-', trier}, {"L", '-', joining_looker}},
         .set_up = both_there,
         .check = audit_sets},
        {.name = "all-reader",
         .what = "both there: 1 that tries for all, 1 reader of both",
         .threads = {{"A", '-', trier}, {"R", '-', reader_of_both}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = {.weak_failures = 1}},
        {.name = "all-sleeping-reader",
         .what = "both there: 1 that tries for all, 1 reader that sleeps, 1 writer, 2 preemptions",
         .threads = {{"A", '-', trier}, {"R", '-', sleeping_reader}, {"W", '-', writer}},
         .set_up = both_there,
         .check = audit_sets,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> holders_and_writers() {
    return {
        {.name = "all-writer",
         .what = "both there: 1 that tries for all, 1 writer of the first, then the second",
         .threads = {{"A", '-', trier}, {"W", '-', writer_of_both}},
         .set_up = both_there,
         .check = no_moment_between},
        {.name = "all-writer-entry",
         .what = "told by entries, both there: 1 that tries for all, 1 writer of both, 1 of nothing, 2 preemptions",
         .threads = {{"A", '-', other_trier}, {"W", '-', writer_of_both}, {"V", '-', zero_writer}},
         .set_up = told_by_entries,
         .check = no_moment_between,
         .allowed = two_preemptions},
        {.name = "all-slow-entry",
         .what = "the same, but the writer of both adds by comparing, 2 preemptions",
         .threads = {{"A", '-', other_trier}, {"W", '-', slow_writer_of_both}, {"V", '-', zero_writer}},
         .set_up = told_by_entries,
         .check = no_moment_between,
         .allowed = two_preemptions},
        {.name = "all-slow-writer",
         .what = "both there: 1 that tries for all, 1 that writes the first, then the second, by comparing",
         .threads = {{"A", '-', trier}, {"W", '-', slow_writer_of_both}},
         .set_up = both_there,
         .check = no_moment_between},
        {.name = "all-semaphore",
         .what = "semaphores, 2 and 1: 1 that tries for all, 1 writer of both, 1 reader, 2 preemptions",
         .threads = {{"A", '-', trier}, {"W", '-', writer_of_both}, {"R", '-', reader}},
         .set_up = semaphores,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "all-2-readers",
         .what = "both there: 1 that tries for all, readers of each, 2 preemptions",
         .threads = {{"A", '-', trier}, {"R1", '-', reader}, {"R2", '-', second_reader}},
         .set_up = both_there,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "all-any-try",
         .what = "both there: 1 that tries for all, 1 that tries for any",
         .threads = {{"A", '-', trier}, {"T", '-', any_trier}},
         .set_up = both_there,
         .check = audit_sets},
    };
}

std::vector<scenario> huge_and_crossing() {
    return {
        {.name = "all-sealed",
         .what = "one sealed: 1 that tries for all, 1 reader of both",
         .threads = {{"A", '-', trier}, {"R", '-', reader_of_both}},
         .set_up = first_sealed,
         .check = all_or_none},
        {.name = "all-sealed-look",
         .what = "one sealed: 1 that tries for all, 1 that polls both",
         .threads = {{"A", '-', trier}, {"L", '-', polling_looker}},
         .set_up = first_sealed,
         .check = audit_sets},
        {.name = "all-seal",
         .what = "one nearly sealed: 1 that tries for all, 1 writer that seals it",
         .threads = {{"A", '-', trier}, {"W", '-', writer}},
         .set_up = nearly_sealed,
         .check = audit_sets},
        {.name = "all-seal-huge",
         .what = "both there: 1 that tries for all, 1 huge write that seals one",
         .threads = {{"A", '-', trier}, {"W", '-', huge_writer}},
         .set_up = both_there,
         .check = audit_sets},
        {.name = "all-two",
         .what = "both there: 2 that try for all, in 2 sets, in opposite order",
         .threads = {{"A", '-', trier}, {"B", '-', other_trier}},
         .set_up = crossing_both_there,
         .check = one_of_them},
        {.name = "all-philosophers",
         .what = "both there: 2 that wait for all in opposite order and give back, 2 preemptions",
         .threads = {{"A", '-', philosopher<0>}, {"B", '-', philosopher<1>}},
         .set_up = crossing_both_there,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "all-philosophers-1w",
         .what = "one there: 2 that wait for all in opposite order and give back, 1 writer, 1 preemption",
         .threads = {{"A", '-', philosopher<0>}, {"B", '-', philosopher<1>}, {"W", '-', second_writer}},
         .set_up = crossing_one_there,
         .check = audit_sets,
         .allowed = {.preemptions = 1},
         .full = true},
    };
}

} // namespace

std::vector<scenario> set_all_scenarios() {
    std::vector<scenario> all = sleepers();
    for (const auto& some : {holders(), holders_and_writers(), huge_and_crossing()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
