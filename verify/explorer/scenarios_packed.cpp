// SPDX-License-Identifier: MIT
// Configurations on the packed word: readers and writers, both modes, private and shared, and the order of data.
#include "explorer/scenarios.hpp"
#include "explorer/world.hpp"

namespace explore {
namespace {

using efd::core::flag_semaphore;
using efd::core::flag_shared;

void plain() { make_world(0, 0); }
// A second writer may meet the mark in the short time between the first one's wake and its settling.
void plain_overlapping() {
    make_world(0, 0);
    w().wakes_for_one = 2;
}
void semaphore() { make_world(0, flag_semaphore); }
void shared() { make_world(0, flag_shared); }
void shared_semaphore() { make_world(0, flag_shared | flag_semaphore); }

void writer() { write_fast(1); }
void writer_of_two() { write_fast(2); }
void twice_writer() {
    write_fast(1);
    write_fast(1);
}
void zero_writer() { write_fast(0); }
void slow_writer() { (void)write_some(1); }
void signaller() { signal_once(); }
void reader() { (void)read_value(); }
void twice_reader() {
    (void)read_value();
    (void)read_value();
}
void trier() {
    std::uint64_t value = 0;
    if (w().object.try_read(value) == efd::base::status::ok) w().taken.add(value);
}

// Data written before a write is seen by whoever reads that write's units: writer i adds one in a byte of its own.
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

constexpr budgets weak_once{.weak_failures = 1};
constexpr budgets crash_once{.crashes = 1};

std::vector<scenario> plain_ones() {
    return {
        {.name = "plain-1w1r",
         .what = "1 writer, 1 reader",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = plain,
         .check = audit_with_calls,
         .counts_calls = true},
        {.name = "plain-2w1r",
         .what = "2 writers, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = plain_overlapping,
         .check = audit_with_calls,
         .counts_calls = true},
        {.name = "plain-1w2r",
         .what = "1 writer, 2 readers",
         .threads = {{"W", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = plain,
         .check = audit_with_calls,
         .counts_calls = true},
        {.name = "plain-2w2r",
         .what = "2 writers, 2 readers, weak failures",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .allowed = weak_once},
        {.name = "plain-2ww2r",
         .what = "1 writer twice, 1 slow writer, 2 readers",
         .threads = {{"W1", 'v', twice_writer}, {"W2", 'w', slow_writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = plain,
         .check = audit},
        {.name = "plain-3w2r",
         .what = "3 writers, 2 readers",
         .threads =
             {{"W1", 'w', writer}, {"W2", 'w', writer}, {"W3", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .full = true},
        {.name = "plain-2w3r",
         .what = "2 writers, 3 readers",
         .threads =
             {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}, {"R3", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .full = true},
    };
}

std::vector<scenario> more_plain_ones() {
    return {
        {.name = "plain-try",
         .what = "signaller, write of 0, reader, try reader",
         .threads = {{"S", '-', signaller}, {"W0", '-', zero_writer}, {"R", 'r', reader}, {"T", '-', trier}},
         .set_up = plain,
         .check = audit},
        {.name = "plain-data",
         .what = "2 writers with data, 1 reader twice",
         .threads = {{"W0", '-', telling_writer<0>}, {"W1", '-', telling_writer<1>}, {"R", '-', believing_reader}},
         .set_up = plain,
         .check = audit},
        {.name = "plain-data-slow",
         .what = "2 slow writers with data, 1 reader",
         .threads = {{"W0", '-', telling_slow_writer<0>},
                     {"W1", '-', telling_slow_writer<1>},
                     {"R", '-', believing_reader}},
         .set_up = plain,
         .check = audit},
        {.name = "plain-data-again",
         .what = "2 writers of one amount with data, 2 readers in turn",
         .threads =
             {{"W1", '-', writer}, {"R1", '-', first_reader}, {"W2", '-', second_writer}, {"R2", '-', second_reader}},
         .set_up = plain,
         .check = conserved},
        {.name = "plain-rr",
         .what = "2 writers, 1 reader twice, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"RR", '-', twice_reader}, {"R", 'r', reader}},
         .set_up = plain,
         .check = audit},
    };
}

std::vector<scenario> semaphores() {
    return {
        {.name = "sem-1w2r",
         .what = "semaphore: 1 write of 2, 2 readers",
         .threads = {{"W", 'w', writer_of_two}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = semaphore,
         .check = audit},
        {.name = "sem-2w2r",
         .what = "semaphore: 2 writers, 2 readers, weak failure",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = semaphore,
         .check = audit,
         .allowed = weak_once},
        {.name = "sem-2w3r",
         .what = "semaphore: 1 write of 2, 1 writer, 3 readers, 2 preemptions",
         .threads = {{"W1", 'v', writer_of_two},
                     {"W2", 'w', writer},
                     {"R1", 'r', reader},
                     {"R2", 'r', reader},
                     {"R3", 'r', reader}},
         .set_up = semaphore,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
        {.name = "sem-3w2r",
         .what = "semaphore: 3 writers, 2 readers, 2 preemptions",
         .threads =
             {{"W1", 'w', writer}, {"W2", 'w', writer}, {"W3", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = semaphore,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
    };
}

std::vector<scenario> shared_ones() {
    return {
        {.name = "shared-2w2r",
         .what = "shared: 2 writers, 2 readers, one reader is killed",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader, true}, {"R2", 'r', reader, true}},
         .set_up = shared,
         .check = nobody_forgotten,
         .allowed = crash_once},
        {.name = "shared-1w2r",
         .what = "shared: 1 writer, 2 readers, one reader is killed",
         .threads = {{"W", 'w', writer}, {"R1", 'r', reader, true}, {"R2", 'r', reader, true}},
         .set_up = shared,
         .check = nobody_forgotten,
         .allowed = crash_once},
        {.name = "shared-sem-2r",
         .what = "shared semaphore: 1 write of 2, 2 readers, one is killed",
         .threads = {{"W", 'w', writer_of_two}, {"R1", 'r', reader, true}, {"R2", 'r', reader, true}},
         .set_up = shared_semaphore,
         .check = nobody_forgotten,
         .allowed = crash_once},
        {.name = "shared-dead-w",
         .what = "shared: a writer is killed, a later one writes, 2 readers",
         .threads = {{"W", '-', writer, true},
                     {"LW", '-',
                      [] {
                          await_end_of(0);
                          write_fast(1);
                      }},
                     {"R1", 'r', reader},
                     {"R2", 'r', reader}},
         .set_up = shared,
         .check = nobody_forgotten,
         .allowed = crash_once},
    };
}

} // namespace

std::vector<scenario> packed_scenarios() {
    std::vector<scenario> all = plain_ones();
    for (const auto& some : {more_plain_ones(), semaphores(), shared_ones()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
