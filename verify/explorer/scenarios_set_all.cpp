// SPDX-License-Identifier: MIT
// Configurations of waiting for all members at once: RESERVE, ALL_MEMBERS, ALL_SLEEP.
#include "explorer/all_parts.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

void one_there() { two(1, 0); }
void none_there() { two(0, 0); }
void first_sealed() { two(packed_limit, 1); }
void one_sealed_joins() { make_hall({.counts = {packed_limit, 0}, .joined = {{0, 0}}}); }
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
// A and B in one set, C in another.
void three_there() { make_hall({.counts = {1, 1, 1}, .joined = {{0, 0}, {0, 1}, {1, 2}}, .sets = 2}); }
void second_there() { two(0, 1); }

void taker() { must(all(0) == status::ok, "a wait for all without end came back without them"); }
void trier() {
    const status result = try_all(0);
    must(result == status::ok || result == status::would_block, "a try for all ended otherwise");
}
void other_trier() { (void)try_all(1); }
// The second take has the slot of the first.
void trier_of_two_sets() {
    trier();
    other_trier();
}
void trier_again() {
    trier();
    give(0);
    give(1);
    trier();
}
// An object that joined before the second unit was written is a member when that is taken.
void trier_of_one() {
    if (try_all(0) == status::ok && hall().last_all[1] == 0)
        must(hall().last_all[0] < 2, "a take from all has left out a member");
}
void trier_of_one_sealed() {
    if (try_all(0) == status::ok && hall().last_all[1] == 0)
        must(hall().last_all[0] < packed_limit + 1, "a take from all has left out a member");
}
void bounded_taker() {
    const status result = all(0, bounded);
    must(result == status::ok || result == status::timed_out, "a bounded wait for all ended otherwise");
}
void cancelled_taker() {
    const auto token = w().stop.get_token();
    const status result = all(0, {.stop = &token, .blocking = efd::core::blocking::always});
    must(result == status::ok || result == status::cancelled, "a cancelled wait for all ended otherwise");
}
void stopper() { (void)w().stop.request_stop(); }
// A philosopher: takes both, and gives them back.
template <std::size_t Set>
void philosopher() {
    must(all(Set) == status::ok, "a wait for all without end came back without them");
    give(0);
    give(1);
}
void second_writer() { give(1); }
void zero_writer() { give(0, 0); } // tells, and adds nothing
void slow_writer_of_both() {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
        must(hall().objects[i]->try_write(1) == status::ok, "there was room");
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) ++hall().given[i];
}
void second_reader() { (void)take(1); }
void any_waiter() { (void)any(0, bounded); }
void leaver() { leave_set(0, 1); }
void joining_writer() {
    enter_set(0, 1);
    give(0);
}

// Takes one after the other: a thread that found the first gone finds the second gone.
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

std::vector<scenario> sleepers() {
    return {
        scenario("all-1w", "one of two there: 1 writer of the other, 1 that waits for all", one_there, audit_sets,
                 {{"W", second_writer}, {"A", taker}}, {.weak_failures = 1}),
        scenario("all-1w2", "none there: 1 writer of both, 1 that waits for all", none_there, audit_sets,
                 {{"W", writer_of_both}, {"A", taker}}),
        scenario("all-2w", "none there: 2 writers, 1 that waits for all, 3 preemptions", none_there, audit_sets,
                 {{"W1", writer}, {"W2", second_writer}, {"A", taker}}, three_preemptions),
        scenario("all-timeout",
                 "one there: 1 writer of the other, 1 reader of the first, 1 with a deadline, 2 preemptions", one_there,
                 audit_sets, {{"W", second_writer}, {"R", reader}, {"A", bounded_taker}}, two_preemptions),
        scenario("all-stop", "one there: 1 writer of the other, 1 that is cancelled, 3 preemptions", one_there,
                 audit_sets, {{"W", second_writer}, {"S", stopper}, {"A", cancelled_taker}}, three_preemptions),
        scenario("all-cancel", "one there: 1 that is cancelled", one_there, audit_sets,
                 {{"S", stopper}, {"A", cancelled_taker}}),
        scenario("all-leave", "one there: the other leaves, 1 that waits for all", one_there, audit_sets,
                 {{"X", leaver}, {"A", taker}}),
        scenario("all-leave-1w", "none there: one leaves, 1 writer of the other, 1 that waits for all, 2 preemptions",
                 none_there, audit_sets, {{"X", leaver}, {"W", writer}, {"A", taker}}, two_preemptions),
        scenario(
            "all-any",
            "one there: 1 writer of the other, 1 that waits for all, 1 for any, both with deadlines, 2 preemptions",
            one_there, audit_sets, {{"W", second_writer}, {"A", bounded_taker}, {"B", any_waiter}}, two_preemptions),
    };
}

std::vector<scenario> reservations() {
    return {
        scenario("all-look", "both there: 1 that tries for all, 1 that looks at both", both_there, audit_sets,
                 {{"A", trier}, {"L", looker}}),
        scenario("all-poll", "both there: 1 that tries for all, 1 that polls both", both_there, audit_sets,
                 {{"A", trier}, {"L", polling_looker}}),
        scenario("all-join", "both there: 1 that tries for all, 1 that looks at one and joins the other's queue",
                 both_there, audit_sets, {{"A", trier}, {"L", joining_looker}}),
        scenario("all-reader", "both there: 1 that tries for all, 1 reader of both", both_there, all_or_none,
                 {{"A", trier}, {"R", reader_of_both}}, {.weak_failures = 1}),
        scenario("all-look-reused", "all there: 1 that tries for all in one set, then in another, 1 that polls two",
                 three_there, audit_sets, {{"A", trier_of_two_sets}, {"L", polling_looker}}),
        scenario("all-reader-again",
                 "both there: 1 that tries for all, gives back and tries again, 1 reader, 3 preemptions", both_there,
                 audit_sets, {{"A", trier_again}, {"R", reader}}, three_preemptions),
        scenario("all-asleep", "one there: 1 that tries for all, 1 reader that sleeps, 1 writer, 3 preemptions",
                 second_there, audit_sets, {{"A", trier}, {"R", sleeping_reader}, {"W", writer}}, three_preemptions),
        scenario("all-joined", "one there: 1 that tries for all, 1 that joins the set and writes the first", one_joins,
                 audit_sets, {{"A", trier_of_one}, {"X", joining_writer}}),
        scenario("all-sleeping-reader",
                 "both there: 1 that tries for all, 1 reader that sleeps, 1 writer, 2 preemptions", both_there,
                 audit_sets, {{"A", trier}, {"R", sleeping_reader}, {"W", writer}}, two_preemptions),
    };
}

std::vector<scenario> reservations_and_writers() {
    return {
        scenario("all-writer", "both there: 1 that tries for all, 1 writer of the first, then the second", both_there,
                 no_moment_between, {{"A", trier}, {"W", writer_of_both}}),
        scenario("all-writer-entry",
                 "told by entries, both there: 1 that tries for all, 1 writer of both, 1 of nothing, 2 preemptions",
                 told_by_entries, no_moment_between, {{"A", other_trier}, {"W", writer_of_both}, {"V", zero_writer}},
                 two_preemptions),
        scenario("all-slow-entry", "the same, but the writer of both adds by comparing, 2 preemptions", told_by_entries,
                 no_moment_between, {{"A", other_trier}, {"W", slow_writer_of_both}, {"V", zero_writer}},
                 two_preemptions),
        scenario("all-slow-writer",
                 "both there: 1 that tries for all, 1 that writes the first, then the second, by comparing", both_there,
                 no_moment_between, {{"A", trier}, {"W", slow_writer_of_both}}),
        scenario("all-semaphore",
                 "semaphores, 2 and 1: 1 that tries for all, 1 writer of both, 1 reader, 2 preemptions", semaphores,
                 audit_sets, {{"A", trier}, {"W", writer_of_both}, {"R", reader}}, two_preemptions),
        scenario("all-2-readers", "both there: 1 that tries for all, readers of each, 2 preemptions", both_there,
                 audit_sets, {{"A", trier}, {"R1", reader}, {"R2", second_reader}}, two_preemptions),
        scenario("all-any-try", "both there: 1 that tries for all, 1 that tries for any", both_there, audit_sets,
                 {{"A", trier}, {"T", any_trier}}),
    };
}

std::vector<scenario> huge_and_crossing() {
    return {
        scenario("all-sealed", "one sealed: 1 that tries for all, 1 reader of both", first_sealed, all_or_none,
                 {{"A", trier}, {"R", reader_of_both}}),
        scenario("all-join-sealed", "one sealed: 1 that tries for all, 1 that joins the set and writes the first",
                 one_sealed_joins, audit_sets, {{"A", trier_of_one_sealed}, {"X", joining_writer}}),
        scenario("all-sealed-look", "one sealed: 1 that tries for all, 1 that polls both", first_sealed, audit_sets,
                 {{"A", trier}, {"L", polling_looker}}),
        scenario("all-sealed-count", "one sealed: 1 that tries for all, 1 that looks at it, then at the other",
                 first_sealed, audit_sets, {{"A", trier}, {"L", looker}}),
        scenario("all-seal", "one nearly sealed: 1 that tries for all, 1 writer that seals it", nearly_sealed,
                 audit_sets, {{"A", trier}, {"W", writer}}),
        scenario("all-seal-huge", "both there: 1 that tries for all, 1 huge write that seals one", both_there,
                 audit_sets, {{"A", trier}, {"W", huge_writer}}),
        scenario("all-two", "both there: 2 that try for all, in 2 sets, in opposite order, 2 preemptions",
                 crossing_both_there, one_of_them, {{"A", trier}, {"B", other_trier}}, two_preemptions),
        scenario("all-philosophers", "both there: 2 that wait for all in opposite order and give back, 2 preemptions",
                 crossing_both_there, audit_sets, {{"A", philosopher<0>}, {"B", philosopher<1>}}, two_preemptions),
        scenario("all-philosophers-1w",
                 "one there: 2 that wait for all in opposite order and give back, 1 writer, no preemption",
                 crossing_one_there, audit_sets, {{"A", philosopher<0>}, {"B", philosopher<1>}, {"W", second_writer}},
                 {.preemptions = 0})
            .large(),
    };
}

} // namespace

std::vector<scenario> set_all_scenarios() {
    return joined({sleepers(), reservations(), reservations_and_writers(), huge_and_crossing()});
}

} // namespace explore
