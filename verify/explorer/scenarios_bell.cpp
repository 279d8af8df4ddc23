// SPDX-License-Identifier: MIT
// Configurations of the doorbell at rest: LEVEL, in both regimes, while it is attached, and at the end of the object.
#include "explorer/bell_world.hpp"
#include "explorer/scenarios.hpp"

namespace explore {
namespace {

using efd::core::ceiling;
using efd::core::flag_semaphore;
using efd::core::packed_limit;

constexpr std::uint64_t full = ceiling - 1;
constexpr ring_way level = ring_way::level;

void at_zero() { make_bell_world(0, 0, level); }
void at_one() { make_bell_world(1, 0, level); }
void semaphore() { make_bell_world(0, flag_semaphore, level); }
void semaphore_at_one() { make_bell_world(1, flag_semaphore, level); }
void none_at_zero() { make_bell_world_without(0, 0, level); }
void none_but_queue() {
    make_bell_world_without(0, 0, level);
    efd::core::context_layout::make_queue(w().object);
}
void none_at_one() { make_bell_world_without(1, 0, level); }
void sealed() { make_empty_sealed_bell_world(level); }
void sealed_none() { make_bell_world_without(packed_limit, 0, level); }
void nearly_sealed() { make_bell_world(packed_limit - 1, 0, level); }
void brimful() { make_bell_world(full, 0, level); }
void nearly_full() { make_bell_world(full - 1, 0, level); }
void brimful_semaphore() { make_bell_world(full, flag_semaphore, level); }

void writer() { bell_write(1); }
void twice_writer() {
    bell_write(1);
    bell_write(1);
}
void writer_of_two() { bell_write(2); }
void huge_writer() { bell_write(packed_limit); }
void trying_writer() { bell_try_write(1); }
void signaller() { bell_signal(); }
void reader() { bell_read(); }
void taker() { (void)bell_take(); }
void twice_taker() {
    (void)bell_take();
    (void)bell_take();
}
void write_and_take() {
    bell_write(1);
    while (bell_take()) {
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
    bell_write(1);
}
void opener() { open_bell(); }
void refused_signaller() {
    efd::core::context_layout::set_in_callback(1);
    must(!w().object.signal(), "a signal inside of a callback was not refused");
    efd::core::context_layout::set_in_callback(0);
}

constexpr budgets weak_once{.weak_failures = 1};
constexpr budgets two_preemptions{.preemptions = 2};

std::vector<scenario> packed_ones() {
    return {
        {.name = "bell-1w1r",
         .what = "level: 1 writer, 1 reader that sleeps, weak failure",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = at_zero,
         .check = audit_level_calls,
         .allowed = weak_once},
        {.name = "bell-burst",
         .what = "level: 1 writer twice, above zero: no call",
         .threads = {{"W", 'w', twice_writer}},
         .set_up = at_one,
         .check = audit_level_calls},
        {.name = "bell-ww1r",
         .what = "level: 1 writer twice, 1 reader twice",
         .threads = {{"W", 'w', twice_writer}, {"R", 'r', twice_taker}},
         .set_up = at_zero,
         .check = audit_level_calls},
        {.name = "bell-2w1r",
         .what = "level: 2 writers, 1 reader, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .allowed = {.preemptions = 3}},
        {.name = "bell-2w1r-all",
         .what = "level: 2 writers, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .full = true},
        {.name = "bell-1w2r",
         .what = "level: 1 writer, 2 readers, one unit there, 3 preemptions",
         .threads = {{"W", 'w', writer}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = at_one,
         .check = audit_level_calls,
         .allowed = {.preemptions = 3}},
        {.name = "bell-1w2r-all",
         .what = "level: 1 writer, 2 readers, one unit there",
         .threads = {{"W", 'w', writer}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = at_one,
         .check = audit_level_calls,
         .full = true},
        {.name = "bell-ww2r",
         .what = "level: 1 writer twice, 2 readers, 3 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level_calls,
         .allowed = {.preemptions = 3}},
        {.name = "bell-2w2r",
         .what = "level: 2 writers, 2 readers, 2 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .allowed = two_preemptions,
         .full = true},
    };
}

std::vector<scenario> semaphore_ones() {
    return {
        {.name = "bell-sem-1w2r",
         .what = "level, semaphore: 1 write of 2, 2 readers",
         .threads = {{"W", 'w', writer_of_two}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = semaphore,
         .check = audit_level},
        {.name = "bell-sem-1w1r",
         .what = "level, semaphore, one unit there: 1 writer, 1 reader twice",
         .threads = {{"W", 'w', writer}, {"R", 'r', twice_taker}},
         .set_up = semaphore_at_one,
         .check = audit_level},
        {.name = "bell-refused",
         .what = "level: a signal that is refused, 1 reader",
         .threads = {{"S", '-', refused_signaller}, {"R", 'r', taker}},
         .set_up = at_one,
         .check = audit_level_calls},
    };
}

std::vector<scenario> sealed_ones() {
    return {
        {.name = "bell-sealed-1w1r",
         .what = "level, sealed: 1 writer, 1 reader",
         .threads = {{"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = sealed,
         .check = audit_level},
        {.name = "bell-sealed-1w2r",
         .what = "level, sealed: 1 writer twice, 2 readers, 2 preemptions",
         .threads = {{"W", 'w', twice_writer}, {"R1", 'r', taker}, {"R2", 'r', taker}},
         .set_up = sealed,
         .check = audit_level,
         .allowed = two_preemptions},
        {.name = "bell-full",
         .what = "level, one below full: 1 writer that fills, 1 that is refused or not, 1 reader",
         .threads = {{"W1", 'w', trying_writer}, {"W2", 'w', trying_writer}, {"R", 'r', taker}},
         .set_up = nearly_full,
         .check = audit_level,
         .allowed = two_preemptions},
        {.name = "bell-full-signal",
         .what = "level, full: 1 signaller, 1 reader",
         .threads = {{"S", '-', signaller}, {"R", 'r', taker}},
         .set_up = brimful,
         .check = audit_level},
        {.name = "bell-full-sem",
         .what = "level, full semaphore: 1 reader, 1 signaller",
         .threads = {{"S", '-', signaller}, {"R", 'r', taker}},
         .set_up = brimful_semaphore,
         .check = audit_level},
        {.name = "bell-seal",
         .what = "level: 2 writers, one of them seals, 1 reader, 3 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', taker}},
         .set_up = nearly_sealed,
         .check = audit_level,
         .allowed = {.preemptions = 3}},
        {.name = "bell-seal-huge",
         .what = "level: 1 huge write that seals at zero, 1 writer, 2 preemptions, 1 reader",
         .threads = {{"H", '-', huge_writer}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .allowed = two_preemptions},
    };
}

std::vector<scenario> attached_ones() {
    return {
        {.name = "bell-attach",
         .what = "level: attached while 1 writer writes and 1 reader reads, 3 preemptions",
         .threads = {{"A", '-', opener}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = none_at_zero,
         .check = audit_level,
         .allowed = {.preemptions = 3}},
        {.name = "bell-attach-all",
         .what = "level: attached while 1 writer writes and 1 reader reads",
         .threads = {{"A", '-', opener}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = none_at_zero,
         .check = audit_level,
         .full = true},
        {.name = "bell-attach-at-one",
         .what = "level: attached while 1 reader reads the unit that is there",
         .threads = {{"A", '-', opener}, {"R", 'r', taker}},
         .set_up = none_at_one,
         .check = audit_level},
        {.name = "bell-attach-twice",
         .what = "level: attached by 2 at once, 1 writer, 2 preemptions",
         .threads = {{"A1", 'a', opener}, {"A2", 'a', opener}, {"W", 'w', writer}},
         .set_up = none_but_queue,
         .check = audit_level,
         .allowed = two_preemptions},
        {.name = "bell-attach-again",
         .what = "level: asked for again while 1 writer writes and 1 reader reads",
         .threads = {{"A", '-', opener}, {"W", 'w', writer}, {"R", 'r', taker}},
         .set_up = at_zero,
         .check = audit_level,
         .allowed = {.preemptions = 3}},
        {.name = "bell-attach-sealed",
         .what = "level, sealed: attached while 1 reader reads, 1 writer, 3 preemptions",
         .threads = {{"A", '-', opener}, {"R", 'r', taker}, {"W", 'w', writer}},
         .set_up = sealed_none,
         .check = audit_level,
         .allowed = {.preemptions = 3}},
    };
}

// A thread that is gone in the midst of its call, as after a siglongjmp out of a ring: LEVEL, call.
std::vector<scenario> left_ones() {
    constexpr budgets one_gone{.crashes = 1, .preemptions = 2};
    return {
        {.name = "bell-left-writer",
         .what = "level: 1 writer that may be gone in its call, 1 that writes and takes, 2 preemptions",
         .threads = {{"W", '-', writer, true}, {"N", '-', persistent}},
         .set_up = at_zero,
         .check = audit_bell_left,
         .allowed = one_gone},
        {.name = "bell-left-taker",
         .what =
             "level, one unit there: 1 that takes and may be gone in its call, 1 that writes and takes, 2 preemptions",
         .threads = {{"T", '-', taker, true}, {"N", '-', persistent}},
         .set_up = at_one,
         .check = audit_bell_left,
         .allowed = one_gone},
        {.name = "bell-left-and-one",
         .what = "level, one unit there: the same, and a write at last, 2 preemptions",
         .threads = {{"T", '-', taker, true}, {"N", '-', persistent_and_one}},
         .set_up = at_one,
         .check = audit_bell_left,
         .allowed = one_gone},
    };
}

} // namespace

std::vector<scenario> bell_scenarios() {
    std::vector<scenario> all = packed_ones();
    for (const auto& some : {semaphore_ones(), sealed_ones(), attached_ones(), left_ones()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
