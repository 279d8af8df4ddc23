// SPDX-License-Identifier: MIT
// Configurations in which sleepers leave in every way: deadlines, interruptions, spurious returns, cancellation.
#include "explorer/scenarios.hpp"
#include "explorer/world.hpp"

namespace explore {
namespace {

using efd::base::status;
using efd::core::flag_semaphore;
using efd::core::flag_shared;
using efd::core::wait_terms;

void plain() { make_world(0, 0); }
void semaphore() { make_world(0, flag_semaphore); }
void shared() { make_world(0, flag_shared); }

void writer() { write_fast(1); }
void reader() { (void)read_value(); }
void patient_reader() { (void)read_one(); } // may come back interrupted
void timed_reader() {
    const status end = read_one(wait_terms{.deadline_ns = 1});
    must(end == status::ok || end == status::timed_out || end == status::interrupted, "a timed read ended otherwise");
}
void stoppable_reader() {
    const std::stop_token token = w().stop.get_token();
    const status end = read_one(wait_terms{.stop = &token});
    must(end == status::ok || end == status::cancelled, "a cancellable read ended otherwise");
}
void canceller() { (void)w().stop.request_stop(); }
// Data beats cancellation: what was written before the stop was requested is read in spite of it (K-097).
void writing_canceller() {
    write_fast(1);
    (void)w().stop.request_stop();
}
void data_first_reader() {
    const std::stop_token token = w().stop.get_token();
    must(read_one(wait_terms{.stop = &token}) == status::ok, "a unit written before the stop was not taken");
}

// Who was asked to stop and sleeps on is lost, whatever the count is; threads named C have the last word.
std::string nobody_sleeps() {
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return "lost wakeup: thread " + std::to_string(i) + " sleeps on a requested stop";
    return audit();
}

std::string stopped_one_is_awake() {
    return the_machine().sleeps(1) ? "lost wakeup: thread 1 sleeps on a requested stop" : audit();
}

// When all have left, no mark is left that would cost a writer a system call.
std::string audit_and_quiet_word() {
    if (std::string wrong = audit_with_calls(); !wrong.empty()) return wrong;
    for (int i = 0; i < the_machine().thread_count(); ++i)
        if (the_machine().sleeps(i)) return {};
    return efd::core::needs_attention(efd::core::context_layout::state(w().object)) ? "a mark without a sleeper" : "";
}

constexpr budgets spurious_once{.spurious_wakes = 1};
constexpr budgets interrupted_once{.interrupts = 1};
constexpr budgets both{.spurious_wakes = 1, .interrupts = 1};
constexpr budgets old_kernel{.one_word = 1};

std::vector<scenario> ends_of_waits() {
    return {
        {.name = "timed-1r",
         .what = "1 timed reader alone",
         .threads = {{"T", 't', timed_reader}},
         .set_up = plain,
         .check = audit_and_quiet_word,
         .counts_calls = true},
        {.name = "timed-1w1r",
         .what = "1 writer, 1 timed reader",
         .threads = {{"W", 'w', writer}, {"T", 't', timed_reader}},
         .set_up = plain,
         .check = audit,
         .counts_calls = true},
        {.name = "timed-2r",
         .what = "1 writer, 1 timed reader, 1 reader",
         .threads = {{"W", 'w', writer}, {"T", 't', timed_reader}, {"R", 'r', reader}},
         .set_up = plain,
         .check = audit},
        {.name = "timed-3r",
         .what = "1 writer, 2 timed readers, 1 reader",
         .threads = {{"W", 'w', writer}, {"T1", 't', timed_reader}, {"T2", 't', timed_reader}, {"R", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .full = true},
        {.name = "timed-2w2r",
         .what = "2 writers, 1 timed reader, 1 reader, semaphore",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"T", 't', timed_reader}, {"R", 'r', reader}},
         .set_up = semaphore,
         .check = audit,
         .full = true},
        {.name = "timed-2t1r",
         .what = "2 writers, 2 timed readers, 1 reader, 2 preemptions",
         .threads = {{"W1", 'w', writer},
                     {"W2", 'w', writer},
                     {"T1", 't', timed_reader},
                     {"T2", 't', timed_reader},
                     {"R", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
    };
}

std::vector<scenario> interruptions() {
    return {
        {.name = "quiet-1w1r",
         .what = "1 writer, 1 reader: no mark stays behind",
         .threads = {{"W", 'w', writer}, {"R", 'r', reader}},
         .set_up = plain,
         .check = audit_and_quiet_word,
         .counts_calls = true},
        {.name = "eintr-1r",
         .what = "1 reader alone, one EINTR",
         .threads = {{"R", 'r', patient_reader}},
         .set_up = plain,
         .check = audit_and_quiet_word,
         .allowed = interrupted_once,
         .counts_calls = true},
        {.name = "spurious-2w2r",
         .what = "2 writers, 2 readers, one spurious return",
         .threads = {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', reader}, {"R2", 'r', reader}},
         .set_up = plain,
         .check = audit,
         .allowed = spurious_once},
        {.name = "eintr-2r",
         .what = "1 writer, 2 readers, one EINTR, one spurious return",
         .threads = {{"W", 'w', writer}, {"R1", 'r', patient_reader}, {"R2", 'r', patient_reader}},
         .set_up = plain,
         .check = audit,
         .allowed = both},
        {.name = "eintr-sem",
         .what = "2 writers, 2 readers, one EINTR, semaphore",
         .threads =
             {{"W1", 'w', writer}, {"W2", 'w', writer}, {"R1", 'r', patient_reader}, {"R2", 'r', patient_reader}},
         .set_up = semaphore,
         .check = audit,
         .allowed = interrupted_once,
         .full = true},
    };
}

std::vector<scenario> cancellations() {
    return {
        {.name = "cancel-1r",
         .what = "canceller, 1 cancellable reader",
         .threads = {{"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = plain,
         .check = nobody_sleeps},
        {.name = "cancel-1w2r",
         .what = "canceller, 1 writer, 1 cancellable reader, 1 reader, 2 preemptions",
         .threads = {{"C", '-', canceller}, {"W", '-', writer}, {"X", '-', stoppable_reader}, {"R", '-', reader}},
         .set_up = plain,
         .check = audit,
         .allowed = {.preemptions = 2},
         .full = true},
        {.name = "cancel-back",
         .what = "canceller, 1 cancellable reader, 1 reader that brings the mark back",
         .threads = {{"C", '-', canceller}, {"X", '-', stoppable_reader}, {"R", '-', reader}},
         .set_up = plain,
         .check = stopped_one_is_awake},
        {.name = "cancel-2r",
         .what = "canceller, 2 cancellable readers",
         .threads = {{"C", '-', canceller}, {"R1", '-', stoppable_reader}, {"R2", '-', stoppable_reader}},
         .set_up = plain,
         .check = nobody_sleeps,
         .full = true},
        {.name = "cancel-late",
         .what = "canceller that writes first, 1 cancellable reader",
         .threads = {{"C", '-', writing_canceller}, {"R", '-', data_first_reader}},
         .set_up = plain,
         .check = nobody_sleeps},
        {.name = "cancel-shared",
         .what = "shared: canceller, 1 cancellable reader",
         .threads = {{"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = shared,
         .check = nobody_sleeps},
        {.name = "cancel-chosen",
         .what = "canceller, 1 writer, 1 cancellable reader, 1 reader: the writer may choose the cancelled one",
         .threads = {{"C", '-', canceller}, {"X", '-', stoppable_reader}, {"W", '-', writer}, {"R", '-', reader}},
         .set_up = plain,
         .check = audit,
         .allowed = {.preemptions = 3}},
    };
}

// Where the kernel has no sleep on two words a cancel wakes all sleepers of the object.
std::vector<scenario> cancellations_of_all() {
    return {
        {.name = "cancel-old-1r",
         .what = "sleep on one word: canceller, 1 cancellable reader",
         .threads = {{"C", '-', canceller}, {"R", '-', stoppable_reader}},
         .set_up = plain,
         .check = nobody_sleeps,
         .allowed = old_kernel},
        {.name = "cancel-old-back",
         .what = "sleep on one word: canceller, 1 cancellable reader, 1 reader that brings the mark back",
         .threads = {{"C", '-', canceller}, {"X", '-', stoppable_reader}, {"R", '-', reader}},
         .set_up = plain,
         .check = stopped_one_is_awake,
         .allowed = old_kernel},
        {.name = "cancel-old-2r",
         .what = "sleep on one word: canceller, 2 cancellable readers",
         .threads = {{"C", '-', canceller}, {"R1", '-', stoppable_reader}, {"R2", '-', stoppable_reader}},
         .set_up = plain,
         .check = nobody_sleeps,
         .allowed = old_kernel,
         .full = true},
    };
}

} // namespace

std::vector<scenario> leaving_scenarios() {
    std::vector<scenario> all = ends_of_waits();
    for (const auto& some : {interruptions(), cancellations(), cancellations_of_all()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

} // namespace explore
