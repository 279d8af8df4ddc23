// SPDX-License-Identifier: MIT
// Configurations of event loops at the doorbell: LEVEL for epoll level- and edge-triggered, ARM for those that arm.
//
// A loop goes round a bounded number of times, since a bell that is not silenced yet may wake it for nothing; one that
// sleeps at the end must have nothing to do.
#include "explorer/doorbell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using efd::core::poll_out;

constexpr std::uint64_t full = ceiling - 1;
constexpr int rounds = 3;

void level() { make_doorbell_world(0, 0, ring_way::level); }
void level_sealed() { make_empty_sealed_doorbell_world(ring_way::level); }
void level_full() { make_doorbell_world(full, 0, ring_way::level); }
void armed() { make_doorbell_world(0, 0, ring_way::armed); }
void armed_by_two() {
    armed();
    w().wakes_for_one = 2;
}
void armed_sealed() { make_empty_sealed_doorbell_world(ring_way::armed); }
void armed_full() { make_doorbell_world(full, 0, ring_way::armed); }

void writer() { doorbell_write(1); }
void twice_writer() {
    doorbell_write(1);
    doorbell_write(1);
}
void signaller() { doorbell_signal(); }

// Reads once for each event.
template <watch_for What>
void loop() {
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds; ++i) {
        doorbell_await(What, edges);
        (void)doorbell_take();
    }
}

// Takes what is there, arms, and sleeps only if nothing was there then.
void arming_loop() {
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds; ++i) {
        (void)doorbell_take();
        if (doorbell_arm(poll_in)) doorbell_await(watch_for::edge, edges);
    }
}

// Waits for room for its one unit, level-triggered or armed.
void writing_loop() {
    doing(task::writes, 1);
    std::uint64_t edges = 0;
    doorbell_await(watch_for::writable, edges);
    doing(task::none);
    doorbell_try_write(1);
}
void arming_writer() {
    doing(task::writes, 1);
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds && doorbell_arm(poll_out); ++i) doorbell_await(watch_for::edge, edges);
    doing(task::none);
}
// Fills the object, then waits for room.
void filling_loop() {
    doorbell_try_write(full);
    arming_writer();
}
// Asks for what is there already, beside another who waits for room.
void asking() { (void)doorbell_arm(poll_in); }

std::vector<scenario> level_loops() {
    return {
        scenario("loop-lt", "level-triggered loop, 1 writer twice", level, audit_level_calls,
                 {{"W", twice_writer}, {"L", loop<watch_for::readable>}}),
        scenario("loop-lt-2w", "level-triggered loop, 2 writers, 3 preemptions", level, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"L", loop<watch_for::readable>}}, three_preemptions),
        scenario("loop-lt-1r", "level-triggered loop, 1 writer twice, 1 reader beside, 3 preemptions", level,
                 audit_level_calls, {{"W", twice_writer}, {"R", taker}, {"L", loop<watch_for::readable>}},
                 three_preemptions),
        scenario("loop-et", "edge-triggered loop that takes once, 1 writer twice", level, audit_level_calls,
                 {{"W", twice_writer}, {"L", loop<watch_for::edge>}}),
        scenario("loop-et-2w", "edge-triggered loop that takes once, 2 writers, 3 preemptions", level, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"L", loop<watch_for::edge>}}, three_preemptions),
        scenario("loop-et-1r", "edge-triggered loop, 1 writer twice, 1 reader beside, 3 preemptions", level,
                 audit_level_calls, {{"W", twice_writer}, {"R", taker}, {"L", loop<watch_for::edge>}},
                 three_preemptions),
        scenario("loop-et-sealed", "edge-triggered loop that takes once, sealed, 1 writer twice", level_sealed,
                 audit_level, {{"W", twice_writer}, {"L", loop<watch_for::edge>}}),
        scenario("loop-room", "level-triggered loop that waits for room, 1 reader", level_full, audit_level,
                 {{"R", taker}, {"L", writing_loop}}),
    };
}

std::vector<scenario> armed_loops() {
    return {
        scenario("loop-armed", "arming loop, 1 writer twice", armed, audit_armed_calls,
                 {{"W", twice_writer}, {"L", arming_loop}}),
        scenario("loop-armed-2w", "arming loop, 2 writers", armed_by_two, audit_armed_calls,
                 {{"W1", writer}, {"W2", writer}, {"L", arming_loop}}),
        scenario("loop-armed-1r", "arming loop, 1 writer twice, 1 reader beside, 3 preemptions", armed,
                 audit_armed_calls, {{"W", twice_writer}, {"R", taker}, {"L", arming_loop}}, three_preemptions),
        scenario("loop-armed-2l", "2 arming loops, 1 writer, 2 preemptions", armed, audit_armed,
                 {{"W", writer}, {"L1", arming_loop}, {"L2", arming_loop}}, {.preemptions = 2}),
        scenario("loop-armed-sealed", "arming loop, sealed, 1 writer twice", armed_sealed, audit_armed,
                 {{"W", twice_writer}, {"L", arming_loop}}),
        scenario("loop-armed-room", "armed for room, full: 1 reader, 1 signaller", armed_full, audit_armed,
                 {{"R", taker}, {"S", signaller}, {"L", arming_writer}}),
        scenario("loop-armed-both", "armed for room, full: 1 reader, 1 that arms for what is there", armed_full,
                 audit_armed, {{"R", taker}, {"A", asking}, {"L", arming_writer}}),
        scenario("loop-armed-fills", "fills and arms for room, sealed: 1 reader, 1 that arms for units", armed_sealed,
                 audit_armed, {{"R", taker}, {"A", asking}, {"L", filling_loop}}, three_preemptions),
    };
}

} // namespace

std::vector<scenario> doorbell_loop_scenarios() { return joined({level_loops(), armed_loops()}); }

} // namespace explore
