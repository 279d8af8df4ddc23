// SPDX-License-Identifier: MIT
// Configurations of taking from all members at once by a thread that is stopped for ever at any of its steps (E7): the
// calls of all others end, nobody sees a part of the take, and what is missing afterwards is all of it or nothing.
#include "explorer/all_parts.hpp"
#include "explorer/scenarios.hpp"

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
    make_hall({.counts = {1, 1, packed_limit}, .joined = {{0, 0}, {0, 1}, {1, 2}}, .sets = 2});
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
// The first thread is the one that may stop. A thread sleeps only for want of units.
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
    if (efd::core::reservation_layout::any_tied()) return {}; // the one step that others wait for: RESERVE, tied
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

constexpr thread_plan taker{"A", trier, may_crash};

std::vector<scenario> those_who_meet_it() {
    return {
        scenario("all-stopped-look", "both there: 1 that tries for all and may stop, 1 that looks at both", both_there,
                 all_or_none, {taker, {"L", looker}}, one_stopped),
        scenario("all-stopped-poll", "both there: 1 that tries for all and may stop, 1 that polls both", both_there,
                 all_or_none, {taker, {"L", polling_looker}}, one_stopped),
        scenario("all-stopped-join",
                 "both there: 1 that tries for all and may stop, 1 that looks at one and joins the other's queue",
                 both_there, all_or_none, {taker, {"L", joining_looker}}, one_stopped),
        scenario("all-stopped-reader", "both there: 1 that tries for all and may stop, 1 reader of both", both_there,
                 all_or_none, {taker, {"R", reader_of_both}}, one_stopped),
        scenario("all-stopped-writer",
                 "both there: 1 that tries for all and may stop, 1 writer of the first, then the second", both_there,
                 all_or_none, {taker, {"W", writer_of_both}}, one_stopped),
        scenario("all-stopped-slow-writer", "the same, but the writer adds by comparing", both_there, all_or_none,
                 {taker, {"W", slow_writer_of_both}}, one_stopped),
    };
}

std::vector<scenario> those_who_come_late() {
    constexpr thread_plan taker_of_two{"A", trier_of_two_sets, may_crash};
    return {
        scenario("all-stopped-reused-look",
                 "1 that tries for all of two sets and may stop in the second, 1 that looks at the first's, "
                 "2 preemptions",
                 two_and_one_sealed, nobody_waits, {taker_of_two, {"L", looker}}, one_stopped_2),
        scenario("all-stopped-reused-reader", "the same beside 1 that reads the first's, 2 preemptions",
                 two_and_one_sealed, nobody_waits, {taker_of_two, {"R", reader_of_both}}, one_stopped_2),
        scenario("all-stopped-reused-taker", "the same beside 1 that tries for all of the first's, 2 preemptions",
                 two_and_one_sealed, nobody_waits, {taker_of_two, {"B", trier}}, one_stopped_2),
    };
}

std::vector<scenario> those_who_seal_sleep_or_take() {
    return {
        scenario("all-stopped-seal", "both there: 1 that tries for all and may stop, 1 huge write that seals one",
                 both_there, all_or_none, {taker, {"W", huge_writer}}, one_stopped),
        scenario("all-stopped-nearly-sealed",
                 "one nearly sealed: 1 that tries for all and may stop, 1 writer that seals it", nearly_sealed,
                 all_or_none, {taker, {"W", writer}}, one_stopped),
        scenario("all-stopped-semaphore",
                 "semaphores, 2 and 1: 1 that tries for all and may stop, 1 writer of both, 1 reader, 2 preemptions",
                 semaphores, all_or_none_of_semaphores, {taker, {"W", writer_of_both}, {"R", reader}}, one_stopped_2),
        scenario("all-stopped-sleeper",
                 "both there: 1 that tries for all and may stop, 1 reader that sleeps, 1 writer, 2 preemptions",
                 both_there, all_or_none, {taker, {"R", sleeping_reader}, {"W", writer}}, one_stopped_2),
        scenario("all-stopped-any", "both there: 1 that tries for all and may stop, 1 that tries for any", both_there,
                 others_end, {taker, {"T", any_trier}}, one_stopped),
        scenario("all-stopped-two",
                 "both there: 2 that try for all in opposite order, 1 of them may stop, 2 preemptions",
                 crossing_both_there, one_had_them, {taker, {"B", other_trier}}, one_stopped_2),
        scenario("all-stopped-add", "one there: 1 that tries for all and may stop, 1 that joins the set", one_joins,
                 others_end, {taker, {"X", joiner}}, one_stopped),
    };
}

} // namespace

std::vector<scenario> set_all_stopped_scenarios() {
    return joined({those_who_meet_it(), those_who_seal_sleep_or_take(), those_who_come_late()});
}

} // namespace explore
