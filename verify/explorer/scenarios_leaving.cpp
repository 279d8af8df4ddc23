// SPDX-License-Identifier: MIT
// Configurations in which sleepers leave in every way: deadlines, interruptions, spurious returns, cancellation.
#include "explorer/object_parts.hpp"

namespace explore {
namespace {

void patient_reader() { (void)read_one(); } // may come back interrupted
void timed_reader() {
    const status result = read_one(wait_opts{.deadline_ns = 1});
    must(result == status::ok || result == status::timed_out || result == status::interrupted,
         "a timed read ended otherwise");
}
// Data beats cancellation: what was written before the stop was requested is read in spite of it (K-097).
void writing_canceller() {
    write_fast(1);
    (void)w().stop.request_stop();
}
void data_first_reader() {
    const std::stop_token token = w().stop.get_token();
    must(read_one(wait_opts{.stop = &token}) == status::ok, "a unit written before the stop was not taken");
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

constexpr budgets interrupted_once{.interrupts = 1};
constexpr budgets both{.spurious_wakes = 1, .interrupts = 1};

std::vector<scenario> ends_of_waits() {
    return {
        scenario("timed-1r", "1 timed reader alone", plain, audit_and_quiet_word, {{"T", timed_reader}})
            .counting_calls(),
        scenario("timed-1w1r", "1 writer, 1 timed reader", plain, audit, {{"W", writer}, {"T", timed_reader}})
            .counting_calls(),
        scenario("timed-2r", "1 writer, 1 timed reader, 1 reader", plain, audit,
                 {{"W", writer}, {"T", timed_reader}, {"R", reader}}),
        scenario("timed-3r", "1 writer, 2 timed readers, 1 reader", plain, audit,
                 {{"W", writer}, {"T1", timed_reader}, {"T2", timed_reader}, {"R", reader}})
            .large(),
        scenario("timed-2w2r", "2 writers, 1 timed reader, 1 reader, semaphore", semaphore, audit,
                 {{"W1", writer}, {"W2", writer}, {"T", timed_reader}, {"R", reader}})
            .large(),
        scenario("timed-2t1r", "2 writers, 2 timed readers, 1 reader, 2 preemptions", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"T1", timed_reader}, {"T2", timed_reader}, {"R", reader}},
                 {.preemptions = 2})
            .large(),
    };
}

std::vector<scenario> interruptions() {
    return {
        scenario("quiet-1w1r", "1 writer, 1 reader: no mark stays behind", plain, audit_and_quiet_word,
                 {{"W", writer}, {"R", reader}})
            .counting_calls(),
        scenario("eintr-1r", "1 reader alone, one EINTR", plain, audit_and_quiet_word, {{"R", patient_reader}},
                 interrupted_once)
            .counting_calls(),
        scenario("spurious-2w2r", "2 writers, 2 readers, one spurious return", plain, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", reader}, {"R2", reader}}, spurious_once),
        scenario("eintr-2r", "1 writer, 2 readers, one EINTR, one spurious return", plain, audit,
                 {{"W", writer}, {"R1", patient_reader}, {"R2", patient_reader}}, both),
        scenario("eintr-sem", "2 writers, 2 readers, one EINTR, semaphore", semaphore, audit,
                 {{"W1", writer}, {"W2", writer}, {"R1", patient_reader}, {"R2", patient_reader}}, interrupted_once)
            .large(),
    };
}

std::vector<scenario> cancellations() {
    return {
        scenario("cancel-1r", "canceller, 1 cancellable reader", plain, nobody_sleeps,
                 {{"C", canceller}, {"R", stoppable_reader}}),
        scenario("cancel-1w2r", "canceller, 1 writer, 1 cancellable reader, 1 reader, 2 preemptions", plain, audit,
                 {{"C", canceller}, {"W", writer}, {"X", stoppable_reader}, {"R", reader}}, {.preemptions = 2})
            .large(),
        scenario("cancel-back", "canceller, 1 cancellable reader, 1 reader that brings the mark back", plain,
                 stopped_one_is_awake, {{"C", canceller}, {"X", stoppable_reader}, {"R", reader}}),
        scenario("cancel-2r", "canceller, 2 cancellable readers", plain, nobody_sleeps,
                 {{"C", canceller}, {"R1", stoppable_reader, apart}, {"R2", stoppable_reader, apart}})
            .large(),
        scenario("cancel-late", "canceller that writes first, 1 cancellable reader", plain, nobody_sleeps,
                 {{"C", writing_canceller}, {"R", data_first_reader}}),
        scenario("cancel-shared", "shared: canceller, 1 cancellable reader", shared, nobody_sleeps,
                 {{"C", canceller}, {"R", stoppable_reader}}),
        scenario("cancel-chosen",
                 "canceller, 1 writer, 1 cancellable reader, 1 reader: the writer may choose the cancelled one", plain,
                 audit, {{"C", canceller}, {"X", stoppable_reader}, {"W", writer}, {"R", reader}}, {.preemptions = 3}),
    };
}

// Where the kernel has no sleep on two words a cancel wakes all sleepers of the object.
std::vector<scenario> cancellations_of_all() {
    return {
        scenario("cancel-old-1r", "sleep on one word: canceller, 1 cancellable reader", plain, nobody_sleeps,
                 {{"C", canceller}, {"R", stoppable_reader}}, old_kernel),
        scenario("cancel-old-back",
                 "sleep on one word: canceller, 1 cancellable reader, 1 reader that brings the mark back", plain,
                 stopped_one_is_awake, {{"C", canceller}, {"X", stoppable_reader}, {"R", reader}}, old_kernel),
        scenario("cancel-old-2r", "sleep on one word: canceller, 2 cancellable readers", plain, nobody_sleeps,
                 {{"C", canceller}, {"R1", stoppable_reader, apart}, {"R2", stoppable_reader, apart}}, old_kernel)
            .large(),
    };
}

} // namespace

std::vector<scenario> leaving_scenarios() {
    return joined({ends_of_waits(), interruptions(), cancellations(), cancellations_of_all()});
}

} // namespace explore
