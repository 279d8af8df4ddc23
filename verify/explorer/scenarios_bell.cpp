// SPDX-License-Identifier: MIT
// Configurations of the bell of an arena's set: SHARED_BELL.
//
// The loop that watches the descriptor is no thread here: at the end, and wherever threads were stopped, the descriptor
// must be readable if a member is ready whose write has returned.
#include "explorer/set_parts.hpp"

namespace explore {
namespace {

void one_member(bool by_owner) {
    make_arena_world(1, false);
    join_set(0, 0);
    give_bell_to_set(by_owner);
    name_sets({0});
}
void single() { one_member(false); }
void single_by_owner() { one_member(true); }
void both() {
    make_arena_world(2, false);
    join_set(0, 0);
    join_set(0, 1);
    give_bell_to_set(false);
    name_sets({0, 1});
}

void noting_writer() {
    give(1);
    hall().notes[0] = 1;
}
void one_taker() { (void)try_any(0); }
// As a loop does that was woken.
void taker() {
    while (try_any(0) == status::ok) {
    }
}

std::string told() {
    if (std::string wrong = audit_sets(); !wrong.empty()) return wrong;
    return set_layout::ready(*hall().sets[0], false) && !is_loud() ? "a member is ready, and the descriptor is silent"
                                                                   : "";
}
// The first writer may have been killed; the second has returned.
std::string second_is_told() {
    if (hall().notes[0] == 0 || hall().objects[1]->count() == 0) return {};
    return is_loud() ? "" : "a write beside a killed ringer has returned, and the descriptor is silent";
}

} // namespace

std::vector<scenario> bell_scenarios() {
    constexpr budgets one_gone{.crashes = 1, .preemptions = 3};
    return {
        scenario("bell-1w1t", "1 member: 1 writer, 1 that takes all, 3 preemptions", single, told,
                 {{"W", writer}, {"T", taker}}, three_preemptions),
        scenario("bell-twice", "1 member: 1 writer twice, 1 that takes all, 3 preemptions", single, told,
                 {{"W", twice_writer}, {"T", taker}}, three_preemptions),
        scenario("bell-2m", "2 members: 1 writer of both, 1 that takes one, 3 preemptions", both, told,
                 {{"W", writer_of_both}, {"T", one_taker}}, three_preemptions),
        scenario("bell-2w1t", "2 members: 1 writer of each, 1 that takes all, 2 preemptions", both, told,
                 {{"W1", writer}, {"W2", noting_writer}, {"T", taker}}, two_preemptions),
        scenario("bell-two-takers", "1 member: 1 writer twice, 2 that take all, 1 preemption", single, told,
                 {{"W", twice_writer}, {"T1", taker}, {"T2", taker}}, one_preemption),
        scenario("bell-read", "1 member: 1 writer twice, 1 direct reader, 1 that takes all, 2 preemptions", single,
                 told, {{"W", twice_writer}, {"R", reader}, {"T", taker}}, two_preemptions),
        scenario("bell-own", "1 member: 1 writer of the owner's twice, 1 that takes all, 3 preemptions",
                 single_by_owner, told, {{"W", twice_writer}, {"T", taker}}, three_preemptions),
        scenario("bell-killed", "2 members: 1 writer that may be killed, 1 of the other, 1 that takes one", both,
                 second_is_told, {{"K", writer, may_crash}, {"W", noting_writer}, {"T", one_taker}}, one_gone),
    };
}

} // namespace explore
