// SPDX-License-Identifier: MIT
// Configurations of wait_set: SET_SLEEP, SET_MARK, SET_BITS, BATON; the members stand there from the beginning.
#include "explorer/scenarios.hpp"
#include "explorer/set_world.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::flag_semaphore;
using efd::core::wait_terms;

constexpr unsigned second_word = 32; // the place whose bit is in the second word of the lowest level

void one_member(std::uint64_t count, bool watched) {
    make_set_world(1, {count});
    join_set(0, 0);
    if (watched) watch_set(0);
    name_sets({0});
}
void two_members(std::uint64_t first, std::uint64_t second, unsigned flags, bool watched) {
    make_set_world(1, {first, second}, flags);
    join_set(0, 0);
    join_set(0, 1);
    if (watched) watch_set(0);
    name_sets({0, 1});
}
// On two levels: the second one's bit is in another word.
void far_apart(std::uint64_t first, std::uint64_t second, bool watched) {
    make_set_world(1, {first, second});
    join_set(0, 0);
    skip_places(0, second_word);
    join_set(0, 1);
    if (watched) watch_set(0);
    name_sets({0, second_word});
}
void single() { one_member(0, false); }
void single_watched() { one_member(0, true); }
void single_watched_ready() { one_member(1, true); }
void both() { two_members(0, 0, 0, false); }
void both_watched() { two_members(0, 0, 0, true); }
void both_ready() { two_members(1, 1, 0, false); }
void both_semaphores() { two_members(0, 0, flag_semaphore, false); }
void far() { far_apart(0, 0, false); }
void far_watched() { far_apart(0, 0, true); }
void far_second_ready_watched() { far_apart(0, 1, true); }
void far_first_ready_watched() { far_apart(1, 0, true); }
void nested() {
    make_set_world(2, {0});
    join_set(0, 0);
    int place = -1;
    (void)hall().sets[1]->add(*hall().sets[0], 0, place);
    name_sets({0});
}
void in_two_sets() {
    make_set_world(2, {0});
    join_set(0, 0);
    join_set(1, 0);
    name_sets({0});
}

void writer() { give(0); }
void leaver() { leave_set(1, 0); }
void first_set_waiter() { must(any(0) == status::ok, "a wait without end came back without a unit"); }
void second_writer() { give(1); }
void writer_of_two() { give(0, 2); }
void far_then_near_writer() {
    give(1);
    give(0);
    (void)take(1);
}
void writer_of_both() {
    give(0);
    give(1);
}
void twice_writer() {
    give(0);
    give(0);
}
void reader() { (void)take(0); }
void second_reader() { (void)take(1); }
void waiter() { must(any(0) == status::ok, "a wait without end came back without a unit"); }
void twice_waiter() {
    waiter();
    waiter();
}
void second_set_waiter() { must(any(1) == status::ok, "a wait without end came back without a unit"); }
void bounded_waiter() {
    const status end = any(0, bounded);
    must(end == status::ok || end == status::timed_out, "a bounded wait ended otherwise");
}
void cancelled_waiter() {
    const auto token = w().stop.get_token();
    const status end = any(0, {.stop = &token, .sleep = efd::core::patience::always});
    must(end == status::ok || end == status::cancelled, "a cancelled wait ended otherwise");
}
void stopper() { (void)w().stop.request_stop(); }
void trier() { (void)try_any(0); }
void twice_trier() {
    (void)try_any(0);
    (void)try_any(0);
}
void looker() { must(look(0) == status::ok, "a look without end showed nothing"); }
void bounded_looker() { (void)look(0, bounded); }

constexpr budgets one_preemption{.preemptions = 1};
constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};

std::vector<scenario> sleeping() {
    return {
        {.name = "set-1w1a",
         .what = "1 member: 1 writer, 1 waiter",
         .threads = {{"W", 'w', writer}, {"A", 'a', waiter}},
         .set_up = single,
         .check = audit_sets,
         .allowed = {.weak_failures = 1}},
        {.name = "set-1w1t",
         .what = "1 member: 1 writer, 1 waiter with a deadline",
         .threads = {{"W", 'w', writer}, {"A", 'a', bounded_waiter}},
         .set_up = single,
         .check = audit_sets},
        {.name = "set-spurious",
         .what = "1 member: 1 writer, 1 waiter, woken by nobody or interrupted",
         .threads = {{"W", 'w', writer}, {"A", 'a', bounded_waiter}},
         .set_up = single,
         .check = audit_sets,
         .allowed = {.spurious_wakes = 1}},
        {.name = "set-stop",
         .what = "1 member: 1 writer, 1 waiter that is cancelled, 3 preemptions",
         .threads = {{"W", 'w', writer}, {"A", '-', cancelled_waiter}, {"S", '-', stopper}},
         .set_up = single,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-cancel",
         .what = "1 member: 1 waiter that is cancelled",
         .threads = {{"A", '-', cancelled_waiter}, {"S", '-', stopper}},
         .set_up = single,
         .check = audit_sets},
        {.name = "set-direct",
         .what = "1 member: 1 writer, 1 waiter with a deadline, 1 direct reader, 2 preemptions",
         .threads = {{"W", 'w', writer}, {"A", '-', bounded_waiter}, {"R", '-', reader}},
         .set_up = single,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "set-ww1r1a",
         .what = "1 member: 1 writer twice, 1 direct reader, 1 waiter with a deadline, 2 preemptions",
         .threads = {{"W", '-', twice_writer}, {"R", '-', reader}, {"A", '-', bounded_waiter}},
         .set_up = single,
         .check = audit_sets,
         .allowed = two_preemptions,
         .full = true},
    };
}

std::vector<scenario> two_of_them() {
    return {
        {.name = "set-2m-1w1a",
         .what = "2 members: 1 writer of both, 1 waiter twice",
         .threads = {{"W", '-', writer_of_both}, {"A", '-', twice_waiter}},
         .set_up = both,
         .check = audit_sets},
        {.name = "set-2m-2w1a",
         .what = "2 members: 2 writers, 1 waiter twice, 2 preemptions",
         .threads = {{"W1", '-', writer}, {"W2", '-', second_writer}, {"A", '-', twice_waiter}},
         .set_up = both,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "set-baton",
         .what = "2 members: 1 writer of both, 2 waiters, 1 preemption",
         .threads = {{"W", '-', writer_of_both}, {"A1", 'a', waiter}, {"A2", 'a', waiter}},
         .set_up = both,
         .check = audit_sets,
         .allowed = one_preemption},
        {.name = "set-baton-large",
         .what = "2 members: 1 writer of both, 2 waiters, 2 preemptions",
         .threads = {{"W", '-', writer_of_both}, {"A1", 'a', waiter}, {"A2", 'a', waiter}},
         .set_up = both,
         .check = audit_sets,
         .allowed = two_preemptions,
         .full = true},
        {.name = "set-baton-2w",
         .what = "2 members: 2 writers, 2 waiters, 1 preemption",
         .threads = {{"W1", '-', writer}, {"W2", '-', second_writer}, {"A1", 'a', waiter}, {"A2", 'a', waiter}},
         .set_up = both,
         .check = audit_sets,
         .allowed = one_preemption,
         .full = true},
        {.name = "set-baton-sem",
         .what = "a semaphore: 1 write of 2, 2 waiters, 3 preemptions",
         .threads = {{"W", '-', writer_of_two}, {"A1", 'a', waiter}, {"A2", 'a', waiter}},
         .set_up = both_semaphores,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-baton-leaver",
         .what = "2 members: 1 writer of both, 2 waiters, one with a deadline, 1 preemption",
         .threads = {{"W", '-', writer_of_both}, {"A1", '-', waiter}, {"A2", '-', bounded_waiter}},
         .set_up = both,
         .check = audit_sets,
         .allowed = one_preemption},
    };
}

std::vector<scenario> looks() {
    return {
        {.name = "set-look",
         .what = "1 member: 1 writer, 2 that look, 2 preemptions",
         .threads = {{"W", '-', writer}, {"L1", 'l', looker}, {"L2", 'l', looker}},
         .set_up = single,
         .check = audit_sets,
         .allowed = two_preemptions},
        {.name = "set-look-and-take",
         .what = "1 member: 1 writer, 1 that looks with a deadline, 1 waiter, 2 preemptions",
         .threads = {{"W", '-', writer}, {"L", '-', bounded_looker}, {"A", '-', waiter}},
         .set_up = single,
         .check = audit_sets,
         .allowed = two_preemptions,
         .full = true},
    };
}

std::vector<scenario> at_rest() {
    return {
        {.name = "set-rest-1w1r",
         .what = "watched, 1 member: 1 writer, 1 direct reader",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = single_watched,
         .check = audit_sets},
        {.name = "set-rest-ready",
         .what = "watched, 1 member that is ready: 1 writer, 1 direct reader",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = single_watched_ready,
         .check = audit_sets},
        {.name = "set-rest-2w1r",
         .what = "watched, 1 member: 2 writers, 1 direct reader, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = single_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-rest-1w2r",
         .what = "watched, 1 member that is ready: 1 writer, 2 direct readers, 3 preemptions",
         .threads = {{"W", '-', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = single_watched_ready,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-rest-2m",
         .what = "watched, 2 members: 1 writer of both, 2 direct readers, 3 preemptions",
         .threads = {{"W", '-', writer_of_both}, {"R1", '-', reader}, {"R2", '-', second_reader}},
         .set_up = both_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-rest-try",
         .what = "watched, 1 member: 1 writer twice, 1 that tries twice",
         .threads = {{"W", '-', twice_writer}, {"T", '-', twice_trier}},
         .set_up = single_watched,
         .check = audit_sets},
        {.name = "set-rest-try-2",
         .what = "2 ready members: 2 that try",
         .threads = {{"T1", 't', trier}, {"T2", 't', trier}},
         .set_up = both_ready,
         .check = audit_sets},
    };
}

std::vector<scenario> two_levels() {
    return {
        {.name = "set-33-1w1a",
         .what = "2 levels: 1 writer of both members, 1 waiter twice, 3 preemptions",
         .threads = {{"W", '-', writer_of_both}, {"A", '-', twice_waiter}},
         .set_up = far,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-33-climb",
         .what = "2 levels: 1 that writes far and near and takes the far one, 1 waiter",
         .threads = {{"W", '-', far_then_near_writer}, {"A", '-', bounded_waiter}},
         .set_up = far,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-33-rest",
         .what = "watched, 2 levels: 1 writer, 1 direct reader",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = far_watched,
         .check = audit_sets},
        {.name = "set-33-rest-1w2r",
         .what = "watched, 2 levels, one ready: 1 writer and 2 direct readers of it, 3 preemptions",
         .threads = {{"W", '-', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = far_first_ready_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-33-rest-other",
         .what = "watched, 2 levels, the far one ready: its reader, writer and reader of the near one, 3 preemptions",
         .threads = {{"W", '-', writer}, {"R1", '-', reader}, {"R2", '-', second_reader}},
         .set_up = far_second_ready_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-33-try",
         .what = "watched, 2 levels: 1 writer, 1 direct reader, 1 that tries, 3 preemptions",
         .threads = {{"W", '-', writer}, {"R", '-', reader}, {"T", '-', trier}},
         .set_up = far_watched,
         .check = audit_sets,
         .allowed = three_preemptions},
    };
}

std::vector<scenario> sets_of_sets() {
    return {
        {.name = "set-nested",
         .what = "a set in a set: 1 writer, 1 waiter on the outer one, 3 preemptions",
         .threads = {{"W", '-', writer}, {"A", '-', second_set_waiter}},
         .set_up = nested,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-nested-both",
         .what = "a set in a set: 1 writer, 1 waiter on the outer, 1 that tries the inner, 2 preemptions",
         .threads = {{"W", '-', twice_writer}, {"A", '-', second_set_waiter}, {"T", '-', trier}},
         .set_up = nested,
         .check = audit_sets,
         .allowed = two_preemptions,
         .full = true},
        {.name = "set-entry",
         .what = "1 member of 2 sets: 1 writer, 1 waiter on the second, 3 preemptions",
         .threads = {{"W", '-', writer}, {"A", '-', second_set_waiter}},
         .set_up = in_two_sets,
         .check = audit_sets,
         .allowed = three_preemptions},
        {.name = "set-entry-leave",
         .what = "1 member of 2 sets that leaves the second: 1 writer, 1 waiter on the first, 2 preemptions",
         .threads = {{"X", '-', leaver}, {"W", '-', writer}, {"A", '-', first_set_waiter}},
         .set_up = in_two_sets,
         .check = audit_sets,
         .allowed = two_preemptions},
    };
}

} // namespace

std::vector<scenario> set_scenarios() {
    std::vector<scenario> all = sleeping();
    for (const auto& some : {two_of_them(), looks(), at_rest(), two_levels(), sets_of_sets()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
