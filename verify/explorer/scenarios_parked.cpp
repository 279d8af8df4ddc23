// SPDX-License-Identifier: MIT
// Configurations of the drop-in: PARKED, TOGETHER, NUMBERED, LONE_READER, over a kernel's eventfd.
#include "explorer/parked_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using way = way_of_read;

void empty_world() { make_parked_world(); }
void filled_world() { make_filled_world(); }
void busy_world() { make_busy_world(); }
void awaiting_world() { make_awaiting_world(); }
void nearly_world() { make_awaiting_world(true); }
void semaphore_world() { make_filled_world(true); }
void busy_semaphore_world() { make_busy_world(true); }
// As many readers as can be counted were left by a jump, or all but one.
void crowded_world() {
    make_parked_world();
    leave_room_for_readers(0);
}
void full_world() {
    make_parked_world();
    leave_room_for_readers(1);
}

template <int... Numbers>
void writes() {
    (parked_write(Numbers), ...);
}
template <int... Numbers>
void publishes() {
    (parked_publish(Numbers), ...);
}
template <int... Numbers>
void adds_unseen() {
    (unseen_write(Numbers), ...);
}
template <way Way, int... Numbers>
void reads() {
    (parked_read(Numbers, Way), ...);
}
// Has taken the unit that was there and the one that was written.
void reads_both() {
    reads<way::sleeps, 0, 1>();
    must(parked_is_published(1), "a unit came before what its writer had stored");
}
// Whoever polled comes for what he saw; alone, he finds it.
template <int... Numbers>
void loops() {
    const auto turn = [](int number) {
        await_readable();
        must(parked_read(number, way::returns), "poll said readable, and a read found nothing");
    };
    (turn(Numbers), ...);
}
template <int Number>
void steals() {
    unseen_read(Number);
}
template <bool Before>
void reads_within() {
    nested_read(0, 1, Before);
    parked_read(2, way::returns);
}
void rests_and_reads() {
    rested_read(0);
    parked_read(1, way::returns);
}
void demotes() { parked_demote(); }
void closes() { parked_close(); }

constexpr budgets one_weak_failure{.weak_failures = 1};
constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};
constexpr budgets one_stop{.stops = 1};
constexpr budgets one_stop_three_preemptions{.preemptions = 3, .stops = 1};
constexpr budgets two_stops_two_preemptions{.preemptions = 2, .stops = 2};

// One thread reads: what it took is what the kernel alone would have given it.
std::vector<scenario> counts() {
    return {
        {.name = "parked-1w1r",
         .what = "1 writer of three, 1 sleeping reader twice",
         .threads = {{"W", '-', writes<0, 1, 2>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-publish",
         .what = "1 writer of two, each after a store; 1 sleeping reader twice",
         .threads = {{"W", '-', publishes<0, 1>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked,
         .allowed = one_weak_failure},
        {.name = "parked-2w1r",
         .what = "2 writers, one of two, 1 sleeping reader, filled",
         .threads = {{"W1", '-', writes<1, 2>}, {"W2", '-', writes<3>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = filled_world,
         .check = audit_parked},
        {.name = "parked-2w1r-empty",
         .what = "2 writers, one of three, 1 reader that sleeps, 3 preemptions",
         .threads = {{"W1", '-', writes<0>}, {"W2", '-', writes<1, 2, 3>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = empty_world,
         .check = audit_parked,
         .allowed = three_preemptions},
        {.name = "parked-loop",
         .what = "1 writer of three, 1 that polls and reads, twice",
         .threads = {{"W", '-', writes<0, 1, 2>}, {"L", '-', loops<0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-loop-2w",
         .what = "2 writers, 1 that polls and reads, twice",
         .threads = {{"W1", '-', writes<0, 1>}, {"W2", '-', writes<2>}, {"L", '-', loops<0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
        {.name = "parked-unseen",
         .what = "1 writer of two, the kernel adds beside it, 1 sleeping reader twice",
         .threads = {{"W", '-', writes<0, 1>}, {"K", '-', adds_unseen<2>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = empty_world,
         .check = audit_parked},
    };
}

// Within a read, beside somebody unseen, and where it is not worth it.
std::vector<scenario> counts_with_strangers() {
    return {
        {.name = "parked-within",
         .what = "1 writer of two, 1 whose handler reads within its read, and that reads again; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads_within<false>}},
         .set_up = filled_world,
         .check = audit_parked_units},
        {.name = "parked-within-busy",
         .what = "the same, and one is parked",
         .threads = {{"W", '-', writes<2, 3>}, {"R", '-', reads_within<false>}},
         .set_up = busy_world,
         .check = audit_parked_units},
        {.name = "parked-within-before",
         .what = "the same, and the handler comes before the kernel's part",
         .threads = {{"W", '-', writes<2, 3>}, {"R", '-', reads_within<true>}},
         .set_up = busy_world,
         .check = audit_parked_units},
        {.name = "parked-rests",
         .what = "it is not worth it: 1 writer of three, 1 sleeping reader twice",
         .threads = {{"W", '-', writes<1, 2, 3>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = make_weighed_world,
         .check = audit_parked},
        {.name = "parked-rested",
         .what = "2 writers, one of two, 1 that rests, reads, promotes, and reads again",
         .threads = {{"W1", '-', writes<1, 2>}, {"W2", '-', writes<3>}, {"R", '-', rests_and_reads}},
         .set_up = empty_world,
         .check = audit_parked_units},
        {.name = "parked-rests-within",
         .what = "the same, 1 writer of two, the reader's handler reads within its read",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads_within<true>}},
         .set_up = make_weighed_world,
         .check = audit_parked_units},
        {.name = "parked-stolen",
         .what = "1 writer of two, one reads unseen, 1 reader that returns twice, filled",
         .threads = {{"W", '-', writes<1, 2>}, {"S", '-', steals<0>}, {"R", '-', reads<way::returns, 1, 2>}},
         .set_up = filled_world,
         .check = audit_parked_units},
    };
}

// A second reader demotes; the two may divide a count, and lose none.
std::vector<scenario> several() {
    return {
        {.name = "parked-1w2r",
         .what = "1 writer of two, 2 readers that return, filled; 3 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>}},
         .set_up = filled_world,
         .check = audit_parked_units,
         .allowed = three_preemptions},
        {.name = "parked-2r-busy",
         .what = "2 readers that return, one twice; one is parked",
         .threads = {{"R1", '-', reads<way::returns, 0, 2>}, {"R2", '-', reads<way::returns, 1>}},
         .set_up = busy_world,
         .check = audit_parked},
        {.name = "parked-1w2r-sleep",
         .what = "1 writer of three, 2 sleeping readers, 3 preemptions",
         .threads = {{"W", '-', writes<0, 1, 2>},
                     {"R1", '-', reads<way::sleeps, 0>},
                     {"R2", '-', reads<way::sleeps, 1>}},
         .set_up = empty_world,
         .check = audit_parked_units,
         .allowed = three_preemptions},
        {.name = "parked-2w2r",
         .what = "2 writers, 2 readers, one of them twice, filled; 2 preemptions",
         .threads = {{"W1", '-', writes<1, 2>},
                     {"W2", '-', writes<3>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::sleeps, 2>}},
         .set_up = filled_world,
         .check = audit_parked_units,
         .allowed = two_preemptions,
         .full = true},
    };
}

// Before promotion, and where no reader can be counted.
std::vector<scenario> uncounted() {
    return {
        {.name = "parked-lone-reader",
         .what = "awaits evidence: 1 writer of two, 2 that read, one twice, who may promote; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::returns, 2>}},
         .set_up = awaiting_world,
         .check = audit_parked_units,
         .allowed = two_preemptions},
        {.name = "parked-lone-within",
         .what = "awaits evidence: 1 writer of two, 1 whose handler reads within its read",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads_within<true>}},
         .set_up = nearly_world,
         .check = audit_parked_units},
        {.name = "parked-rests-2r",
         .what = "it is not worth it: 1 writer of two, 2 that read, one twice; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::returns, 2>}},
         .set_up = make_weighed_world,
         .check = audit_parked_units,
         .allowed = two_preemptions},
        {.name = "parked-crowded",
         .what = "no reader can be counted any more; 1 writer of two, 1 sleeping reader",
         .threads = {{"W", '-', writes<0, 1>}, {"R", '-', reads<way::sleeps, 0>}},
         .set_up = crowded_world,
         .check = audit_parked_units},
        {.name = "parked-crowding",
         .what = "one reader can still be counted; 1 writer of two, 2 readers",
         .threads = {{"W", '-', writes<0, 1>}, {"R1", '-', reads<way::sleeps, 0>}, {"R2", '-', reads<way::returns, 1>}},
         .set_up = full_world,
         .check = audit_parked_units},
    };
}

std::vector<scenario> semaphores() {
    return {
        {.name = "parked-semaphore-publish",
         .what = "semaphore, 1 writer after a store, 1 sleeping reader twice; filled",
         .threads = {{"W", '-', publishes<1>}, {"R", '-', reads_both}},
         .set_up = semaphore_world,
         .check = audit_parked},
        {.name = "parked-semaphore",
         .what = "semaphore, 1 writer of two, 2 readers that return, filled; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0, 1>},
                     {"R2", '-', reads<way::returns, 2>}},
         .set_up = semaphore_world,
         .check = audit_parked_units,
         .allowed = two_preemptions},
        {.name = "parked-semaphore-sleep",
         .what = "semaphore, 1 writer of two, 2 sleeping readers; filled; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::sleeps, 0, 1>},
                     {"R2", '-', reads<way::sleeps, 2>}},
         .set_up = semaphore_world,
         .check = audit_parked_units,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> changes() {
    return {
        {.name = "parked-demote",
         .what = "1 writer of two, 1 sleeping reader, one demotes; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::sleeps, 0>}, {"D", '-', demotes}},
         .set_up = filled_world,
         .check = audit_parked_units},
        {.name = "parked-demote-2",
         .what = "1 writer of two, 2 demote; one is parked",
         .threads = {{"W", '-', writes<2, 3>}, {"D1", 'D', demotes}, {"D2", 'D', demotes}},
         .set_up = busy_world,
         .check = audit_parked_units},
        {.name = "parked-demote-2r",
         .what = "1 writer of two, 2 readers that return, one demotes; filled; 2 preemptions",
         .threads = {{"W", '-', writes<1, 2>},
                     {"R1", '-', reads<way::returns, 0>},
                     {"R2", '-', reads<way::returns, 1>},
                     {"D", '-', demotes}},
         .set_up = filled_world,
         .check = audit_parked_units,
         .allowed = two_preemptions},
        {.name = "parked-demote-semaphore",
         .what = "semaphore, 1 writer, 1 reader twice, one demotes; one is parked",
         .threads = {{"W", '-', writes<2>}, {"R", '-', reads<way::returns, 0, 1>}, {"D", '-', demotes}},
         .set_up = busy_semaphore_world,
         .check = audit_parked_units},
        {.name = "parked-closed",
         .what = "one demotes, another closes the number, which a file gets; one is parked",
         .threads = {{"D", '-', demotes}, {"C", '-', closes}},
         .set_up = busy_world,
         .check = audit_parked_closing},
        {.name = "parked-closed-write",
         .what = "the same beside 1 writer; filled; 3 preemptions",
         .threads = {{"W", '-', writes<1>}, {"D", '-', demotes}, {"C", '-', closes}},
         .set_up = filled_world,
         .check = audit_parked_closing,
         .allowed = three_preemptions},
    };
}

// Any thread may stop for ever between any two of its steps: killed, frozen, or jumped out of its call.
std::vector<scenario> stops() {
    return {
        {.name = "parked-stopped",
         .what = "1 writer of two, 1 that polls and reads twice; one stops; filled",
         .threads = {{"W", '-', writes<1, 2>}, {"R", '-', reads<way::sleeps, 0, 1>}},
         .set_up = filled_world,
         .check = audit_parked_units,
         .allowed = one_stop},
        {.name = "parked-stopped-2r",
         .what = "1 writer of two, 2 readers, one sleeps; one stops; one is parked; 3 preemptions",
         .threads = {{"W", '-', writes<2, 3>}, {"R1", '-', reads<way::returns, 0>}, {"R2", '-', reads<way::sleeps, 1>}},
         .set_up = busy_world,
         .check = audit_parked_units,
         .allowed = one_stop_three_preemptions},
        {.name = "parked-stopped-demoter",
         .what = "1 writer, 1 reader that sleeps, one demotes; one stops; one is parked",
         .threads = {{"W", '-', writes<2>}, {"R", '-', reads<way::sleeps, 0>}, {"D", '-', demotes}},
         .set_up = busy_world,
         .check = audit_parked_units,
         .allowed = one_stop_three_preemptions},
        {.name = "parked-stopped-demoters",
         .what = "2 demote, 1 reads; two stop; one is parked",
         .threads = {{"R", '-', reads<way::returns, 0, 1>}, {"D1", 'D', demotes}, {"D2", 'D', demotes}},
         .set_up = busy_world,
         .check = audit_parked_units,
         .allowed = two_stops_two_preemptions},
        {.name = "parked-stopped-semaphore",
         .what = "semaphore, 1 writer, 2 readers, one sleeps; one stops; one is parked; 3 preemptions",
         .threads = {{"W", '-', writes<2>}, {"R1", '-', reads<way::returns, 0>}, {"R2", '-', reads<way::sleeps, 1, 2>}},
         .set_up = busy_semaphore_world,
         .check = audit_parked_units,
         .allowed = one_stop_three_preemptions},
    };
}

} // namespace

std::vector<scenario> parked_scenarios() {
    std::vector<scenario> all;
    for (const auto& some :
         {counts(), counts_with_strangers(), several(), uncounted(), semaphores(), changes(), stops()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
