// SPDX-License-Identifier: MIT
// Configurations of the doorbell of which every add is an edge: EVERY; and of one that somebody else has rung: NOTHING.
//
// A loop that listens is edge-triggered and never reads. It may sleep at the end only if it had an event after the last
// write began, or if everything was taken since.
#include "explorer/doorbell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

constexpr ring_way every = ring_way::every;

void at_zero() { make_doorbell_world(0, 0, every); }
void at_one() { make_doorbell_world(1, 0, every); }
void heard_at_zero() {
    at_zero();
    listen_to_each_add();
}
void heard_at_one() {
    at_one();
    listen_to_each_add();
}
void none_at_zero() { make_doorbell_world_without(0, 0, every); }
void heard_semaphore_at_one() {
    make_doorbell_world(1, flag_semaphore, every);
    listen_to_each_add();
}
void heard_sealed() {
    make_empty_sealed_doorbell_world(every);
    listen_to_each_add();
}
void nearly_sealed() { make_doorbell_world(packed_limit - 1, 0, every); }
void nearly_full() { make_doorbell_world(ceiling - 2, 0, every); }
void level_at_zero() { make_doorbell_world(0, 0, ring_way::level); }

void writer() { doorbell_write(1); }
void twice_writer() {
    doorbell_write(1);
    doorbell_write(1);
}
void writer_of_nothing() { doorbell_write(0); }
void listener() { doorbell_listen(3); }
void outsider() { doorbell_ring_from_outside(); }
void outsider_and_doubt() {
    doorbell_ring_from_outside();
    doorbell_doubt();
}
void hasty_at_one() { make_hasty_doorbell_world(1, 0, every); }
void hasty_nearly_full() { make_hasty_doorbell_world(ceiling - 2, 0, every); }
void overtaker() {
    for (int i = 0; i < 3; ++i) {
        doorbell_write(1);
        (void)doorbell_take();
    }
}
void filling_overtaker() {
    for (int i = 0; i < 3; ++i) {
        (void)doorbell_take();
        doorbell_try_write(ceiling - 1);
    }
}

constexpr budgets one_stop{.preemptions = 2, .stops = 1};

std::vector<scenario> ones_that_listen() {
    return {
        scenario("every-1w", "every: 1 writer twice, a loop that never reads", heard_at_zero, audit_every,
                 {{"W", twice_writer}, {"L", listener}}),
        scenario("every-1w1r",
                 "every, one unit there: 1 writer twice, 1 reader, a loop that never reads, 3 preemptions",
                 heard_at_one, audit_every, {{"W", twice_writer}, {"R", taker}, {"L", listener}}, three_preemptions),
        scenario("every-1w2r", "every, one unit there: 1 writer, 2 readers, a loop that never reads, 2 preemptions",
                 heard_at_one, audit_every, {{"W", writer}, {"R1", taker}, {"R2", taker}, {"L", listener}},
                 two_preemptions),
        scenario("every-1w1r-all", "every, one unit there: 1 writer twice, 1 reader, a loop that never reads",
                 heard_at_one, audit_every, {{"W", twice_writer}, {"R", taker}, {"L", listener}})
            .large(),
        scenario("every-sem", "every, semaphore, one unit there: 1 writer, 1 reader twice, a loop, 3 preemptions",
                 heard_semaphore_at_one, audit_every, {{"W", writer}, {"R", twice_taker}, {"L", listener}},
                 three_preemptions),
        scenario("every-sealed", "every, sealed: 1 writer twice, 1 reader, a loop that never reads, 2 preemptions",
                 heard_sealed, audit_every, {{"W", twice_writer}, {"R", taker}, {"L", listener}}, two_preemptions),
        scenario("every-full", "every, one below full: 1 that tries to write twice, 1 reader, a loop, 2 preemptions",
                 nearly_full, audit_at_rest,
                 {{"W",
                   [] {
                       doorbell_try_write(1);
                       doorbell_try_write(1);
                   }},
                  {"R", taker},
                  {"L", listener}},
                 two_preemptions),
    };
}

std::vector<scenario> ones_at_rest() {
    return {
        scenario("every-2w1r", "every: 2 writers, 1 reader, 3 preemptions", at_zero, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"R", taker}}, three_preemptions),
        scenario("every-nothing", "every, one unit there: 1 write of nothing, 1 writer, 1 reader, 2 preemptions",
                 at_one, audit_level, {{"N", writer_of_nothing}, {"W", writer}, {"R", taker}}, two_preemptions),
        scenario("every-seal", "every: 2 writers seal, 1 reader, 2 preemptions", nearly_sealed, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"R", taker}}, two_preemptions),
        scenario("every-attach", "every: attached while 1 writer writes and 1 reader reads, 3 preemptions",
                 none_at_zero, audit_level, {{"A", opener}, {"W", writer}, {"R", taker}}, three_preemptions),
        scenario("stop-every", "every: 1 writer twice, 1 reader twice, one stops", at_zero, audit_doorbell_with_stops,
                 {{"WW", twice_writer}, {"RR", twice_taker}}, one_stop),
        scenario("stop-every-2w", "every: 1 writer twice, 1 writer, 1 reader, one stops", at_zero,
                 audit_doorbell_with_stops, {{"WW", twice_writer}, {"W", writer}, {"R", taker}}, one_stop)
            .large(),
        scenario("stop-every-full", "every, one below full: 2 that try to write, 1 reader, one stops", nearly_full,
                 audit_doorbell_with_stops, {{"W1", trying_writer}, {"W2", trying_writer}, {"R", taker}}, one_stop)
            .large(),
    };
}

// OVERTAKEN: here the second request without an answer overtakes.
std::vector<scenario> overtaken_ones() {
    return {
        scenario("every-overtaken", "every, one unit there: 1 slow taker, 1 that writes and takes 3 times",
                 hasty_at_one, audit_level, {{"T", taker}, {"N", overtaker}}, two_preemptions),
        scenario("every-overtaken-full", "every, one below full: 1 slow writer, 1 that takes and fills 3 times",
                 hasty_nearly_full, audit_level, {{"W", trying_writer}, {"N", filling_overtaker}}, two_preemptions),
    };
}

// The descriptor may be readable at zero until reads have found nothing twice; then it is not.
std::vector<scenario> ones_from_outside() {
    return {
        scenario("bell-outside", "level: rung by somebody else, then 2 reads that find nothing", level_at_zero,
                 audit_level, {{"O", outsider_and_doubt}}),
        scenario("bell-outside-1w1r", "level: rung by somebody else, 1 writer, 1 reader thrice, 3 preemptions",
                 level_at_zero, audit, {{"O", outsider}, {"W", writer}, {"R", twice_taker}}, three_preemptions),
    };
}

} // namespace

std::vector<scenario> doorbell_every_scenarios() {
    return joined({ones_that_listen(), ones_at_rest(), overtaken_ones(), ones_from_outside()});
}

} // namespace explore
