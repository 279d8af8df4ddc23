// SPDX-License-Identifier: MIT
// Configurations of the doorbell of which every add is an edge: EVERY; and of one that somebody else has rung: NOTHING.
//
// A loop that listens is edge-triggered and never reads. It may sleep at the end only if it had an event after the last
// write began, or if everything was taken since.
#include "explorer/bell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using efd::core::ceiling;
using efd::core::flag_semaphore;
using efd::core::packed_limit;

constexpr ring_way every = ring_way::every;

void at_zero() { make_bell_world(0, 0, every); }
void at_one() { make_bell_world(1, 0, every); }
void heard_at_zero() {
    at_zero();
    listen_to_each_add();
}
void heard_at_one() {
    at_one();
    listen_to_each_add();
}
void none_at_zero() { make_bell_world_without(0, 0, every); }
void heard_semaphore_at_one() {
    make_bell_world(1, flag_semaphore, every);
    listen_to_each_add();
}
void heard_sealed() {
    make_empty_sealed_bell_world(every);
    listen_to_each_add();
}
void nearly_sealed() { make_bell_world(packed_limit - 1, 0, every); }
void nearly_full() { make_bell_world(ceiling - 2, 0, every); }
void level_at_zero() { make_bell_world(0, 0, ring_way::level); }

void writer() { bell_write(1); }
void twice_writer() {
    bell_write(1);
    bell_write(1);
}
void writer_of_nothing() { bell_write(0); }
void trying_writer() { bell_try_write(1); }
void taker() { (void)bell_take(); }
void twice_taker() {
    (void)bell_take();
    (void)bell_take();
}
void opener() { open_bell(); }
void listener() { bell_listen(3); }
void outsider() { bell_ring_from_outside(); }
void outsider_and_doubt() {
    bell_ring_from_outside();
    bell_doubt();
}

constexpr budgets two_preemptions{.preemptions = 2};
constexpr budgets three_preemptions{.preemptions = 3};
constexpr budgets one_stop{.preemptions = 2, .stops = 1};

std::vector<scenario> ones_that_listen() {
    return {
        {.name = "every-1w",
         .what = "every: 1 writer twice, a loop that never reads",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', listener}},
         .set_up = heard_at_zero,
         .check = audit_every},
        {.name = "every-1w1r",
         .what = "every, one unit there: 1 writer twice, 1 reader, a loop that never reads, 3 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', listener}},
         .set_up = heard_at_one,
         .check = audit_every,
         .allowed = three_preemptions},
        {.name = "every-1w2r",
         .what = "every, one unit there: 1 writer, 2 readers, a loop that never reads, 2 preemptions",
         .threads = {{"W", 'w', writer}, {"R1", 'r', taker}, {"R2", 'r', taker}, {"L", '-', listener}},
         .set_up = heard_at_one,
         .check = audit_every,
         .allowed = two_preemptions},
        {.name = "every-1w1r-all",
         .what = "every, one unit there: 1 writer twice, 1 reader, a loop that never reads",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', listener}},
         .set_up = heard_at_one,
         .check = audit_every,
         .full = true},
        {.name = "every-sem",
         .what = "every, semaphore, one unit there: 1 writer, 1 reader twice, a loop, 3 preemptions",
         .threads = {{"W", 'w', writer}, {"R", 'r', twice_taker}, {"L", '-', listener}},
         .set_up = heard_semaphore_at_one,
         .check = audit_every,
         .allowed = three_preemptions},
        {.name = "every-sealed",
         .what = "every, sealed: 1 writer twice, 1 reader, a loop that never reads, 2 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', listener}},
         .set_up = heard_sealed,
         .check = audit_every,
         .allowed = two_preemptions},
        {.name = "every-full",
         .what = "every, one below full: 1 that tries to write twice, 1 reader, a loop, 2 preemptions",
         .threads = {{"W", 'w',
                      [] {
                          bell_try_write(1);
                          bell_try_write(1);
                      }},
                     {"R", 'r', taker},
                     {"L", '-', listener}},
         .set_up = nearly_full,
         .check = audit_at_rest,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> ones_at_rest() {
    return {
        {.name = "every-2w1r",
         .what = "every: 2 writers, 1 reader, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .allowed = three_preemptions},
        {.name = "every-nothing",
         .what = "every, one unit there: 1 write of nothing, 1 writer, 1 reader, 2 preemptions",
         .threads = {{"N", '-', writer_of_nothing}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_one,
         .check = audit_level,
         .allowed = two_preemptions},
        {.name = "every-seal",
         .what = "every: 2 writers seal, 1 reader, 2 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', taker}},
         .set_up = nearly_sealed,
         .check = audit_level,
         .allowed = two_preemptions},
        {.name = "every-attach",
         .what = "every: attached while 1 writer writes and 1 reader reads, 3 preemptions",
         .threads = {{"A", '-', opener}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = none_at_zero,
         .check = audit_level,
         .allowed = three_preemptions},
        {.name = "stop-every",
         .what = "every: 1 writer twice, 1 reader twice, one stops",
         .threads = {{"WW", '-', twice_writer}, {"RR", 'r', twice_taker}},
         .set_up = at_zero,
         .check = audit_bell_with_stops,
         .allowed = one_stop},
        {.name = "stop-every-2w",
         .what = "every: 1 writer twice, 1 writer, 1 reader, one stops",
         .threads = {{"WW", '-', twice_writer}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_bell_with_stops,
         .allowed = one_stop,
         .full = true},
        {.name = "stop-every-full",
         .what = "every, one below full: 2 that try to write, 1 reader, one stops",
         .threads = {{"W1", 'w', trying_writer}, {"W2", 'w', trying_writer}, {"R", 'r', taker}},
         .set_up = nearly_full,
         .check = audit_bell_with_stops,
         .allowed = one_stop,
         .full = true},
    };
}

// The descriptor may be readable at zero until reads have found nothing twice; then it is not.
std::vector<scenario> ones_from_outside() {
    return {
        {.name = "bell-outside",
         .what = "level: rung by somebody else, then 2 reads that find nothing",
         .threads = {{"O", '-', outsider_and_doubt}},
         .set_up = level_at_zero,
         .check = audit_level},
        {.name = "bell-outside-1w1r",
         .what = "level: rung by somebody else, 1 writer, 1 reader thrice, 3 preemptions",
         .threads = {{"O", '-', outsider}, {"W", 'w', writer}, {"R", 'r', twice_taker}},
         .set_up = level_at_zero,
         .check = audit,
         .allowed = three_preemptions},
    };
}

} // namespace

std::vector<scenario> bell_every_scenarios() {
    std::vector<scenario> all = ones_that_listen();
    for (const auto& some : {ones_at_rest(), ones_from_outside()}) all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
