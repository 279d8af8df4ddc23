// SPDX-License-Identifier: MIT
// Configurations in the sealed regime and on the way into it: huge counts, writers that wait for room, signals.
#include "explorer/object_parts.hpp"

namespace explore {
namespace {

constexpr std::uint64_t full = ceiling - 1;

// Sealed, and nothing in it: made as a plain object, read empty, then given its flags.
void make_empty(unsigned flags) {
    make_world(packed_limit, flags & ~flag_semaphore);
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
    w().given = wide_sum{};
    efd::core::context_layout::set_flags(w().object, flags);
}
void empty() { make_empty(0); }
void empty_semaphore() { make_empty(flag_semaphore); }
void empty_looking() { make_empty(flag_shared | flag_looks); }
void empty_shared() { make_empty(flag_shared); }
void brimful() { make_world(full, 0); }
void brimful_semaphore() { make_world(full, flag_semaphore); }
void nearly_full() { make_world(full - 1, 0); }
void packed_empty() { make_world(0, 0); }
void small() { make_world(5, 0); }

void filling_writer() { (void)write_some(full - 5); }
void trying_filler() { (void)write_some(full - 5, wait_opts{.blocking = efd::core::blocking::never}); }
void timed_writer() {
    const status result = write_some(1, wait_opts{.deadline_ns = 1});
    must(result == status::ok || result == status::timed_out, "a timed write ended otherwise");
}
void stoppable_writer() {
    const std::stop_token token = w().stop.get_token();
    const status result = write_some(1, wait_opts{.stop = &token});
    must(result == status::ok || result == status::cancelled, "a cancellable write ended otherwise");
}

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

std::vector<scenario> sealed_ones() {
    return {
        scenario("sealed-1w1r", "sealed: 1 writer, 1 reader, weak failure", empty, audit,
                 {{"W", writer}, {"R", reader}}, weak_once),
        scenario("sealed-2w1r", "sealed: 2 writers, 1 reader", empty, audit,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}),
        scenario("sealed-1w2r", "sealed: 1 writer, 2 readers, spurious return", empty, audit,
                 {{"W", writer}, {"R1", reader}, {"R2", reader}}, spurious_once),
        scenario("sealed-2w2r", "sealed: 2 writers, 2 readers, 2 preemptions", empty, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader}, {"R2", reader}}, {.preemptions = 2})
            .large(),
        scenario("sealed-sem", "sealed semaphore: 1 write of 2, 2 readers", empty_semaphore, audit,
                 {{"W", writer_of_two}, {"R1", reader}, {"R2", reader}}),
        scenario("sealed-timed", "sealed: 1 writer, 1 timed reader, 1 reader", empty, audit,
                 {{"W", writer}, {"T", timed_reader}, {"R", reader}}),
    };
}

std::vector<scenario> more_sealed_ones() {
    return {
        scenario("sealed-cancel", "sealed: canceller, 1 cancellable reader", empty, nobody_sleeps,
                 {{"C", canceller}, {"R", stoppable_reader}}),
        scenario("sealed-cancel-old", "sealed, sleep on one word: canceller, 1 cancellable reader", empty,
                 nobody_sleeps, {{"C", canceller}, {"R", stoppable_reader}}, old_kernel),
        scenario("sealed-shared", "sealed, shared: 1 writer, 2 readers, one is killed", empty_shared, nobody_forgotten,
                 {{"W", writer}, {"R1", reader, may_crash}, {"R2", reader, may_crash}}, crash_once),
        scenario("sealed-look", "sealed, looks: a writer is killed, 1 reader", empty_looking, nobody_forgotten,
                 {{"W", writer, may_crash}, {"R", reader}}, crash_and_looks),
        scenario("sealed-data-slow", "sealed: 1 slow writer with data, 1 reader", empty, audit,
                 {{"W", telling_slow_writer}, {"R", believing_reader}}),
        scenario("sealed-data", "sealed: 1 writer with data, 1 reader", empty, audit,
                 {{"W", telling_writer}, {"R", believing_reader}}),
    };
}

std::vector<scenario> room_ones() {
    return {
        scenario("room-1w1r", "full: 1 writer waits for room, 1 reader, weak failure", brimful, audit,
                 {{"W", writer}, {"R", reader}}, weak_once),
        scenario("room-2w1r", "full: 2 writers wait for room, 1 reader", brimful, audit,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}),
        scenario("room-sem", "full semaphore: 2 writers wait for room, 1 reader", brimful_semaphore, audit,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}),
        scenario("room-data", "full: 1 writer, 1 reader with data", brimful, audit,
                 {{"W", believing_writer}, {"R", telling_reader}}),
        scenario("room-timed", "full: 1 timed writer, 1 writer, 1 reader", brimful, audit,
                 {{"T", timed_writer}, {"W", writer}, {"R", reader}}),
        scenario("room-cancel", "full: canceller, 1 cancellable writer", brimful, nobody_sleeps,
                 {{"C", canceller}, {"W", stoppable_writer}}),
        scenario("room-cancel-old", "full, sleep on one word: canceller, 1 cancellable writer", brimful, nobody_sleeps,
                 {{"C", canceller}, {"W", stoppable_writer}}, old_kernel),
        scenario("room-last", "room for one: 2 writers, 1 signaller", nearly_full, audit,
                 {{"W1", timed_writer}, {"W2", timed_writer}, {"S", signaller}}),
        scenario("top-signals", "full: 2 signallers, 1 reader", brimful, audit,
                 {{"S1", signaller}, {"S2", signaller}, {"R", reader}}),
    };
}

std::vector<scenario> sealing_with_old_kernel() {
    return {
        scenario("seal-cancel-old", "sleep on one word: 1 huge writer seals, canceller, 1 cancellable reader",
                 packed_empty, nobody_sleeps, {{"H", huge_writer}, {"C", canceller}, {"R", stoppable_reader}},
                 old_kernel)
            .large(),
    };
}

std::vector<scenario> sealing_ones() {
    return {
        scenario("seal-1r", "1 huge writer seals, 1 reader", packed_empty, audit, {{"H", huge_writer}, {"R", reader}}),
        scenario("seal-2r", "1 huge writer seals, 1 writer, 2 readers, 2 preemptions", packed_empty, audit,
                 {{"H", huge_writer}, {"W", writer}, {"R1", reader}, {"R2", reader}}, {.preemptions = 2})
            .large(),
        scenario("seal-1w1r", "1 huge writer seals, 1 writer, 1 reader", packed_empty, audit,
                 {{"H", huge_writer}, {"W", writer}, {"R", reader}}),
        scenario("seal-add", "adds of 1 at the packed limit: 2 writers, 1 reader", packed_top, audit,
                 {{"W1", writer}, {"W2", writer}, {"R", reader}}),
        scenario("seal-timed", "1 huge writer seals, 1 timed reader, 1 reader, 3 preemptions", packed_empty, audit,
                 {{"H", huge_writer}, {"T", timed_reader}, {"R", reader}}, {.preemptions = 3}),
        scenario("seal-timed-all", "1 huge writer seals, 1 timed reader, 1 reader", packed_empty, audit,
                 {{"H", huge_writer}, {"T", timed_reader}, {"R", reader}})
            .large(),
        scenario("seal-cancel", "1 huge writer seals, canceller, 1 cancellable reader", packed_empty, nobody_sleeps,
                 {{"H", huge_writer}, {"C", canceller}, {"R", stoppable_reader}}),
        scenario("seal-full", "from 5: one write fills up, 1 writer, 1 reader", small, audit,
                 {{"F", filling_writer}, {"W", writer}, {"R", reader}}),
        scenario("seal-full-2", "from 5: one try fills up, 2 writers and no reader", small, audit,
                 {{"F", trying_filler}, {"W1", timed_writer}, {"W2", writer}}),
    };
}

} // namespace

std::vector<scenario> sealed_scenarios() {
    return joined({sealed_ones(), more_sealed_ones(), room_ones(), sealing_ones(), sealing_with_old_kernel()});
}

} // namespace explore
