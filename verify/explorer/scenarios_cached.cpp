// SPDX-License-Identifier: MIT
// Configurations of the drop-in: CACHED, COMBINED_READ, REUSED_FD, LONE_READER, over a kernel's eventfd.
#include "explorer/cached_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using way = way_of_read;

void empty_world() { make_cached_world(); }
void filled_world() { make_filled_world(); }
void busy_world() { make_busy_world(); }
void awaiting_world() { make_awaiting_world(); }
void nearly_world() { make_awaiting_world(true); }
void switched_world() {
    make_awaiting_world(true);
    switch_between_reads();
}
void switched_filled_world() {
    make_filled_world();
    switch_between_reads();
}
void semaphore_world() { make_filled_world(true); }
void busy_semaphore_world() { make_busy_world(true); }
// Jumps have left all readers that can be counted, or all but one.
void crowded_world() {
    make_cached_world();
    leave_room_for_readers(0);
}
void full_world() {
    make_cached_world();
    leave_room_for_readers(1);
}

template <int... Numbers>
void writes() {
    (cached_write(Numbers), ...);
}
template <int... Numbers>
void publishes() {
    (cached_publish(Numbers), ...);
}
template <int... Numbers>
void adds_unseen() {
    (unseen_write(Numbers), ...);
}
template <way Way, int... Numbers>
void reads() {
    (cached_read(Numbers, Way), ...);
}
// Has taken the unit that was there and the one that was written.
void reads_both() {
    reads<way::sleeps, 0, 1>();
    must(cached_is_published(1), "a unit came before what its writer had stored");
}
// A thread that polls and then reads; if it is alone, it finds units.
template <int... Numbers>
void loops() {
    const auto poll_and_read = [](int number) {
        await_readable();
        must(cached_read(number, way::returns), "poll said readable, and a read found nothing");
    };
    (poll_and_read(Numbers), ...);
}
template <int Number>
void steals() {
    unseen_read(Number);
}
template <bool Before>
void reads_within() {
    nested_read(0, 1, Before);
    cached_read(2, way::returns);
}
void unpromotes_and_reads() {
    unpromoted_read(0);
    cached_read(1, way::returns);
}
void earns_and_reads() {
    earning_read(0);
    cached_read(1, way::returns);
}
void demotes() { cached_demote(); }
void closes() { cached_close(); }

constexpr budgets three_preemptions_in_order{.preemptions = 3, .in_order = 1};
constexpr budgets one_stop{.stops = 1};
constexpr budgets one_stop_three_preemptions{.preemptions = 3, .stops = 1};
constexpr budgets two_stops_two_preemptions{.preemptions = 2, .stops = 2};

// One thread reads: what it took is what the kernel alone would have given it.
std::vector<scenario> counts() {
    return {
        scenario("cached-1w1r", "1 writer of three, 1 sleeping reader twice", empty_world, audit_cached,
                 {{"W", writes<0, 1, 2>}, {"R", reads<way::sleeps, 0, 1>}}),
        scenario("cached-publish", "1 writer of two, each after a store; 1 sleeping reader twice", empty_world,
                 audit_cached, {{"W", publishes<0, 1>}, {"R", reads<way::sleeps, 0, 1>}}, weak_once),
        scenario("cached-2w1r", "2 writers, one of two, 1 sleeping reader, filled", filled_world, audit_cached,
                 {{"W1", writes<1, 2>}, {"W2", writes<3>}, {"R", reads<way::sleeps, 0>}}),
        scenario("cached-2w1r-empty", "2 writers, one of three, 1 reader that sleeps, 3 preemptions", empty_world,
                 audit_cached, {{"W1", writes<0>}, {"W2", writes<1, 2, 3>}, {"R", reads<way::sleeps, 0>}},
                 three_preemptions),
        scenario("cached-loop", "1 writer of three, 1 that polls and reads, twice", empty_world, audit_cached,
                 {{"W", writes<0, 1, 2>}, {"L", loops<0, 1>}}),
        scenario("cached-loop-2w", "2 writers, 1 that polls and reads, twice", empty_world, audit_cached,
                 {{"W1", writes<0, 1>}, {"W2", writes<2>}, {"L", loops<0, 1>}}),
        scenario("cached-unseen", "1 writer of two, the kernel adds beside it, 1 sleeping reader twice", empty_world,
                 audit_cached, {{"W", writes<0, 1>}, {"K", adds_unseen<2>}, {"R", reads<way::sleeps, 0, 1>}}),
    };
}

// Reads within a read, unseen parties, and unpromotion.
std::vector<scenario> counts_with_strangers() {
    return {
        scenario("cached-within",
                 "1 writer of two, 1 whose handler reads within its read, and that reads again; filled", filled_world,
                 audit_cached_units, {{"W", writes<1, 2>}, {"R", reads_within<false>}}),
        scenario("cached-within-busy", "the same, and one is cached", busy_world, audit_cached_units,
                 {{"W", writes<2, 3>}, {"R", reads_within<false>}}),
        scenario("cached-within-before", "the same, and the handler comes before the kernel's part", busy_world,
                 audit_cached_units, {{"W", writes<2, 3>}, {"R", reads_within<true>}}),
        scenario("cached-unpromotes", "it is not worth it: 1 writer of three, 1 sleeping reader twice",
                 make_weighed_world, audit_cached, {{"W", writes<1, 2, 3>}, {"R", reads<way::sleeps, 0, 1>}}),
        scenario("cached-unpromoted", "2 writers, one of two, 1 that unpromotes, reads, promotes, and reads again",
                 empty_world, audit_cached_units,
                 {{"W1", writes<1, 2>}, {"W2", writes<3>}, {"R", unpromotes_and_reads}}),
        scenario("cached-unpromotes-within", "the same, 1 writer of two, the reader's handler reads within its read",
                 make_weighed_world, audit_cached_units, {{"W", writes<1, 2>}, {"R", reads_within<true>}}),
        scenario("cached-stolen", "1 writer of two, one reads unseen, 1 reader that returns twice, filled",
                 filled_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"S", steals<0>}, {"R", reads<way::returns, 1, 2>}}),
    };
}

// A second reader demotes; the two may divide a count, and lose none.
std::vector<scenario> several() {
    return {
        scenario("cached-1w2r", "1 writer of two, 2 readers that return, filled; 3 preemptions", filled_world,
                 audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::returns, 0>}, {"R2", reads<way::returns, 1>}},
                 three_preemptions),
        scenario("cached-2r-busy", "2 readers that return, one twice; one is cached", busy_world, audit_cached,
                 {{"R1", reads<way::returns, 0, 2>}, {"R2", reads<way::returns, 1>}}),
        scenario("cached-1w2r-sleep", "1 writer of three, 2 sleeping readers, 3 preemptions", empty_world,
                 audit_cached_units,
                 {{"W", writes<0, 1, 2>}, {"R1", reads<way::sleeps, 0>}, {"R2", reads<way::sleeps, 1>}},
                 three_preemptions),
        scenario(
            "cached-2w2r", "2 writers, 2 readers, one of them twice, filled; 2 preemptions", filled_world,
            audit_cached_units,
            {{"W1", writes<1, 2>}, {"W2", writes<3>}, {"R1", reads<way::returns, 0, 1>}, {"R2", reads<way::sleeps, 2>}},
            two_preemptions)
            .large(),
    };
}

// Before promotion, and where no reader can be counted.
std::vector<scenario> uncounted() {
    return {
        scenario("cached-lone-reader",
                 "awaits evidence: 1 writer of two, 2 that read, one twice, who may promote; 2 preemptions",
                 awaiting_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::returns, 0, 1>}, {"R2", reads<way::returns, 2>}},
                 two_preemptions),
        scenario("cached-lone-within", "awaits evidence: 1 writer of two, 1 whose handler reads within its read",
                 nearly_world, audit_cached_units, {{"W", writes<1, 2>}, {"R", reads_within<true>}}),
        scenario(
            "cached-lone-switched",
            "awaits evidence: 1 writer of two, 1 whose handlers switch between two reads, one sleeps; 3 preemptions",
            switched_world, audit_cached_units,
            {{"W", writes<1, 2>}, {"R1", reads<way::sleeps, 0>}, {"R2", reads<way::returns, 1>}},
            three_preemptions_in_order),
        scenario("cached-unpromotes-switched",
                 "1 writer of two, 1 whose handlers switch between a read that sleeps and two, and unpromote; filled; "
                 "3 preemptions",
                 switched_filled_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::sleeps, 2>}, {"R2", earns_and_reads}},
                 three_preemptions_in_order),
        scenario("cached-unpromotes-2r", "it is not worth it: 1 writer of two, 2 that read, one twice; 2 preemptions",
                 make_weighed_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::returns, 0, 1>}, {"R2", reads<way::returns, 2>}},
                 two_preemptions),
        scenario("cached-crowded", "no reader can be counted any more; 1 writer of two, 1 sleeping reader",
                 crowded_world, audit_cached_units, {{"W", writes<0, 1>}, {"R", reads<way::sleeps, 0>}}),
        scenario("cached-crowding", "one reader can still be counted; 1 writer of two, 2 readers", full_world,
                 audit_cached_units,
                 {{"W", writes<0, 1>}, {"R1", reads<way::sleeps, 0>}, {"R2", reads<way::returns, 1>}}),
    };
}

std::vector<scenario> semaphores() {
    return {
        scenario("cached-semaphore-publish", "semaphore, 1 writer after a store, 1 sleeping reader twice; filled",
                 semaphore_world, audit_cached, {{"W", publishes<1>}, {"R", reads_both}}),
        scenario("cached-semaphore", "semaphore, 1 writer of two, 2 readers that return, filled; 2 preemptions",
                 semaphore_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::returns, 0, 1>}, {"R2", reads<way::returns, 2>}},
                 two_preemptions),
        scenario("cached-semaphore-sleep", "semaphore, 1 writer of two, 2 sleeping readers; filled; 2 preemptions",
                 semaphore_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::sleeps, 0, 1>}, {"R2", reads<way::sleeps, 2>}},
                 two_preemptions),
    };
}

std::vector<scenario> changes() {
    return {
        scenario("cached-demote", "1 writer of two, 1 sleeping reader, one demotes; filled", filled_world,
                 audit_cached_units, {{"W", writes<1, 2>}, {"R", reads<way::sleeps, 0>}, {"D", demotes}}),
        scenario("cached-demote-2", "1 writer of two, 2 demote; one is cached", busy_world, audit_cached_units,
                 {{"W", writes<2, 3>}, {"D1", demotes}, {"D2", demotes}}),
        scenario("cached-demote-2r", "1 writer of two, 2 readers that return, one demotes; filled; 2 preemptions",
                 filled_world, audit_cached_units,
                 {{"W", writes<1, 2>}, {"R1", reads<way::returns, 0>}, {"R2", reads<way::returns, 1>}, {"D", demotes}},
                 two_preemptions),
        scenario("cached-demote-semaphore", "semaphore, 1 writer, 1 reader twice, one demotes; one is cached",
                 busy_semaphore_world, audit_cached_units,
                 {{"W", writes<2>}, {"R", reads<way::returns, 0, 1>}, {"D", demotes}}),
        scenario("cached-closed", "one demotes, another closes the number, which a file gets; one is cached",
                 busy_world, audit_cached_closing, {{"D", demotes}, {"C", closes}}),
        scenario("cached-closed-write", "the same beside 1 writer; filled; 3 preemptions", filled_world,
                 audit_cached_closing, {{"W", writes<1>}, {"D", demotes}, {"C", closes}}, three_preemptions),
    };
}

// Any thread may stop for ever between any two of its steps: killed, frozen, or jumped out of its call.
std::vector<scenario> stops() {
    return {
        scenario("cached-stopped", "1 writer of two, 1 that polls and reads twice; one stops; filled", filled_world,
                 audit_cached_units, {{"W", writes<1, 2>}, {"R", reads<way::sleeps, 0, 1>}}, one_stop),
        scenario("cached-stopped-2r", "1 writer of two, 2 readers, one sleeps; one stops; one is cached; 3 preemptions",
                 busy_world, audit_cached_units,
                 {{"W", writes<2, 3>}, {"R1", reads<way::returns, 0>}, {"R2", reads<way::sleeps, 1>}},
                 one_stop_three_preemptions),
        scenario("cached-stopped-demoter", "1 writer, 1 reader that sleeps, one demotes; one stops; one is cached",
                 busy_world, audit_cached_units, {{"W", writes<2>}, {"R", reads<way::sleeps, 0>}, {"D", demotes}},
                 one_stop_three_preemptions),
        scenario("cached-stopped-demoters", "2 demote, 1 reads; two stop; one is cached", busy_world,
                 audit_cached_units, {{"R", reads<way::returns, 0, 1>}, {"D1", demotes}, {"D2", demotes}},
                 two_stops_two_preemptions),
        scenario("cached-stopped-semaphore",
                 "semaphore, 1 writer, 2 readers, one sleeps; one stops; one is cached; 3 preemptions",
                 busy_semaphore_world, audit_cached_units,
                 {{"W", writes<2>}, {"R1", reads<way::returns, 0>}, {"R2", reads<way::sleeps, 1, 2>}},
                 one_stop_three_preemptions),
    };
}

} // namespace

std::vector<scenario> cached_scenarios() {
    return joined({counts(), counts_with_strangers(), several(), uncounted(), semaphores(), changes(), stops()});
}

} // namespace explore
