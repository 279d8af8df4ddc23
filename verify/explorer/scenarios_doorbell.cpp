// SPDX-License-Identifier: MIT
// Configurations of the doorbell at rest: LEVEL, in both regimes, while it is attached, and at the end of the object.
#include "explorer/doorbell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

constexpr std::uint64_t full = ceiling - 1;

void at_zero() { make_doorbell_world(0, 0, level); }
void at_one() { make_doorbell_world(1, 0, level); }
void semaphore() { make_doorbell_world(0, flag_semaphore, level); }
void semaphore_at_one() { make_doorbell_world(1, flag_semaphore, level); }
void none_at_zero() { make_doorbell_world_without(0, 0, level); }
void none_but_queue() {
    make_doorbell_world_without(0, 0, level);
    efd::core::context_layout::make_queue(w().object);
}
void none_at_one() { make_doorbell_world_without(1, 0, level); }
void sealed() { make_empty_sealed_doorbell_world(level); }
void sealed_none() { make_doorbell_world_without(packed_limit, 0, level); }
void nearly_sealed() { make_doorbell_world(packed_limit - 1, 0, level); }
void brimful() { make_doorbell_world(full, 0, level); }
void nearly_full() { make_doorbell_world(full - 1, 0, level); }
void brimful_semaphore() { make_doorbell_world(full, flag_semaphore, level); }

void writer() { doorbell_write(1); }
void twice_writer() {
    doorbell_write(1);
    doorbell_write(1);
}
void writer_of_two() { doorbell_write(2); }
void huge_writer() { doorbell_write(packed_limit); }
void signaller() { doorbell_signal(); }
void reader() { doorbell_read(); }
void write_and_take() {
    doorbell_write(1);
    while (doorbell_take()) {
    }
}
// Beside the other, and then often enough to take its turn if it does not come back.
void persistent() {
    write_and_take();
    await_end_of(0);
    for (int i = 0; i < 9; ++i) write_and_take();
}
void persistent_and_one() {
    persistent();
    doorbell_write(1);
}
void hasty_at_zero() { make_hasty_doorbell_world(0, 0, level); }
void hasty_at_one() { make_hasty_doorbell_world(1, 0, level); }
void hasty_nearly_full() { make_hasty_doorbell_world(full - 1, 0, level); }
void hasty_brimful() { make_hasty_doorbell_world(full, 0, level); }
void filler() { doorbell_try_write(full); }
void take_and_fill() {
    (void)doorbell_take();
    filler();
}
void filling_overtaker() {
    for (int i = 0; i < 3; ++i) take_and_fill();
}
void filling_overtaker_and_one() {
    filling_overtaker();
    (void)doorbell_take();
    doorbell_write(1);
}
// Asks often enough to overtake the other, and goes on after that.
void overtaker() {
    for (int i = 0; i < 3; ++i) write_and_take();
}
void brief_overtaker() {
    write_and_take();
    write_and_take();
}
void overtaker_and_one() {
    overtaker();
    doorbell_write(1);
}
void refused_signaller() {
    efd::core::context_layout::set_in_callback(1);
    must(!w().object.signal(), "a signal inside of a callback was not refused");
    efd::core::context_layout::set_in_callback(0);
}

std::vector<scenario> packed_ones() {
    return {
        scenario("bell-1w1r", "level: 1 writer, 1 reader that sleeps, weak failure", at_zero, audit_level_calls,
                 {{"W", writer}, {"R", reader}}, weak_once),
        scenario("bell-burst", "level: 1 writer twice, above zero: no call", at_one, audit_level_calls,
                 {{"W", twice_writer}}),
        scenario("bell-ww1r", "level: 1 writer twice, 1 reader twice", at_zero, audit_level_calls,
                 {{"W", twice_writer}, {"R", twice_taker}}),
        scenario("bell-2w1r", "level: 2 writers, 1 reader, 3 preemptions", at_zero, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"R", taker}}, {.preemptions = 3}),
        scenario("bell-2w1r-all", "level: 2 writers, 1 reader, 6 preemptions", at_zero, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"R", taker}}, {.preemptions = 6})
            .large(),
        scenario("bell-1w2r", "level: 1 writer, 2 readers, one unit there, 3 preemptions", at_one, audit_level_calls,
                 {{"W", writer}, {"R1", taker}, {"R2", taker}}, {.preemptions = 3}),
        scenario("bell-1w2r-all", "level: 1 writer, 2 readers, one unit there", at_one, audit_level_calls,
                 {{"W", writer}, {"R1", taker}, {"R2", taker}})
            .large(),
        scenario("bell-ww2r", "level: 1 writer twice, 2 readers, 3 preemptions", at_zero, audit_level_calls,
                 {{"W", twice_writer}, {"R1", taker}, {"R2", taker}}, {.preemptions = 3}),
        scenario("bell-2w2r", "level: 2 writers, 2 readers, 2 preemptions", at_zero, audit_level,
                 {{"W1", writer}, {"W2", writer}, {"R1", taker}, {"R2", taker}}, two_preemptions)
            .large(),
    };
}

std::vector<scenario> semaphore_ones() {
    return {
        scenario("bell-sem-1w2r", "level, semaphore: 1 write of 2, 2 readers", semaphore, audit_level,
                 {{"W", writer_of_two}, {"R1", taker}, {"R2", taker}}),
        scenario("bell-sem-1w1r", "level, semaphore, one unit there: 1 writer, 1 reader twice", semaphore_at_one,
                 audit_level, {{"W", writer}, {"R", twice_taker}}),
        scenario("bell-refused", "level: a signal that is refused, 1 reader", at_one, audit_level_calls,
                 {{"S", refused_signaller}, {"R", taker}}),
    };
}

std::vector<scenario> sealed_ones() {
    return {
        scenario("bell-sealed-1w1r", "level, sealed: 1 writer, 1 reader", sealed, audit_level,
                 {{"W", writer}, {"R", taker}}),
        scenario("bell-sealed-1w2r", "level, sealed: 1 writer twice, 2 readers, 2 preemptions", sealed, audit_level,
                 {{"W", twice_writer}, {"R1", taker}, {"R2", taker}}, two_preemptions),
        scenario("bell-full", "level, one below full: 1 writer that fills, 1 that is refused or not, 1 reader",
                 nearly_full, audit_level, {{"W1", trying_writer}, {"W2", trying_writer}, {"R", taker}},
                 two_preemptions),
        scenario("bell-full-signal", "level, full: 1 signaller, 1 reader", brimful, audit_level,
                 {{"S", signaller}, {"R", taker}}),
        scenario("bell-full-sem", "level, full semaphore: 1 reader, 1 signaller", brimful_semaphore, audit_level,
                 {{"S", signaller}, {"R", taker}}),
        scenario("bell-seal", "level: 2 writers, one of them seals, 1 reader, 3 preemptions", nearly_sealed,
                 audit_level, {{"W1", writer}, {"W2", writer}, {"R", taker}}, {.preemptions = 3}),
        scenario("bell-seal-huge", "level: 1 huge write that seals at zero, 1 writer, 2 preemptions, 1 reader", at_zero,
                 audit_level, {{"H", huge_writer}, {"W", writer}, {"R", taker}}, two_preemptions),
    };
}

std::vector<scenario> attached_ones() {
    return {
        scenario("bell-attach", "level: attached while 1 writer writes and 1 reader reads, 3 preemptions", none_at_zero,
                 audit_level, {{"A", opener}, {"W", writer}, {"R", taker}}, {.preemptions = 3}),
        scenario("bell-attach-all", "level: attached while 1 writer writes and 1 reader reads", none_at_zero,
                 audit_level, {{"A", opener}, {"W", writer}, {"R", taker}})
            .large(),
        scenario("bell-attach-at-one", "level: attached while 1 reader reads the unit that is there", none_at_one,
                 audit_level, {{"A", opener}, {"R", taker}}),
        scenario("bell-attach-twice", "level: attached by 2 at once, 1 writer, 2 preemptions", none_but_queue,
                 audit_level, {{"A1", opener}, {"A2", opener}, {"W", writer}}, two_preemptions),
        scenario("bell-attach-again", "level: asked for again while 1 writer writes and 1 reader reads", at_zero,
                 audit_level, {{"A", opener}, {"W", writer}, {"R", taker}}, {.preemptions = 3}),
        scenario("bell-attach-sealed", "level, sealed: attached while 1 reader reads, 1 writer, 3 preemptions",
                 sealed_none, audit_level, {{"A", opener}, {"R", taker}, {"W", writer}}, {.preemptions = 3}),
    };
}

// A thread that is gone in the midst of its call, as after a siglongjmp out of a ring: LEVEL, call.
std::vector<scenario> left_ones() {
    constexpr budgets one_gone{.crashes = 1, .preemptions = 2};
    return {
        scenario("bell-left-writer",
                 "level: 1 writer that may be gone in its call, 1 that writes and takes, 2 preemptions", at_zero,
                 audit_doorbell_left, {{"W", writer, may_crash}, {"N", persistent}}, one_gone),
        scenario(
            "bell-left-taker",
            "level, one unit there: 1 that takes and may be gone in its call, 1 that writes and takes, 2 preemptions",
            at_one, audit_doorbell_left, {{"T", taker, may_crash}, {"N", persistent}}, one_gone),
        scenario("bell-left-and-one", "level, one unit there: the same, and a write at last, 2 preemptions", at_one,
                 audit_doorbell_left, {{"T", taker, may_crash}, {"N", persistent_and_one}}, one_gone),
    };
}

// OVERTAKEN: the other is slow, and not gone. Here the second request without an answer overtakes.
std::vector<scenario> overtaken_ones() {
    return {
        scenario("bell-overtaken",
                 "level, one unit there: 1 slow taker, 1 that writes and takes 3 times, 2 preemptions", hasty_at_one,
                 audit_level, {{"T", taker}, {"N", overtaker}}, two_preemptions),
        scenario("bell-overtaken-and-one", "level, one unit there: the same, and a write at last, 2 preemptions",
                 hasty_at_one, audit_level, {{"T", taker}, {"N", overtaker_and_one}}, two_preemptions),
        scenario("bell-overtaken-writer", "level: 1 slow writer, 1 that writes and takes 3 times, 2 preemptions",
                 hasty_at_zero, audit_level, {{"W", writer}, {"N", overtaker}}, two_preemptions),
        scenario("bell-overtaken-3",
                 "level, one unit there: 1 slow taker, 1 that writes and takes twice, 3 preemptions", hasty_at_one,
                 audit_level, {{"T", taker}, {"N", brief_overtaker}}, {.preemptions = 3}),
        scenario("bell-overtaken-stopped",
                 "level, one unit there: 1 slow taker, 1 that writes and takes 3 times and writes, one stops",
                 hasty_at_one, audit_doorbell_with_stops, {{"T", taker}, {"N", overtaker_and_one}},
                 {.preemptions = 2, .stops = 1}),
        scenario("bell-overtaken-ring",
                 "level, one unit there: 1 slow taker, 1 slow writer, 1 that writes and takes twice", hasty_at_one,
                 audit_level, {{"T", taker}, {"W", writer}, {"N", brief_overtaker}}, two_preemptions),
        scenario("bell-overtaken-ring-3",
                 "level, one unit there: 1 slow taker, 1 slow writer, 1 that writes and takes twice, 3 preemptions",
                 hasty_at_one, audit_level, {{"T", taker}, {"W", writer}, {"N", brief_overtaker}}, {.preemptions = 3})
            .large(),
        scenario("bell-overtaken-left",
                 "level, one unit there: 1 slow taker that may be gone, 1 that writes and takes, 3 preemptions",
                 hasty_at_one, audit_doorbell_left, {{"T", taker, may_crash}, {"N", persistent}},
                 {.crashes = 1, .preemptions = 3}),
        scenario("bell-overtaken-full", "level, full: 1 slow taker, 1 that takes and fills 3 times, 2 preemptions",
                 hasty_brimful, audit_level, {{"T", taker}, {"N", filling_overtaker}}, two_preemptions),
        scenario("bell-overtaken-filler", "level: 1 slow writer that fills, 1 that takes and fills 3 times",
                 hasty_at_zero, audit_level, {{"W", filler}, {"N", filling_overtaker}}, two_preemptions),
        scenario("bell-overtaken-room",
                 "level, full: 1 slow taker, 1 that takes and fills 3 times, and leaves one unit", hasty_brimful,
                 audit_level, {{"T", taker}, {"N", filling_overtaker_and_one}}, two_preemptions),
        scenario("bell-overtaken-nearly",
                 "level, one below full: 1 slow writer, 1 that takes and fills 3 times and leaves one unit",
                 hasty_nearly_full, audit_level, {{"W", trying_writer}, {"N", filling_overtaker_and_one}},
                 two_preemptions),
    };
}

} // namespace

std::vector<scenario> doorbell_scenarios() {
    return joined({packed_ones(), semaphore_ones(), sealed_ones(), attached_ones(), left_ones(), overtaken_ones()});
}

} // namespace explore
