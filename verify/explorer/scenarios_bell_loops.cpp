// SPDX-License-Identifier: MIT
// Configurations of event loops at the doorbell: LEVEL for epoll level- and edge-triggered, ARM for those that arm.
//
// A loop goes round a bounded number of times, since a bell that is not silenced yet may wake it for nothing; one that
// sleeps at the end must have nothing to do.
#include "explorer/bell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using efd::core::ceiling;
using efd::core::poll_in;
using efd::core::poll_out;

constexpr std::uint64_t full = ceiling - 1;
constexpr int rounds = 3;

void level() { make_bell_world(0, 0, ring_way::level); }
void level_sealed() { make_empty_sealed_bell_world(ring_way::level); }
void level_full() { make_bell_world(full, 0, ring_way::level); }
void armed() { make_bell_world(0, 0, ring_way::armed); }
void armed_by_two() {
    armed();
    w().wakes_for_one = 2;
}
void armed_sealed() { make_empty_sealed_bell_world(ring_way::armed); }
void armed_full() { make_bell_world(full, 0, ring_way::armed); }

void writer() { bell_write(1); }
void twice_writer() {
    bell_write(1);
    bell_write(1);
}
void signaller() { bell_signal(); }
void taker() { (void)bell_take(); }

// Reads once for each event.
template <watch_for What>
void loop() {
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds; ++i) {
        bell_await(What, edges);
        (void)bell_take();
    }
}

// Takes what is there, arms, and sleeps only if nothing was there then.
void arming_loop() {
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds; ++i) {
        (void)bell_take();
        if (bell_arm(poll_in)) bell_await(watch_for::edge, edges);
    }
}

// Waits for room for its one unit, level-triggered or armed.
void writing_loop() {
    doing(task::writes, 1);
    std::uint64_t edges = 0;
    bell_await(watch_for::writable, edges);
    doing(task::none);
    bell_try_write(1);
}
void arming_writer() {
    doing(task::writes, 1);
    std::uint64_t edges = 0;
    for (int i = 0; i < rounds && bell_arm(poll_out); ++i) bell_await(watch_for::edge, edges);
    doing(task::none);
}
// Fills the object, then waits for room.
void filling_loop() {
    bell_try_write(full);
    arming_writer();
}
// Asks for what is there already, beside another who waits for room.
void asking() { (void)bell_arm(poll_in); }

constexpr budgets three_preemptions{.preemptions = 3};

std::vector<scenario> level_loops() {
    return {
        {.name = "loop-lt",
         .what = "level-triggered loop, 1 writer twice",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', loop<watch_for::readable>}},
         .set_up = level,
         .check = audit_level_calls},
        {.name = "loop-lt-2w",
         .what = "level-triggered loop, 2 writers, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"L", '-', loop<watch_for::readable>}},
         .set_up = level,
         .check = audit_level,
         .allowed = three_preemptions},
        {.name = "loop-lt-1r",
         .what = "level-triggered loop, 1 writer twice, 1 reader beside, 3 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', loop<watch_for::readable>}},
         .set_up = level,
         .check = audit_level_calls,
         .allowed = three_preemptions},
        {.name = "loop-et",
         .what = "edge-triggered loop that takes once, 1 writer twice",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', loop<watch_for::edge>}},
         .set_up = level,
         .check = audit_level_calls},
        {.name = "loop-et-2w",
         .what = "edge-triggered loop that takes once, 2 writers, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"L", '-', loop<watch_for::edge>}},
         .set_up = level,
         .check = audit_level,
         .allowed = three_preemptions},
        {.name = "loop-et-1r",
         .what = "edge-triggered loop, 1 writer twice, 1 reader beside, 3 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', loop<watch_for::edge>}},
         .set_up = level,
         .check = audit_level_calls,
         .allowed = three_preemptions},
        {.name = "loop-et-sealed",
         .what = "edge-triggered loop that takes once, sealed, 1 writer twice",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', loop<watch_for::edge>}},
         .set_up = level_sealed,
         .check = audit_level},
        {.name = "loop-room",
         .what = "level-triggered loop that waits for room, 1 reader",
         .threads = {{"R", 'r', taker}, {"L", '-', writing_loop}},
         .set_up = level_full,
         .check = audit_level},
    };
}

std::vector<scenario> armed_loops() {
    return {
        {.name = "loop-armed",
         .what = "arming loop, 1 writer twice",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', arming_loop}},
         .set_up = armed,
         .check = audit_armed_calls},
        {.name = "loop-armed-2w",
         .what = "arming loop, 2 writers",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"L", '-', arming_loop}},
         .set_up = armed_by_two,
         .check = audit_armed_calls},
        {.name = "loop-armed-1r",
         .what = "arming loop, 1 writer twice, 1 reader beside, 3 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', taker}, {"L", '-', arming_loop}},
         .set_up = armed,
         .check = audit_armed_calls,
         .allowed = three_preemptions},
        {.name = "loop-armed-2l",
         .what = "2 arming loops, 1 writer, 2 preemptions",
         .threads = {{"W", 'w', writer}, {"L1", 'l', arming_loop}, {"L2", 'l', arming_loop}},
         .set_up = armed,
         .check = audit_armed,
         .allowed = {.preemptions = 2}},
        {.name = "loop-armed-sealed",
         .what = "arming loop, sealed, 1 writer twice",
         .threads = {{"W", 'w', twice_writer}, {"L", '-', arming_loop}},
         .set_up = armed_sealed,
         .check = audit_armed},
        {.name = "loop-armed-room",
         .what = "armed for room, full: 1 reader, 1 signaller",
         .threads = {{"R", 'r', taker}, {"S", '-', signaller}, {"L", '-', arming_writer}},
         .set_up = armed_full,
         .check = audit_armed},
        {.name = "loop-armed-both",
         .what = "armed for room, full: 1 reader, 1 that arms for what is there",
         .threads = {{"R", 'r', taker}, {"A", '-', asking}, {"L", '-', arming_writer}},
         .set_up = armed_full,
         .check = audit_armed},
        {.name = "loop-armed-fills",
         .what = "fills and arms for room, sealed: 1 reader, 1 that arms for units",
         .threads = {{"R", 'r', taker}, {"A", '-', asking}, {"L", '-', filling_loop}},
         .set_up = armed_sealed,
         .check = audit_armed,
         .allowed = three_preemptions},
    };
}

} // namespace

std::vector<scenario> bell_loop_scenarios() {
    std::vector<scenario> all = level_loops();
    const std::vector<scenario> more = armed_loops();
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace explore
