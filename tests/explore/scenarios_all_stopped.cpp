// SPDX-License-Identifier: MIT
// Configurations of taking from all members at once by a thread that is stopped for ever at any of its steps (E7): the
// calls of all others end, nobody sees a part of the take, and what is missing afterwards is all of it or nothing.
#include "explore/all_parts.hpp"
#include "explore/scenarios.hpp"

#include <array>

namespace explore {
namespace {

void trier() { (void)try_all(0); }
void other_trier() { hall().notes[0] = try_all(1) == status::ok ? 1 : 0; }
void slow_writer_of_both() {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        must(hall().objects[i]->try_write(1) == status::ok, "there was room");
        ++hall().given[i];
    }
}
void joiner() { enter_set(0, 1); }
// A and B in one set; in another C, whose count is sealed.
void two_and_one_sealed() {
    make_set_world(2, {1, 1, packed_limit});
    join_set(0, 0);
    join_set(0, 1);
    join_set(1, 2);
    name_sets({0, 1});
}
// The second take has the slot of the first, and is tied.
void trier_of_two_sets() {
    trier();
    (void)try_all(1);
}

void reader_of_both() {
    const bool first = take(0);
    const bool second = take(1);
    must(first || !second, seen_half);
}

// What the stopped thread has taken, of each object; it did not come to say so.
std::array<std::uint64_t, 2> missing() {
    std::array<std::uint64_t, 2> units{};
    for (std::size_t i = 0; i < units.size(); ++i)
        units[i] = hall().given[i] - hall().taken[i] - hall().objects[i]->count();
    return units;
}
// The first thread is the one that may stop. Whoever sleeps does so for want of units.
std::string others_went_on() {
    for (int i = 1; i < the_machine().thread_count(); ++i) {
        const life alive = the_machine().now.threads[static_cast<std::size_t>(i)].alive;
        const std::string who = "thread " + std::to_string(i);
        if (alive == life::runnable) return "no progress: " + who + " waits for a stopped thread";
        if (alive == life::asleep && hall().objects[0]->count() > 0) return who + " sleeps beside a unit";
    }
    return {};
}
std::string all_or_none() {
    if (std::string wrong = others_went_on(); !wrong.empty()) return wrong;
    if (!the_machine().somebody_crashed()) return audit_sets();
    if (efd::core::hold_layout::any_tied()) return {}; // the one step that others wait for: HOLD, tied
    const auto units = missing();
    if (units[0] > 2 * packed_limit || units[1] > 2 * packed_limit) return "units were taken twice";
    if ((units[0] == 0) != (units[1] == 0)) return "a part of a take from all has happened";
    return units[1] > units[0] ? "the second write was taken without the first" : "";
}
std::string all_or_none_of_semaphores() {
    if (std::string wrong = others_went_on(); !wrong.empty()) return wrong;
    if (!the_machine().somebody_crashed()) return audit_sets();
    const auto units = missing();
    return units[0] == units[1] && units[0] <= 1 ? "" : "a take from semaphores took other than one of each";
}
// Of two that try for all, in two sets, the one that was not stopped had them, or the other has.
std::string one_had_them() {
    if (std::string wrong = all_or_none(); !wrong.empty()) return wrong;
    const bool is_missing = the_machine().somebody_crashed() && missing()[0] > 0;
    return hall().alls + (is_missing ? 1 : 0) == 1 ? "" : "of two that try for all, not one had them";
}
std::string others_end() {
    std::string wrong = others_went_on();
    return wrong.empty() && !the_machine().somebody_crashed() ? audit_sets() : wrong;
}

// A take that nobody else has met is no reason to wait, whatever slot it has.
std::string nobody_waits() {
    for (int i = 1; i < the_machine().thread_count(); ++i) {
        const life alive = the_machine().now.threads[static_cast<std::size_t>(i)].alive;
        if (alive == life::runnable || alive == life::asleep)
            return "no progress: thread " + std::to_string(i) + " waits for a take that it has not met";
    }
    return others_end();
}

constexpr budgets one_stopped{.crashes = 1};
constexpr budgets one_stopped_2{.crashes = 1, .preemptions = 2};

constexpr thread_plan taker{"A", '-', trier, true};

std::vector<scenario> those_who_meet_it() {
    return {
        {.name = "all-stopped-look",
         .what = "both there: 1 that tries for all and may stop, 1 that looks at both",
         .threads = {taker, {"L", '-', looker}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-poll",
         .what = "both there: 1 that tries for all and may stop, 1 that polls both",
         .threads = {taker, {"L", '-', polling_looker}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-join",
         .what = "both there: 1 that tries for all and may stop, 1 that looks at one and joins the other's queue",
         .threads = {taker, {"L", '-', joining_looker}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-reader",
         .what = "both there: 1 that tries for all and may stop, 1 reader of both",
         .threads = {taker, {"R", '-', reader_of_both}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-writer",
         .what = "both there: 1 that tries for all and may stop, 1 writer of the first, then the second",
         .threads = {taker, {"W", '-', writer_of_both}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-slow-writer",
         .what = "the same, but the writer adds by comparing",
         .threads = {taker, {"W", '-', slow_writer_of_both}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
    };
}

std::vector<scenario> those_who_come_late() {
    constexpr thread_plan taker_of_two{"A", '-', trier_of_two_sets, true};
    return {
        {.name = "all-stopped-reused-look",
         .what = "1 that tries for all of two sets and may stop in the second, 1 that looks at the first's, "
                 "2 preemptions",
         .threads = {taker_of_two, {"L", '-', looker}},
         .set_up = two_and_one_sealed,
         .check = nobody_waits,
         .allowed = one_stopped_2},
        {.name = "all-stopped-reused-reader",
         .what = "the same beside 1 that reads the first's, 2 preemptions",
         .threads = {taker_of_two, {"R", '-', reader_of_both}},
         .set_up = two_and_one_sealed,
         .check = nobody_waits,
         .allowed = one_stopped_2},
        {.name = "all-stopped-reused-taker",
         .what = "the same beside 1 that tries for all of the first's, 2 preemptions",
         .threads = {taker_of_two, {"B", '-', trier}},
         .set_up = two_and_one_sealed,
         .check = nobody_waits,
         .allowed = one_stopped_2},
    };
}

std::vector<scenario> those_who_seal_sleep_or_take() {
    return {
        {.name = "all-stopped-seal",
         .what = "both there: 1 that tries for all and may stop, 1 huge write that seals one",
         .threads = {taker, {"W", '-', huge_writer}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-nearly-sealed",
         .what = "one nearly sealed: 1 that tries for all and may stop, 1 writer that seals it",
         .threads = {taker, {"W", '-', writer}},
         .set_up = nearly_sealed,
         .check = all_or_none,
         .allowed = one_stopped},
        {.name = "all-stopped-semaphore",
         .what = "semaphores, 2 and 1: 1 that tries for all and may stop, 1 writer of both, 1 reader, 2 preemptions",
         .threads = {taker, {"W", '-', writer_of_both}, {"R", '-', reader}},
         .set_up = semaphores,
         .check = all_or_none_of_semaphores,
         .allowed = one_stopped_2},
        {.name = "all-stopped-sleeper",
         .what = "both there: 1 that tries for all and may stop, 1 reader that sleeps, 1 writer, 2 preemptions",
         .threads = {taker, {"R", '-', sleeping_reader}, {"W", '-', writer}},
         .set_up = both_there,
         .check = all_or_none,
         .allowed = one_stopped_2},
        {.name = "all-stopped-any",
         .what = "both there: 1 that tries for all and may stop, 1 that tries for any",
         .threads = {taker, {"T", '-', any_trier}},
         .set_up = both_there,
         .check = others_end,
         .allowed = one_stopped},
        {.name = "all-stopped-two",
         .what = "both there: 2 that try for all in opposite order, 1 of them may stop, 2 preemptions",
         .threads = {taker, {"B", '-', other_trier}},
         .set_up = crossing_both_there,
         .check = one_had_them,
         .allowed = one_stopped_2},
        {.name = "all-stopped-add",
         .what = "one there: 1 that tries for all and may stop, 1 that joins the set",
         .threads = {taker, {"X", '-', joiner}},
         .set_up = one_joins,
         .check = others_end,
         .allowed = one_stopped},
    };
}

} // namespace

std::vector<scenario> set_all_stopped_scenarios() {
    std::vector<scenario> all = those_who_meet_it();
    for (const auto& some : {those_who_seal_sleep_or_take(), those_who_come_late()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
