// SPDX-License-Identifier: MIT
// Configurations in which any one thread stops for ever, at any of its steps: E7. Whenever an add returns, and when
// nobody else can go on, no reader sleeps and no watched descriptor is silent beside a unit whose write has returned,
// and no call waits for the stopped thread.
#include "explorer/doorbell_world.hpp"
#include "explorer/object_parts.hpp"

namespace explore {
namespace {

constexpr ring_way armed = ring_way::armed;

void empty_sealed() {
    make_world(packed_limit, 0);
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
}

void almost_huge_writer() { (void)write_some(packed_limit - 1); }
void trier() {
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
}

constexpr budgets one{.stops = 1};
constexpr budgets one_of_three_preemptions{.preemptions = 3, .stops = 1};

std::vector<scenario> packed_ones() {
    return {
        scenario("stop-2w1r", "2 writers, 1 reader, one of them stops", plain, audit_with_stops,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}, one),
        scenario("stop-ww1r", "1 writer twice, 1 signaller, 1 reader, two of them stop", plain, audit_with_stops,
                 {{"WW", twice_writer}, {"S", signaller}, {"R", reader}}, {.stops = 2}),
        scenario("stop-2w2r", "1 writer, 1 slow writer, 2 readers, one stops", plain, audit_with_stops,
                 {{"W1", writer}, {"W2", slow_writer}, {"R1", reader}, {"R2", reader}}, one_of_three_preemptions),
        scenario("stop-try", "1 writer twice, 1 reader, 1 try reader, one stops", plain, audit_with_stops,
                 {{"WW", twice_writer}, {"R", reader}, {"T", trier}}, one),
        scenario("stop-timed", "2 writers, 1 timed reader, 1 reader, one stops", plain, audit_with_stops,
                 {{"W1", writer}, {"W2", writer}, {"T", timed_reader}, {"R", reader}}, one_of_two_preemptions),
        scenario("stop-sem", "semaphore: 1 write of 2, 1 writer, 2 readers, one stops", semaphore, audit_with_stops,
                 {{"W1", writer_of_two}, {"W2", writer}, {"R1", reader}, {"R2", reader}}, one_of_two_preemptions),
    };
}

std::vector<scenario> sealed_ones() {
    return {
        scenario("stop-seal", "1 huge writer seals, 1 writer, 1 reader, one stops", plain, audit_with_stops,
                 {{"H", huge_writer}, {"W", writer}, {"R", reader}}, one_of_three_preemptions),
        scenario("stop-seal-late", "at zero: 1 write below the limit, 2 of one unit, 1 reader, one stops", plain,
                 audit_with_stops, {{"B", almost_huge_writer}, {"W1", writer}, {"W2", writer}, {"R", reader}},
                 one_of_two_preemptions),
        scenario("stop-seal-add", "2 writers at the packed limit, 1 reader twice, one stops", packed_top,
                 audit_with_stops,
                 {{"W1", writer},
                  {"W2", writer},
                  {"R",
                   [] {
                       (void)read_value();
                       (void)read_value();
                   }}},
                 one_of_three_preemptions),
        scenario("stop-sealed", "sealed: 2 writers, 1 reader, one stops", empty_sealed, audit_with_stops,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}, one_of_three_preemptions),
    };
}

void level_at_zero() { make_doorbell_world(0, 0, level); }
void level_at_one() { make_doorbell_world(1, 0, level); }
void level_none(std::uint64_t count) {
    make_doorbell_world_without(count, 0, level);
    efd::core::context_layout::make_queue(w().object);
}
void level_none_at_zero() { level_none(0); }
void level_none_at_one() { level_none(1); }
void level_sealed() { make_empty_sealed_doorbell_world(level); }
void level_nearly_sealed() { make_doorbell_world(packed_limit - 1, 0, level); }
void level_nearly_full() { make_doorbell_world(ceiling - 2, 0, level); }
void armed_at_zero() { make_doorbell_world(0, 0, armed); }
void armed_sealed() { make_empty_sealed_doorbell_world(armed); }

void doorbell_writer() { doorbell_write(1); }
void twice_doorbell_writer() {
    doorbell_write(1);
    doorbell_write(1);
}
void level_loop() {
    std::uint64_t edges = 0;
    doorbell_await(watch_for::readable, edges);
}
void arming_loop() {
    std::uint64_t edges = 0;
    for (int i = 0; i < 2; ++i) {
        (void)doorbell_take();
        if (doorbell_arm(poll_in)) doorbell_await(watch_for::edge, edges);
    }
}
void arming_once() {
    std::uint64_t edges = 0;
    if (doorbell_arm(poll_in)) doorbell_await(watch_for::edge, edges);
}

std::vector<scenario> level_ones() {
    return {
        scenario("stop-bell-2w", "level: 1 writer twice, 1 writer, a loop, one stops", level_at_zero,
                 audit_doorbell_with_stops, {{"WW", twice_doorbell_writer}, {"W", doorbell_writer}, {"L", level_loop}},
                 one_of_three_preemptions),
        scenario("stop-bell-2w1r", "level: 1 writer twice, 1 writer, 1 reader, one stops", level_at_zero,
                 audit_doorbell_with_stops, {{"WW", twice_doorbell_writer}, {"W", doorbell_writer}, {"R", taker}},
                 one_of_two_preemptions),
        scenario("stop-bell-2w1r-3", "level: 1 writer twice, 1 writer, 1 reader, one stops, 3 preemptions",
                 level_at_zero, audit_doorbell_with_stops,
                 {{"WW", twice_doorbell_writer}, {"W", doorbell_writer}, {"R", taker}}, one_of_three_preemptions)
            .large(),
        scenario("stop-bell-2r", "level, one unit there: 1 writer twice, 2 readers, one stops", level_at_one,
                 audit_doorbell_with_stops, {{"WW", twice_doorbell_writer}, {"R1", taker}, {"R2", taker}},
                 one_of_two_preemptions),
        scenario("stop-bell-attach", "level: attached, 1 writer twice, one stops", level_none_at_zero,
                 audit_doorbell_with_stops, {{"A", opener}, {"WW", twice_doorbell_writer}}, one_of_two_preemptions),
        scenario("stop-bell-at-one", "level: attached at one by 2 at once, one stops", level_none_at_one,
                 audit_doorbell_with_stops, {{"A1", opener}, {"A2", opener}}, one_of_two_preemptions),
        scenario("stop-bell-sealed", "level, sealed: 2 writers, 1 reader, one stops", level_sealed,
                 audit_doorbell_with_stops, {{"W1", doorbell_writer}, {"W2", doorbell_writer}, {"R", taker}},
                 one_of_two_preemptions),
        scenario("stop-bell-seal", "level: 2 writers seal, 1 reader, one stops", level_nearly_sealed,
                 audit_doorbell_with_stops, {{"W1", doorbell_writer}, {"W2", doorbell_writer}, {"R", taker}},
                 one_of_two_preemptions),
        scenario("stop-bell-full", "level, one below full: 2 that try to write, 1 reader, one stops", level_nearly_full,
                 audit_doorbell_with_stops, {{"W1", trying_writer}, {"W2", trying_writer}, {"R", taker}},
                 one_of_two_preemptions),
    };
}

std::vector<scenario> armed_ones() {
    return {
        scenario("stop-armed-2w", "arming loop, 2 writers, one stops", armed_at_zero, audit_doorbell_with_stops,
                 {{"W1", doorbell_writer}, {"W2", doorbell_writer}, {"L", arming_loop}}, one),
        scenario("stop-armed-ww", "arming loop, 1 writer twice, 1 writer, 1 reader beside, one stops", armed_at_zero,
                 audit_doorbell_with_stops,
                 {{"WW", twice_doorbell_writer}, {"W", doorbell_writer}, {"R", taker}, {"L", arming_loop}},
                 one_of_two_preemptions),
        scenario("stop-armed-2l", "2 arming loops, 2 writers, one stops", armed_at_zero, audit_doorbell_with_stops,
                 {{"W1", doorbell_writer}, {"W2", doorbell_writer}, {"L1", arming_once}, {"L2", arming_once}},
                 one_of_two_preemptions),
        scenario("stop-armed-sealed", "arming loop, sealed, 2 writers, one stops", armed_sealed,
                 audit_doorbell_with_stops, {{"W1", doorbell_writer}, {"W2", doorbell_writer}, {"L", arming_loop}},
                 one_of_two_preemptions),
    };
}

} // namespace

std::vector<scenario> stop_scenarios() { return joined({packed_ones(), sealed_ones(), level_ones(), armed_ones()}); }

} // namespace explore
