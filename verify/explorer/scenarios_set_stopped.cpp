// SPDX-License-Identifier: MIT
// Configurations of wait_set with threads that are stopped for ever at any step: a write that has returned is known.
#include "explorer/set_parts.hpp"

namespace explore {
namespace {

// On two levels: both bits are in one word, which is not the first.
void side_by_side(std::uint64_t first, bool watched) {
    make_set_world(1, {first, 0});
    skip_places(0, second_word);
    join_set(0, 0);
    join_set(0, 1);
    if (watched) watch_set(0);
    name_sets({second_word, second_word + 1});
}
void neighbours() { side_by_side(0, false); }
void neighbours_first_ready() { side_by_side(1, false); }
void neighbours_watched() { side_by_side(0, true); }
void neighbours_first_ready_watched() { side_by_side(1, true); }
// On one level, which is the top.
void none_ready() { make_hall({.counts = {0, 0}, .joined = {{0, 0}, {0, 1}}}); }
void first_writer() { give(0); }
void any_waiter() { (void)any(0); }
// The second write has returned, and its unit is there: whichever thread was stopped at whichever step, it is known.
std::string second_is_known() {
    if (hall().objects[1]->count() == 0) return {};
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return "a waiter sleeps beside a finished write";
    set_core& set = *hall().sets[0];
    if (set.surely_nothing()) return "a finished write has no bit at the top";
    const bool silent = set_layout::bell(set).count() == 0;
    return set_layout::is_watched(set) && silent ? "a finished write, and the set's bell says no" : "";
}

} // namespace

// Threads that may be stopped for ever at any step.
std::vector<scenario> set_stopped_scenarios() {
    constexpr budgets one_stopped{.crashes = 1, .preemptions = 3};
    return {
        scenario("set-own", "2 levels: 1 that writes and takes one, 1 that writes the other and tries, 3 preemptions",
                 neighbours, audit_sets, {{"W", write_and_take}, {"T", own_writer}}, three_preemptions),
        scenario("set-own-stopped", "2 levels: 1 that writes and takes and may stop, 1 that writes the other and tries",
                 neighbours, second_is_known, {{"W", write_and_take, may_crash}, {"T", own_writer}}, one_stopped),
        scenario("set-own-reader-stopped",
                 "2 levels, one ready: its reader may stop, 1 that writes the other and tries", neighbours_first_ready,
                 second_is_known, {{"R", reader, may_crash}, {"T", own_writer}}, one_stopped),
        scenario("set-watched-stopped",
                 "watched, 2 levels: 1 that writes and takes and may stop, 1 writer of the other", neighbours_watched,
                 second_is_known, {{"W1", write_and_take, may_crash}, {"W2", second_writer}}, one_stopped),
        scenario("set-watched-reader-stopped",
                 "watched, 2 levels, one ready: its reader may stop, 1 writer of the other",
                 neighbours_first_ready_watched, second_is_known, {{"R", reader, may_crash}, {"W2", second_writer}},
                 one_stopped),
        scenario("set-sleeper-stopped",
                 "1 that waits for any, 1 writer of one that may stop, 1 writer of the other, 3 preemptions",
                 none_ready, second_is_known, {{"M", first_writer, may_crash}, {"S", any_waiter}, {"W", second_writer}},
                 one_stopped),
    };
}

} // namespace explore
