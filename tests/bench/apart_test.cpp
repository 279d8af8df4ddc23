// SPDX-License-Identifier: MIT
// tests/bench/apart_test.cpp: a row that hangs, breaks or throws is named, and the rows after it are measured.
#include "bench/bench.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace efd::bench {
namespace {

double quick() { return 1; }

[[noreturn]] double hang() {
    for (;;) ::pause();
}

row row_of(std::vector<subject> subjects) {
    row made;
    made.name = "made";
    made.subjects = std::move(subjects);
    made.rounds_full = 3;
    return made;
}

settings impatient() {
    settings how;
    how.patience_s = 1;
    return how;
}

TEST(apart, values_belong_to_their_subjects_whatever_the_order_of_the_round) {
    const row three = row_of({{"one", [] { return 1.0; }}, {"two", [] { return 2.0; }}, {"six", [] { return 6.0; }}});
    const measured_apart measured = measure_apart(three, 5, settings{}.patience_s, {});
    EXPECT_EQ(measured.why_not, "");
    EXPECT_EQ(measured.values,
              (std::vector<std::vector<double>>{std::vector<double>(5, 1.0), std::vector<double>(5, 2.0),
                                                std::vector<double>(5, 6.0)}));
}

TEST(apart, every_round_begins_with_another_subject) {
    int calls = 0; // the row's process has its own
    const auto next = [&calls] { return static_cast<double>(calls++); };
    const measured_apart measured = measure_apart(row_of({{"a", next}, {"b", next}}), 2, settings{}.patience_s, {});
    EXPECT_EQ(measured.values, (std::vector<std::vector<double>>{{0, 3}, {1, 2}}));
    EXPECT_EQ(calls, 0);
}

TEST(apart, a_row_that_hangs_is_named_and_the_next_is_measured) {
    const row_result hung = run_row(row_of({{"quick", quick}, {"hangs", hang}}), impatient(), {});
    EXPECT_TRUE(hung.has_failed);
    EXPECT_EQ(hung.why_not, "subject hangs did not end in 1 s; skipped");
    EXPECT_TRUE(hung.values.empty());
    const row_result next = run_row(row_of({{"quick", quick}}), settings{}, {});
    EXPECT_FALSE(next.has_failed);
    EXPECT_EQ(next.values.at(0).second, std::vector<double>(3, 1.0));
}

TEST(apart, what_a_hanging_row_has_started_ends_with_it) {
    int alive[2]; // has a writer as long as one of the row's processes lives
    ASSERT_EQ(::pipe(alive), 0);
    const auto hang_with_a_child = [&alive]() -> double {
        ::close(alive[0]);
        (void)::fork();
        hang();
    };
    EXPECT_TRUE(run_row(row_of({{"hangs", hang_with_a_child}}), impatient(), {}).has_failed);
    ::close(alive[1]);
    char byte = 0;
    EXPECT_EQ(::read(alive[0], &byte, 1), 0);
    ::close(alive[0]);
}

TEST(apart, a_thread_that_hangs_beside_the_measurement_ends_with_it) {
    const auto join_for_ever = []() -> double {
        std::thread other(hang);
        other.join();
        return 0;
    };
    EXPECT_TRUE(run_row(row_of({{"hangs", join_for_ever}}), impatient(), {}).has_failed);
}

TEST(apart, a_row_that_breaks_is_named_with_its_signal) {
    const auto broken = []() -> double {
        ::raise(SIGKILL);
        return 0;
    };
    const row_result result = run_row(row_of({{"quick", quick}, {"breaks", broken}}), settings{}, {});
    EXPECT_TRUE(result.has_failed);
    EXPECT_EQ(result.why_not, "subject breaks: its process ended by signal 9 (Killed)");
}

TEST(apart, what_a_row_throws_is_told) {
    const auto thrown = []() -> double { throw std::runtime_error("no such machine"); };
    EXPECT_EQ(run_row(row_of({{"throws", thrown}}), settings{}, {}).why_not, "subject throws: no such machine");
}

TEST(apart, a_row_that_this_machine_cannot_run_has_not_failed) {
    row impossible = row_of({{"hangs", hang}});
    impossible.impossible = "needs two processors";
    const row_result result = run_row(impossible, settings{}, {});
    EXPECT_FALSE(result.has_failed);
    EXPECT_EQ(result.why_not, "needs two processors");
}

TEST(apart, progress_tells_the_subject_that_is_measured) {
    std::string last;
    (void)run_row(row_of({{"quick", quick}, {"hangs", hang}}), impatient(),
                  [&last](const step& now) { last = now.subject; });
    EXPECT_EQ(last, "hangs");
}

} // namespace
} // namespace efd::bench
