// SPDX-License-Identifier: MIT
// Configurations on the packed word: readers and writers, both modes, private and shared, and the order of data.
#include "explorer/object_parts.hpp"

namespace explore {
namespace {

// A second writer may meet the mark in the short time between the first one's wake and its settling.
void plain_overlapping() {
    make_world(0, 0);
    w().wakes_for_one = 2;
}
void looking() { make_world(0, flag_shared | flag_looks); }
void shared_semaphore() { make_world(0, flag_shared | flag_semaphore); }

void timed_reader() { (void)read_one({.deadline_ns = 7}); }
void twice_reader() {
    (void)read_value();
    (void)read_value();
}
void trier() {
    std::uint64_t value = 0;
    if (w().object.try_read(value) == efd::base::status::ok) w().taken.add(value);
}

// Data written before a write is seen by the reader of that write's units: writer i adds one in a byte of its own.
template <int Who>
void telling_writer() {
    w().payload[Who].store(1, efd::base::relaxed);
    write_fast(Who == 0 ? 1 : 16);
}
template <int Who>
void telling_slow_writer() {
    w().payload[Who].store(1, efd::base::relaxed);
    (void)write_some(Who == 0 ? 1 : 16);
}
void believing_reader() {
    const std::uint64_t value = read_value();
    if ((value & 15) != 0) must(w().payload[0].load(efd::base::relaxed) == 1, "data of writer 0 is not seen");
    if ((value & 240) != 0) must(w().payload[1].load(efd::base::relaxed) == 1, "data of writer 1 is not seen");
}

// Two units of the same amount, the second written after the first was taken by the first reader: who takes the second
// must see its writer's data, although the word looks as it did before.
void first_reader() {
    (void)read_value();
    w().notes[0] = 1;
}
void second_writer() {
    await_end_of(1);
    w().payload[1].store(1, efd::base::relaxed);
    write_fast(1);
}
void second_reader() {
    (void)read_one();
    if (w().notes[0] == 1) must(w().payload[1].load(efd::base::relaxed) == 1, "the second writer's data is not seen");
}

std::vector<scenario> plain_ones() {
    return {
        scenario("plain-1w1r", "1 writer, 1 reader", plain, audit_with_calls, {{"W", writer}, {"R", reader}})
            .counting_calls(),
        scenario("plain-2w1r", "2 writers, 1 reader", plain_overlapping, audit_with_calls,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}})
            .counting_calls(),
        scenario("plain-1w2r", "1 writer, 2 readers", plain, audit_with_calls,
                 {{"W", writer}, {"R1", reader}, {"R2", reader}})
            .counting_calls(),
        scenario("plain-2w2r", "2 writers, 2 readers, weak failures", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader}, {"R2", reader}}, weak_once),
        scenario("plain-2ww2r", "1 writer twice, 1 slow writer, 2 readers", plain, audit,
                 {{"W1", twice_writer}, {"W2", slow_writer}, {"R1", reader}, {"R2", reader}}),
        scenario("plain-3w2r", "3 writers, 2 readers", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"W3", writer}, {"R1", reader}, {"R2", reader}})
            .large(),
        scenario("plain-2w3r", "2 writers, 3 readers", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader}, {"R2", reader}, {"R3", reader}})
            .large(),
    };
}

std::vector<scenario> more_plain_ones() {
    return {
        scenario("plain-try", "signaller, write of 0, reader, try reader", plain, audit,
                 {{"S", signaller}, {"W0", zero_writer}, {"R", reader}, {"T", trier}}),
        scenario("plain-data", "2 writers with data, 1 reader twice", plain, audit,
                 {{"W0", telling_writer<0>}, {"W1", telling_writer<1>}, {"R", believing_reader}}),
        scenario("plain-data-slow", "2 slow writers with data, 1 reader", plain, audit,
                 {{"W0", telling_slow_writer<0>}, {"W1", telling_slow_writer<1>}, {"R", believing_reader}}),
        scenario("plain-data-again", "2 writers of one amount with data, 2 readers in turn", plain, conserved,
                 {{"W1", writer}, {"R1", first_reader}, {"W2", second_writer}, {"R2", second_reader}}),
        scenario("plain-rr", "2 writers, 1 reader twice, 1 reader", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"RR", twice_reader}, {"R", reader}}),
    };
}

std::vector<scenario> semaphores() {
    return {
        scenario("sem-1w2r", "semaphore: 1 write of 2, 2 readers", semaphore, audit,
                 {{"W", writer_of_two}, {"R1", reader}, {"R2", reader}}),
        scenario("sem-2w2r", "semaphore: 2 writers, 2 readers, weak failure", semaphore, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader}, {"R2", reader}}, weak_once),
        scenario("sem-2w3r", "semaphore: 1 write of 2, 1 writer, 3 readers, 2 preemptions", semaphore, audit,
                 {{"W1", writer_of_two}, {"W2", writer}, {"R1", reader}, {"R2", reader}, {"R3", reader}},
                 {.preemptions = 2})
            .large(),
        scenario("sem-3w2r", "semaphore: 3 writers, 2 readers, 2 preemptions", semaphore, audit,
                 {{"W1", writer}, {"W2", writer}, {"W3", writer}, {"R1", reader}, {"R2", reader}}, {.preemptions = 2})
            .large(),
    };
}

std::vector<scenario> shared_ones() {
    return {
        scenario("shared-2w2r", "shared: 2 writers, 2 readers, one reader is killed", shared, nobody_forgotten,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader, may_crash}, {"R2", reader, may_crash}}, crash_once),
        scenario("shared-1w2r", "shared: 1 writer, 2 readers, one reader is killed", shared, nobody_forgotten,
                 {{"W", writer}, {"R1", reader, may_crash}, {"R2", reader, may_crash}}, crash_once),
        scenario("shared-1w3r", "shared: 1 writer, 3 readers, one reader is killed", shared, nobody_forgotten,
                 {{"W", writer}, {"R1", reader, may_crash}, {"R2", reader, may_crash}, {"R3", reader, may_crash}},
                 crash_once),
        scenario("shared-sem-2r", "shared semaphore: 1 write of 2, 2 readers, one is killed", shared_semaphore,
                 nobody_forgotten, {{"W", writer_of_two}, {"R1", reader, may_crash}, {"R2", reader, may_crash}},
                 crash_once),
        // LOOK: nobody comes after the writer that was killed before its wake, and the sleepers wake by themselves.
        scenario("look-dead-w", "looks: a writer is killed, 2 readers", looking, nobody_forgotten,
                 {{"W", writer_of_two, may_crash}, {"R1", reader}, {"R2", reader}}, crash_and_looks),
        scenario("look-timed", "looks: a writer is killed, 1 reader with a deadline", looking, nobody_forgotten,
                 {{"W", writer, may_crash}, {"R", timed_reader}}, crash_and_looks),
        scenario("shared-dead-w", "shared: a writer is killed, a later one writes, 2 readers", shared, nobody_forgotten,
                 {{"W", writer, may_crash},
                  {"LW",
                   [] {
                       await_end_of(0);
                       write_fast(1);
                   }},
                  {"R1", reader},
                  {"R2", reader}},
                 crash_once),
    };
}

} // namespace

std::vector<scenario> packed_scenarios() {
    return joined({plain_ones(), more_plain_ones(), semaphores(), shared_ones()});
}

} // namespace explore
