// SPDX-License-Identifier: MIT
// Configurations of wait_set: SET_SLEEP, SET_MARK, SET_BITS, BATON; the members stand there from the beginning.
#include "explorer/set_parts.hpp"

namespace explore {
namespace {

void one_member(std::uint64_t count, bool watched) {
    make_hall({.counts = {count}, .joined = {{0, 0}}, .watched = watched});
}
void two_members(std::uint64_t first, std::uint64_t second, unsigned flags, bool watched) {
    make_hall({.counts = {first, second}, .joined = {{0, 0}, {0, 1}}, .flags = flags, .watched = watched});
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
void in_two_sets() { make_hall({.counts = {0}, .joined = {{0, 0}, {1, 0}}, .sets = 2}); }

void leaver() { leave_set(1, 0); }
void first_set_waiter() { must(any(0) == status::ok, "a wait without end came back without a unit"); }
void writer_of_two() { give(0, 2); }
void far_then_near_writer() {
    give(1);
    give(0);
    (void)take(1);
}
void second_reader() { (void)take(1); }
void second_set_waiter() { must(any(1) == status::ok, "a wait without end came back without a unit"); }
void bounded_waiter() {
    const status result = any(0, bounded);
    must(result == status::ok || result == status::timed_out, "a bounded wait ended otherwise");
}
void cancelled_waiter() {
    const auto token = w().stop.get_token();
    const status result = any(0, {.stop = &token, .blocking = efd::core::blocking::always});
    must(result == status::ok || result == status::cancelled, "a cancelled wait ended otherwise");
}
void stopper() { (void)w().stop.request_stop(); }
void looker() { must(look(0) == status::ok, "a look without end showed nothing"); }
void bounded_looker() { (void)look(0, bounded); }

std::vector<scenario> sleeping() {
    return {
        scenario("set-1w1a", "1 member: 1 writer, 1 waiter", single, audit_sets, {{"W", writer}, {"A", waiter}},
                 {.weak_failures = 1}),
        scenario("set-1w1t", "1 member: 1 writer, 1 waiter with a deadline", single, audit_sets,
                 {{"W", writer}, {"A", bounded_waiter}}),
        scenario("set-spurious", "1 member: 1 writer, 1 waiter, woken by nobody or interrupted", single, audit_sets,
                 {{"W", writer}, {"A", bounded_waiter}}, {.spurious_wakes = 1}),
        scenario("set-stop", "1 member: 1 writer, 1 waiter that is cancelled, 3 preemptions", single, audit_sets,
                 {{"W", writer}, {"A", cancelled_waiter}, {"S", stopper}}, three_preemptions),
        scenario("set-cancel", "1 member: 1 waiter that is cancelled", single, audit_sets,
                 {{"A", cancelled_waiter}, {"S", stopper}}),
        scenario("set-direct", "1 member: 1 writer, 1 waiter with a deadline, 1 direct reader, 2 preemptions", single,
                 audit_sets, {{"W", writer}, {"A", bounded_waiter}, {"R", reader}}, two_preemptions),
        scenario("set-ww1r1a", "1 member: 1 writer twice, 1 direct reader, 1 waiter with a deadline, 2 preemptions",
                 single, audit_sets, {{"W", twice_writer}, {"R", reader}, {"A", bounded_waiter}}, two_preemptions)
            .large(),
    };
}

std::vector<scenario> two_of_them() {
    return {
        scenario("set-2m-1w1a", "2 members: 1 writer of both, 1 waiter twice", both, audit_sets,
                 {{"W", writer_of_both}, {"A", twice_waiter}}),
        scenario("set-2m-2w1a", "2 members: 2 writers, 1 waiter twice, 2 preemptions", both, audit_sets,
                 {{"W1", writer}, {"W2", second_writer}, {"A", twice_waiter}}, two_preemptions),
        scenario("set-baton", "2 members: 1 writer of both, 2 waiters, 1 preemption", both, audit_sets,
                 {{"W", writer_of_both}, {"A1", waiter}, {"A2", waiter}}, one_preemption),
        scenario("set-baton-large", "2 members: 1 writer of both, 2 waiters, 2 preemptions", both, audit_sets,
                 {{"W", writer_of_both}, {"A1", waiter}, {"A2", waiter}}, two_preemptions)
            .large(),
        scenario("set-baton-2w", "2 members: 2 writers, 2 waiters, 1 preemption", both, audit_sets,
                 {{"W1", writer}, {"W2", second_writer}, {"A1", waiter}, {"A2", waiter}}, one_preemption)
            .large(),
        scenario("set-baton-sem", "a semaphore: 1 write of 2, 2 waiters, 3 preemptions", both_semaphores, audit_sets,
                 {{"W", writer_of_two}, {"A1", waiter}, {"A2", waiter}}, three_preemptions),
        scenario("set-baton-leaver", "2 members: 1 writer of both, 2 waiters, one with a deadline, 1 preemption", both,
                 audit_sets, {{"W", writer_of_both}, {"A1", waiter}, {"A2", bounded_waiter}}, one_preemption),
    };
}

std::vector<scenario> looks() {
    return {
        scenario("set-look", "1 member: 1 writer, 2 that look, 2 preemptions", single, audit_sets,
                 {{"W", writer}, {"L1", looker}, {"L2", looker}}, two_preemptions),
        scenario("set-look-and-take", "1 member: 1 writer, 1 that looks with a deadline, 1 waiter, 2 preemptions",
                 single, audit_sets, {{"W", writer}, {"L", bounded_looker}, {"A", waiter}}, two_preemptions)
            .large(),
    };
}

std::vector<scenario> at_rest() {
    return {
        scenario("set-rest-1w1r", "watched, 1 member: 1 writer, 1 direct reader", single_watched, audit_sets,
                 {{"W", writer}, {"R", reader}}),
        scenario("set-rest-ready", "watched, 1 member that is ready: 1 writer, 1 direct reader", single_watched_ready,
                 audit_sets, {{"W", writer}, {"R", reader}}),
        scenario("set-rest-2w1r", "watched, 1 member: 2 writers, 1 direct reader, 3 preemptions", single_watched,
                 audit_sets, {{"W1", writer}, {"W2", writer}, {"R", reader}}, three_preemptions),
        scenario("set-rest-1w2r", "watched, 1 member that is ready: 1 writer, 2 direct readers, 3 preemptions",
                 single_watched_ready, audit_sets, {{"W", writer}, {"R1", reader}, {"R2", reader}}, three_preemptions),
        scenario("set-rest-2m", "watched, 2 members: 1 writer of both, 2 direct readers, 3 preemptions", both_watched,
                 audit_sets, {{"W", writer_of_both}, {"R1", reader}, {"R2", second_reader}}, three_preemptions),
        scenario("set-rest-try", "watched, 1 member: 1 writer twice, 1 that tries twice", single_watched, audit_sets,
                 {{"W", twice_writer}, {"T", twice_trier}}),
        scenario("set-rest-try-2", "2 ready members: 2 that try", both_ready, audit_sets,
                 {{"T1", trier}, {"T2", trier}}),
    };
}

std::vector<scenario> two_levels() {
    return {
        scenario("set-33-1w1a", "2 levels: 1 writer of both members, 1 waiter twice, 3 preemptions", far, audit_sets,
                 {{"W", writer_of_both}, {"A", twice_waiter}}, three_preemptions),
        scenario("set-33-climb", "2 levels: 1 that writes far and near and takes the far one, 1 waiter", far,
                 audit_sets, {{"W", far_then_near_writer}, {"A", bounded_waiter}}, three_preemptions),
        scenario("set-33-rest", "watched, 2 levels: 1 writer, 1 direct reader", far_watched, audit_sets,
                 {{"W", writer}, {"R", reader}}),
        scenario("set-33-rest-1w2r", "watched, 2 levels, one ready: 1 writer and 2 direct readers of it, 3 preemptions",
                 far_first_ready_watched, audit_sets, {{"W", writer}, {"R1", reader}, {"R2", reader}},
                 three_preemptions),
        scenario("set-33-rest-other",
                 "watched, 2 levels, the far one ready: its reader, writer and reader of the near one, 3 preemptions",
                 far_second_ready_watched, audit_sets, {{"W", writer}, {"R1", reader}, {"R2", second_reader}},
                 three_preemptions),
        scenario("set-33-try", "watched, 2 levels: 1 writer, 1 direct reader, 1 that tries, 3 preemptions", far_watched,
                 audit_sets, {{"W", writer}, {"R", reader}, {"T", trier}}, three_preemptions),
    };
}

std::vector<scenario> sets_of_sets() {
    return {
        scenario("set-nested", "a set in a set: 1 writer, 1 waiter on the outer one, 3 preemptions", nested, audit_sets,
                 {{"W", writer}, {"A", second_set_waiter}}, three_preemptions),
        scenario("set-nested-both",
                 "a set in a set: 1 writer, 1 waiter on the outer, 1 that tries the inner, 2 preemptions", nested,
                 audit_sets, {{"W", twice_writer}, {"A", second_set_waiter}, {"T", trier}}, two_preemptions)
            .large(),
        scenario("set-entry", "1 member of 2 sets: 1 writer, 1 waiter on the second, 3 preemptions", in_two_sets,
                 audit_sets, {{"W", writer}, {"A", second_set_waiter}}, three_preemptions),
        scenario("set-entry-leave",
                 "1 member of 2 sets that leaves the second: 1 writer, 1 waiter on the first, 2 preemptions",
                 in_two_sets, audit_sets, {{"X", leaver}, {"W", writer}, {"A", first_set_waiter}}, two_preemptions),
    };
}

} // namespace

std::vector<scenario> set_scenarios() {
    return joined({sleeping(), two_of_them(), looks(), at_rest(), two_levels(), sets_of_sets()});
}

} // namespace explore
