// SPDX-License-Identifier: MIT
// Configurations of a set of an arena: SHARED_MARK, SHARED_COLLECT, SHARED_SLEEP, SHARED_JOIN, SHARED_DEATH.
#include "explorer/set_parts.hpp"

namespace explore {
namespace {

void one_member(bool looks) {
    make_arena_world(1, looks);
    join_set(0, 0);
    name_sets({0});
}
void single() { one_member(false); }
void single_looking() { one_member(true); }
void single_ready() {
    single();
    stand_also(0, 40);
    give(0);
}
void single_ready_in_four() {
    single_ready();
    stand_also(0, 41);
    stand_also(0, 42);
}
void both() {
    make_arena_world(2, false);
    join_set(0, 0);
    join_set(0, 1);
    name_sets({0, 1});
}
void both_far() {
    make_arena_world(2, false);
    join_set(0, 0);
    set_layout::skip_numbers(*hall().sets[0], second_word);
    join_set(0, 1);
    name_sets({0, 1});
}
void outside() {
    make_arena_world(1, false);
    name_sets({0});
}

void looking_waiter() {
    const auto token = w().stop.get_token();
    const status result = any(0, {.stop = &token, .blocking = efd::core::blocking::always});
    must(result == status::ok || result == status::cancelled, "a cancelled wait ended otherwise");
}
void bounded_waiter() {
    const status result = any(0, bounded);
    must(result == status::ok || result == status::timed_out, "a bounded wait ended otherwise");
}
void looker() { (void)look(0, bounded); }
void writer_and_trier() {
    give(1);
    (void)try_any(0);
}
void joiner() {
    enter_set(0, 0);
    waiter();
}
void leaver() { leave_set(0, 0); }
// As leaver_that_takes_and_writes, and it cannot come back: every cell is in use.
void leaver_that_is_refused() {
    leaver_that_takes_and_writes();
    fill_cell(0, 43);
    int place = -1;
    must(hall().sets[0]->add(*hall().objects[0], 0, place) == status::no_space, "an object stands in five sets");
}
void leaver_and_back() {
    leave_set(0, 0);
    enter_set(0, 0);
    waiter();
}

// The second write has returned, and its unit is there: whichever thread was stopped at whichever step, it is known.
std::string second_is_known() {
    if (hall().objects[1]->count() == 0) return {};
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return "a waiter sleeps beside a finished write";
    return set_layout::fault(*hall().sets[0]).find("place 1") != std::string::npos ? "a finished write has no mark"
                                                                                   : "";
}
std::string nothing_lost() { return audit_sets(); }
// Units of a killed writer are there or were taken.
std::string nobody_left() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (std::string wrong = forgotten_in_set(i); !wrong.empty()) return wrong;
    return {};
}

} // namespace

std::vector<scenario> arena_set_scenarios() {
    constexpr budgets one_stopped{.crashes = 1, .preemptions = 3};
    constexpr budgets one_gone{.crashes = 1};
    return {
        scenario("arena-set-1w1a", "1 member: 1 writer, 1 waiter", single, nothing_lost, {{"W", writer}, {"A", waiter}},
                 three_preemptions),
        scenario("arena-set-1w1t", "1 member: 1 writer, 1 waiter with a deadline, 3 preemptions", single, nothing_lost,
                 {{"W", writer}, {"A", bounded_waiter}}, three_preemptions),
        scenario("arena-set-2m", "2 members: 1 writer of both, 1 waiter twice, 3 preemptions", both, nothing_lost,
                 {{"W", writer_of_both}, {"A", twice_waiter}}, three_preemptions),
        scenario("arena-set-far", "2 words: 1 writer of both, 1 waiter twice, 3 preemptions", both_far, nothing_lost,
                 {{"W", writer_of_both}, {"A", twice_waiter}}, three_preemptions),
        scenario("arena-set-note", "2 members: 1 writer of both, 1 that tries, 1 waiter, 2 preemptions", both,
                 nothing_lost, {{"W", writer_of_both}, {"T", trier}, {"A", waiter}}, two_preemptions),
        scenario("arena-set-collect", "1 member: 1 writer twice, 1 direct reader, 1 that tries, 3 preemptions", single,
                 nothing_lost, {{"W", twice_writer}, {"R", reader}, {"T", trier}}, three_preemptions),
        scenario("arena-set-two-collect", "2 words: 1 writer of each, 1 that tries, 1 waiter with a deadline", both_far,
                 nothing_lost, {{"W1", writer}, {"W2", second_writer}, {"T", trier}, {"A", bounded_waiter}},
                 one_preemption),
        scenario("arena-set-leaves", "1 member: 1 writer, 1 waiter, 1 with a deadline, 2 preemptions", single,
                 nothing_lost, {{"W", twice_writer}, {"A", waiter}, {"B", bounded_waiter}}, one_preemption),
        scenario("arena-set-stopped", "2 words: 1 that tries and may stop, 1 that writes and tries", both_far,
                 second_is_known, {{"C", trier, may_crash}, {"T", writer_and_trier}}, one_stopped),
        scenario("arena-set-writer-stopped", "2 words: 1 that writes and takes and may stop, 1 that writes and tries",
                 both_far, second_is_known, {{"W", write_and_take, may_crash}, {"T", own_writer}}, one_stopped),
        scenario("arena-set-neighbour-stopped",
                 "1 word: 1 that writes and takes and may stop, 1 that writes the other and tries", both,
                 second_is_known, {{"W", write_and_take, may_crash}, {"T", own_writer}}, one_stopped),
        scenario("arena-set-join", "1 object: 1 writer, 1 that adds it and waits, 3 preemptions", outside, nothing_lost,
                 {{"W", writer}, {"J", joiner}}, three_preemptions),
        scenario("arena-set-leave", "1 member: 1 writer, 1 that removes and adds it and waits, 3 preemptions", single,
                 nothing_lost, {{"W", writer}, {"L", leaver_and_back}}, three_preemptions),
        scenario("arena-set-leave-beside", "1 member: 1 writer, 1 that removes it, 1 that tries, 2 preemptions", single,
                 nothing_lost, {{"W", writer}, {"L", leaver}, {"T", trier}}, two_preemptions),
        scenario("arena-set-leave-again",
                 "a ready member that leaves, and is taken from and written to then, 1 that tries", single_ready,
                 nothing_lost, {{"X", leaver_that_takes_and_writes}, {"T", trier}}),
        scenario("arena-set-leave-refused",
                 "a ready member that leaves, is written to and is refused at the same place, 1 that tries",
                 single_ready_in_four, nothing_lost, {{"X", leaver_that_is_refused}, {"T", trier}}),
        scenario("arena-set-leave-look", "1 member: 1 that removes it, 1 writer, 1 that looks, 2 preemptions", single,
                 nothing_lost, {{"X", leaver}, {"W", writer}, {"L", looker}}, two_preemptions),
        scenario("arena-set-killed", "1 member: 1 writer that may be killed, 1 waiter that looks", single_looking,
                 nobody_left, {{"W", writer, may_crash}, {"A", looking_waiter}}, one_gone),
    };
}

} // namespace explore
