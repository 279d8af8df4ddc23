// SPDX-License-Identifier: MIT
// Configurations in the sealed regime and on the way into it: huge counts, writers that wait for room, signals.
#include "explorer/scenarios.hpp"
#include "explorer/world.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::ceiling;
using efd::core::flag_semaphore;
using efd::core::flag_shared;
using efd::core::packed_limit;
using efd::core::wait_terms;

constexpr std::uint64_t full = ceiling - 1;

// Sealed, and nothing in it: made as a plain object, read empty, then given its flags.
void make_empty(unsigned flags) {
    make_world(packed_limit, 0);
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
    w().given = wide_sum{};
    efd::core::context_layout::set_flags(w().object, flags);
}
void empty() { make_empty(0); }
void empty_semaphore() { make_empty(flag_semaphore); }
void empty_shared() { make_empty(flag_shared); }
void brimful() { make_world(full, 0); }
void brimful_semaphore() { make_world(full, flag_semaphore); }
void nearly_full() { make_world(full - 1, 0); }
void packed_empty() { make_world(0, 0); }
void packed_top() { make_world(packed_limit - 1, 0); }
void small() { make_world(5, 0); }

void writer() { write_fast(1); }
void writer_of_two() { write_fast(2); }
void huge_writer() { write_fast(packed_limit); }
void filling_writer() { (void)write_some(full - 5); }
void trying_filler() { (void)write_some(full - 5, wait_terms{.sleep = efd::core::patience::never}); }
void timed_writer() {
    const status end = write_some(1, wait_terms{.deadline_ns = 1});
    must(end == status::ok || end == status::timed_out, "a timed write ended otherwise");
}
void stoppable_writer() {
    const std::stop_token token = w().stop.get_token();
    const status end = write_some(1, wait_terms{.stop = &token});
    must(end == status::ok || end == status::cancelled, "a cancellable write ended otherwise");
}
void stoppable_reader() {
    const std::stop_token token = w().stop.get_token();
    const status end = read_one(wait_terms{.stop = &token});
    must(end == status::ok || end == status::cancelled, "a cancellable read ended otherwise");
}
void canceller() { (void)w().stop.request_stop(); }
void reader() { (void)read_value(); }
void timed_reader() { (void)read_one(wait_terms{.deadline_ns = 1}); }
void signaller() { signal_once(); }

// Data in the sealed regime: who reads a writer's units sees what was written before.
void telling_writer() {
    w().payload[0].store(1, efd::base::relaxed);
    write_fast(1);
}
void telling_slow_writer() { // without the void add on the sealed word, which would hand the data over as well
    w().payload[0].store(1, efd::base::relaxed);
    (void)write_some(1);
}
void believing_reader() {
    (void)read_value();
    must(w().payload[0].load(efd::base::relaxed) == 1, "the writer's data is not seen");
}
// And who writes into room sees what the reader that made it did before.
void telling_reader() {
    w().payload[1].store(1, efd::base::relaxed);
    (void)read_value();
}
void believing_writer() {
    (void)write_some(1);
    must(w().payload[1].load(efd::base::relaxed) == 1, "the reader's data is not seen");
}

std::string nobody_sleeps() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return "lost wakeup: thread " + std::to_string(i) + " sleeps on a requested stop";
    return audit();
}

constexpr budgets weak_once{.weak_failures = 1};
constexpr budgets spurious_once{.spurious_wakes = 1};
constexpr budgets crash_once{.crashes = 1};
constexpr budgets old_kernel{.one_word = 1};

std::vector<scenario> sealed_ones() {
    return {
        {
            .name = "sealed-1w1r",
            .what = "sealed: 1 writer, 1 reader, weak failure",
            .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
            .set_up = empty,
            .check = audit,
            .allowed = weak_once,
        },
        {.name = "sealed-2w1r",
         .what = "sealed: 2 writers, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = empty,
         .check = audit},
        {.name = "sealed-1w2r",
         .what = "sealed: 1 writer, 2 readers, spurious return",
         .threads = {{"W", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = empty,
         .check = audit,
         .allowed = spurious_once},
        {.name = "sealed-2w2r",
         .what = "sealed: 2 writers, 2 readers, 2 preemptions",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = empty,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
        {.name = "sealed-sem",
         .what = "sealed semaphore: 1 write of 2, 2 readers",
         .threads = {{"W", 'w', writer_of_two}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = empty_semaphore,
         .check = audit},
        {.name = "sealed-timed",
         .what = "sealed: 1 writer, 1 timed reader, 1 reader",
         .threads = {{"W", 'w', writer}, {"T", 't', timed_reader}, {"R", 'r', reader}},
         .set_up = empty,
         .check = audit},
    };
}

std::vector<scenario> more_sealed_ones() {
    return {
        {.name = "sealed-cancel",
         .what = "sealed: canceller, 1 cancellable reader",
         .threads = {{"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = empty,
         .check = nobody_sleeps},
        {.name = "sealed-cancel-old",
         .what = "sealed, sleep on one word: canceller, 1 cancellable reader",
         .threads = {{"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = empty,
         .check = nobody_sleeps,
         .allowed = old_kernel},
        {.name = "sealed-shared",
         .what = "sealed, shared: 1 writer, 2 readers, one is killed",
         .threads = {{"W", 'w', writer}, {"R1", 'r', reader, true}, {"R2", 'r', reader, true}},
         .set_up = empty_shared,
         .check = nobody_forgotten,
         .allowed = crash_once},
        {.name = "sealed-data-slow",
         .what = "sealed: 1 slow writer with data, 1 reader",
         .threads = {{"W", '-', telling_slow_writer}, {"R", '-', believing_reader}},
         .set_up = empty,
         .check = audit},
        {.name = "sealed-data",
         .what = "sealed: 1 writer with data, 1 reader",
         .threads = {{"W", '-', telling_writer}, {"R", '-', believing_reader}},
         .set_up = empty,
         .check = audit},
    };
}

std::vector<scenario> room_ones() {
    return {
        {.name = "room-1w1r",
         .what = "full: 1 writer waits for room, 1 reader, weak failure",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = brimful,
         .check = audit,
         .allowed = weak_once},
        {.name = "room-2w1r",
         .what = "full: 2 writers wait for room, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = brimful,
         .check = audit},
        {.name = "room-sem",
         .what = "full semaphore: 2 writers wait for room, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = brimful_semaphore,
         .check = audit},
        {.name = "room-data",
         .what = "full: 1 writer, 1 reader with data",
         .threads = {{"W", '-', believing_writer}, {"R", '-', telling_reader}},
         .set_up = brimful,
         .check = audit},
        {.name = "room-timed",
         .what = "full: 1 timed writer, 1 writer, 1 reader",
         .threads = {{"T", '-', timed_writer}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = brimful,
         .check = audit},
        {.name = "room-cancel",
         .what = "full: canceller, 1 cancellable writer",
         .threads = {{"C", '-', canceller}, {"W", '-', stoppable_writer}},
         .set_up = brimful,
         .check = nobody_sleeps},
        {.name = "room-cancel-old",
         .what = "full, sleep on one word: canceller, 1 cancellable writer",
         .threads = {{"C", '-', canceller}, {"W", '-', stoppable_writer}},
         .set_up = brimful,
         .check = nobody_sleeps,
         .allowed = old_kernel},
        {.name = "room-last",
         .what = "room for one: 2 writers, 1 signaller",
         .threads = {{"W1", 'w', timed_writer}, {"W2", 'w', timed_writer}, {"S", '-', signaller}},
         .set_up = nearly_full,
         .check = audit},
        {.name = "top-signals",
         .what = "full: 2 signallers, 1 reader",
         .threads = {{"S1", 's', signaller}, {"S2", 's', signaller}, {"R", 'r', reader}},
         .set_up = brimful,
         .check = audit},
    };
}

std::vector<scenario> sealing_with_old_kernel() {
    return {
        {.name = "seal-cancel-old",
         .what = "sleep on one word: 1 huge writer seals, canceller, 1 cancellable reader",
         .threads = {{"H", '-', huge_writer}, {"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = packed_empty,
         .check = nobody_sleeps,
         .allowed = old_kernel,
         .full = true},
    };
}

std::vector<scenario> sealing_ones() {
    return {
        {.name = "seal-1r",
         .what = "1 huge writer seals, 1 reader",
         .threads = {{"H", '-', huge_writer}, {"R", 'r', reader}},
         .set_up = packed_empty,
         .check = audit},
        {.name = "seal-2r",
         .what = "1 huge writer seals, 1 writer, 2 readers, 2 preemptions",
         .threads = {{"H", '-', huge_writer}, {"W", '-', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = packed_empty,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
        {.name = "seal-1w1r",
         .what = "1 huge writer seals, 1 writer, 1 reader",
         .threads = {{"H", '-', huge_writer}, {"W", '-', writer}, {"R", 'r', reader}},
         .set_up = packed_empty,
         .check = audit},
        {.name = "seal-add",
         .what = "adds of 1 at the packed limit: 2 writers, 1 reader",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R", 'r', reader}},
         .set_up = packed_top,
         .check = audit},
        {.name = "seal-timed",
         .what = "1 huge writer seals, 1 timed reader, 1 reader, 3 preemptions",
         .threads = {{"H", '-', huge_writer}, {"T", '-', timed_reader}, {"R", '-', reader}},
         .set_up = packed_empty,
         .check = audit,
         .allowed = {.preemptions = 3}},
        {.name = "seal-timed-all",
         .what = "1 huge writer seals, 1 timed reader, 1 reader",
         .threads = {{"H", '-', huge_writer}, {"T", '-', timed_reader}, {"R", '-', reader}},
         .set_up = packed_empty,
         .check = audit,
         .full = true},
        {.name = "seal-cancel",
         .what = "1 huge writer seals, canceller, 1 cancellable reader",
         .threads = {{"H", '-', huge_writer}, {"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = packed_empty,
         .check = nobody_sleeps},
        {.name = "seal-full",
         .what = "from 5: one write fills up, 1 writer, 1 reader",
         .threads = {{"F", '-', filling_writer}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = small,
         .check = audit},
        {.name = "seal-full-2",
         .what = "from 5: one try fills up, 2 writers and no reader",
         .threads = {{"F", '-', trying_filler}, {"W1", 'w', timed_writer}, {"W2", 'w', writer}},
         .set_up = small,
         .check = audit},
    };
}

} // namespace

std::vector<scenario> sealed_scenarios() {
    std::vector<scenario> all = sealed_ones();
    for (const auto& some : {more_sealed_ones(), room_ones(), sealing_ones(), sealing_with_old_kernel()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
