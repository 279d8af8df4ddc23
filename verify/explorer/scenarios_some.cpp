// SPDX-License-Identifier: MIT
// Configurations of reads that take a part and leave the rest: REST. Of a plain object, where a write wakes one reader
// as if it took all, a reader that leaves a rest wakes the next.
#include "explorer/object_parts.hpp"

namespace explore {
namespace {

using efd::core::blocking;

void semaphore_of_three() { make_world(3, flag_semaphore); }
void empty_sealed() {
    make_world(packed_limit, 0);
    std::uint64_t value = 0;
    (void)w().object.try_read(value);
    w().given = wide_sum{};
}
void nearly_sealed() { make_world(packed_limit - 1, 0); }

void writer_of_three() { write_fast(3); }
void one_reader() { must(read_up_to(1) == 1, "a read of up to one that sleeps took none"); }
void two_reader() { (void)read_up_to(2); }
void trier() { (void)read_up_to(2, wait_opts{.blocking = blocking::never}); }
void timed_one_reader() { (void)read_up_to(1, wait_opts{.deadline_ns = 1}); }
void stoppable_one_reader() {
    const std::stop_token token = w().stop.get_token();
    (void)read_up_to(1, wait_opts{.stop = &token});
}

std::vector<scenario> packed_ones() {
    return {
        scenario("some-1w2r", "1 write of 2, 2 readers of one that sleep, weak failure", plain, audit,
                 {{"W", writer_of_two}, {"R1", one_reader}, {"R2", one_reader}}, weak_once),
        scenario("some-1w3r", "1 write of 3, 2 readers of one, 1 of all, 2 preemptions", plain, audit,
                 {{"W", writer_of_three}, {"R1", one_reader}, {"R2", one_reader}, {"A", reader}}, {.preemptions = 2}),
        scenario("some-try", "1 write of 3, 1 that tries to take two, 1 reader of one", plain, audit,
                 {{"W", writer_of_three}, {"T", trier}, {"R", one_reader}}),
        scenario("some-timed", "1 write of 2, 1 timed reader of one, 1 reader of one", plain, audit,
                 {{"W", writer_of_two}, {"T", timed_one_reader}, {"R", one_reader}}),
        scenario("some-cancel", "1 write of 2, 1 reader of one with a stop, 1 reader of one, 2 preemptions", plain,
                 audit, {{"W", writer_of_two}, {"C", canceller}, {"S", stoppable_one_reader}, {"R", one_reader}},
                 {.preemptions = 2}),
        scenario("some-sem", "semaphore: 1 write of 2, 1 reader of two, 1 reader of one", semaphore, audit,
                 {{"W", writer_of_two}, {"R1", two_reader}, {"R2", reader}}),
        scenario("some-sem-drain", "semaphore of three: 2 that try to take two, 1 reader", semaphore_of_three, audit,
                 {{"T1", trier}, {"T2", trier}, {"R", reader}}),
        scenario("stop-some", "2 writers, 2 readers of one, one stops", plain, audit_with_stops,
                 {{"W1", writer}, {"W2", writer}, {"R1", one_reader}, {"R2", one_reader}}, one_of_two_preemptions),
    };
}

std::vector<scenario> sealed_ones() {
    return {
        scenario("some-sealed", "sealed: 1 write of 2, 2 readers of one", empty_sealed, audit,
                 {{"W", writer_of_two}, {"R1", one_reader}, {"R2", one_reader}}, {.preemptions = 3}),
        scenario("some-seal", "2 writers at the packed limit seal, 2 that try to take two, 2 preemptions",
                 nearly_sealed, audit, {{"W1", writer}, {"W2", writer}, {"T1", trier}, {"T2", trier}},
                 {.preemptions = 2}),
    };
}

} // namespace

std::vector<scenario> some_scenarios() { return joined({packed_ones(), sealed_ones()}); }

} // namespace explore
