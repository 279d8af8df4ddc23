// SPDX-License-Identifier: MIT
// The linearizability checker: hand-written histories first, then broken objects, then the library for a short while.
// The program `linearize` does the last two for as long as one likes.
#include "linearize/checker.hpp"
#include "linearize/mutate.hpp"
#include "linearize/run_histories.hpp"

#include "support/sanitizer.hpp"

#include <efd/detail/core/count.hpp>

#include <gtest/gtest.h>

namespace {

using namespace efd::linearize;
using efd::core::ceiling;

constexpr call took(std::uint64_t value, std::int64_t from, std::int64_t until) {
    return {.what = act::read, .value = value, .from = from, .until = until};
}
constexpr call wrote(std::uint64_t n, std::int64_t from, std::int64_t until, std::errc end = {}) {
    return {.what = act::write, .end = end, .argument = n, .from = from, .until = until};
}
constexpr call found_nothing(manner how, std::errc end, std::int64_t from, std::int64_t until) {
    return {.what = act::read, .how = how, .end = end, .from = from, .until = until};
}
constexpr call looked(std::uint64_t count, std::int64_t from, std::int64_t until) {
    return {.what = act::count, .value = count, .from = from, .until = until};
}
verdict of(std::uint64_t initial, bool semaphore, std::vector<std::vector<call>> threads) {
    history h{.regime = "by hand", .initial = initial, .semaphore = semaphore, .threads = std::move(threads)};
    return check(h).is;
}

TEST(linearize, an_order_is_found_if_there_is_one) {
    EXPECT_EQ(of(0, false, {{wrote(3, 0, 10)}, {took(3, 5, 20)}}), verdict::linearizable);
    EXPECT_EQ(of(0, false, {{wrote(3, 0, 100), took(5, 150, 160)}, {wrote(2, 50, 200)}}), verdict::linearizable);
    EXPECT_EQ(of(2, true, {{took(1, 0, 10)}, {took(1, 0, 10)}, {looked(1, 0, 10)}}), verdict::linearizable);
    EXPECT_EQ(of(ceiling - 1, false, {{wrote(1, 0, 9)}, {took(ceiling - 1, 5, 9)}}), verdict::linearizable);
}

TEST(linearize, a_signal_that_changes_nothing_now_may_be_meant_for_later) {
    const call signalled{.what = act::signal, .from = 0, .until = 100};
    EXPECT_EQ(of(ceiling, false, {{signalled, took(1, 200, 210)}, {took(ceiling, 0, 50)}}), verdict::linearizable);
    EXPECT_EQ(of(ceiling, false, {{signalled, looked(0, 200, 210)}, {took(ceiling, 0, 50)}}), verdict::linearizable);
}

TEST(linearize, what_happened_in_no_order_is_rejected) {
    EXPECT_EQ(of(0, false, {{wrote(3, 10, 20)}, {took(3, 0, 5)}}), verdict::impossible) << "read before written";
    EXPECT_EQ(of(1, true, {{took(1, 0, 10)}, {took(1, 0, 10)}}), verdict::impossible) << "one unit twice";
    EXPECT_EQ(of(2, true, {{took(2, 0, 10)}}), verdict::impossible) << "two at once from a semaphore";
    EXPECT_EQ(of(0, false, {{wrote(3, 0, 9)}, {took(1, 0, 9)}}), verdict::impossible) << "half of a write";
    EXPECT_EQ(of(ceiling - 1, false, {{wrote(1, 0, 9)}}), verdict::impossible) << "over the bound";
    EXPECT_EQ(of(0, false, {{wrote(1, 0, 9, again)}}), verdict::impossible) << "denied with room";
    EXPECT_EQ(of(0, false, {{wrote(ceiling, 0, 9, again)}}), verdict::impossible) << "EINVAL wins";
    EXPECT_EQ(of(1, false, {{looked(0, 0, 5)}}), verdict::impossible) << "a wrong look";
}

TEST(linearize, giving_up_is_an_answer_only_where_there_was_nothing) {
    const auto timed_out = [](std::int64_t from, std::int64_t until) {
        return found_nothing(manner::timed, std::errc::timed_out, from, until);
    };
    EXPECT_EQ(of(0, false, {{timed_out(0, 10)}, {wrote(1, 5, 8)}}), verdict::linearizable);
    EXPECT_EQ(of(0, false, {{timed_out(9, 10)}, {wrote(1, 5, 8)}}), verdict::impossible);
    EXPECT_EQ(of(0, false, {{timed_out(11, 10)}}), verdict::impossible) << "before its time";
    EXPECT_EQ(of(0, false, {{found_nothing(manner::blocking, again, 0, 9)}}), verdict::impossible) << "it should wait";
    EXPECT_EQ(of(0, false, {{found_nothing(manner::cancellable, std::errc::operation_canceled, INT64_MAX, 9)}}),
              verdict::impossible)
        << "nobody asked";
}

TEST(linearize, a_rejected_history_is_told_from_the_last_sure_state_on) {
    history h{.regime = "by hand",
              .threads = {{wrote(5, 0, 10), took(5, 20, 30), wrote(1, 40, 50)}, {took(2, 60, 70)}}};
    const finding f = check(h);
    ASSERT_EQ(f.is, verdict::impossible);
    EXPECT_EQ(f.thread, 1U);
    EXPECT_EQ(f.index, 0U);
    EXPECT_EQ(f.counts, std::vector<std::uint64_t>{1});
    EXPECT_EQ(f.sure.count, 1U);
    const std::string text = explain(h, f);
    EXPECT_NE(text.find("every order leads to count 1 before these 1 calls"), std::string::npos) << text;
    EXPECT_NE(text.find("-> thread 1 call    0"), std::string::npos) << text;
}

TEST(linearize, what_cannot_be_searched_is_not_passed) {
    history h{.regime = "by hand"};
    for (int t = 0; t < 4; ++t) h.threads.emplace_back(100, wrote(1, 0, 1000));
    h.threads.back().push_back(looked(1, 2000, 2010));
    EXPECT_EQ(check(h, 1000).is, verdict::undecided);
    h.threads.assign(most_threads + 1, {});
    EXPECT_EQ(check(h).is, verdict::undecided);
}

// A large write from a count of nothing, signals and a read that takes it all: at the ceiling a signal is lost, so a
// read of one unit that is denied afterwards contradicts nothing.
TEST(linearize, only_what_cannot_saturate_is_changed) {
    const auto signalled = [](std::int64_t from) { return call{.what = act::signal, .from = from, .until = 100}; };
    const auto with_first_read = [&](const call& first) {
        return history{.regime = "by hand",
                       .threads = {{signalled(0), looked(0, 200, 210)},
                                   {first, wrote(ceiling - 1, 20, 30), signalled(31)},
                                   {took(ceiling, 40, 110)}}};
    };
    const history recorded = with_first_read(took(1, 5, 10));
    const history denied = with_first_read(found_nothing(manner::at_once, again, 5, 10));
    EXPECT_EQ(check(recorded).is, verdict::linearizable);
    EXPECT_EQ(check(denied).is, verdict::linearizable);
    EXPECT_TRUE(can_saturate(recorded));

    const auto all_given = [](std::uint64_t initial, std::uint64_t n) {
        return can_saturate({.regime = "by hand", .initial = initial, .threads = {{wrote(n, 0, 9)}}});
    };
    EXPECT_FALSE(all_given(0, ceiling - 2));
    EXPECT_TRUE(all_given(0, ceiling - 1)) << "a change may say one more";
    EXPECT_FALSE(all_given(ceiling - 2, 0));
    EXPECT_TRUE(all_given(ceiling - 1, 0));
    EXPECT_TRUE(all_given(ceiling, 0));
    EXPECT_FALSE(can_saturate({.regime = "by hand", .threads = {{wrote(ceiling - 1, 0, 9, again)}}})) << "not given";
}

class broken_object : public testing::TestWithParam<broken> {};
TEST_P(broken_object, is_caught) { EXPECT_TRUE(caught(GetParam(), 1, 2000, false)); }
INSTANTIATE_TEST_SUITE_P(linearize, broken_object, testing::ValuesIn(broken_kinds),
                         [](const auto& kind) { return std::string(name_of(kind.param.with)); });

TEST(linearize, the_plain_object_is_accepted) {
    const tally t = watch_plain({.histories = 60, .seed = 1});
    EXPECT_EQ(t.failures(), 0U);
}

void expect_an_order_for_all(const tally& t, regime where) {
    EXPECT_EQ(t.rejected, 0U);
    EXPECT_EQ(t.undecided, 0U);
    EXPECT_EQ(t.lost, 0U);
    EXPECT_EQ(t.mutated, t.mutated_rejected);
    EXPECT_GT(t.histories, 0U);
    const bool saturates = where == regime::bound || where == regime::saturated;
    EXPECT_EQ(t.mutated > 0, !saturates);
}

class library : public testing::TestWithParam<regime> {};
TEST_P(library, has_an_order_for_every_history) {
    expect_an_order_for_all(watch_library({.time = std::chrono::seconds(2), .seed = 1, .only = GetParam()}),
                            GetParam());
}
TEST_P(library, has_an_order_for_every_history_of_processes) {
    expect_an_order_for_all(watch_processes({.time = std::chrono::seconds(2), .seed = 1, .only = GetParam()}),
                            GetParam());
}
INSTANTIATE_TEST_SUITE_P(linearize, library, testing::ValuesIn(regimes),
                         [](const auto& where) { return std::string(name_of(where.param)); });

class broken_between_object : public testing::TestWithParam<broken_between> {};
TEST_P(broken_between_object, is_caught) { EXPECT_TRUE(caught(GetParam(), 1, 2000, false)); }
INSTANTIATE_TEST_SUITE_P(linearize, broken_between_object, testing::ValuesIn(broken_between_processes),
                         [](const auto& kind) { return std::string(name_of(kind.param)); });

} // namespace
