// SPDX-License-Identifier: MIT
// tests/bench/report_test.cpp: the bench's output: 80 columns, the load beside the figures that it makes doubtful, the
// JSON.
#include "bench/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

namespace efd::bench {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Truly;

machine with_load(double load) { return {"6.1.0", "x86_64", "A Processor", 2, load}; }

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

const auto fits = Truly([](const std::string& line) { return line.size() <= columns; });

// As run_row returns it, for a row with these values of each subject.
row_result result_of(std::vector<std::pair<std::string, std::vector<double>>> values, std::vector<gate> gates) {
    row what;
    what.name = "pingpong_same_core_linger"; // the longest
    what.title = "round trip";
    what.unit = "bytes";
    what.loss = "That is how it is";
    what.gates = std::move(gates);
    for (auto& [name, each] : values) {
        // The rows' own counters are in the row's process, so each call of a round returns the next value there.
        auto at = std::make_shared<std::size_t>(0);
        what.subjects.push_back({name, [all = each, at] { return all[(*at)++ % all.size()]; }});
    }
    what.rounds_full = 3;
    return run_row(what, settings{}, {});
}

row_result lost() {
    return result_of({{"kernel", {10, 10, 10}}, {"efd", {20, 5, 40}}, {"moodycamel", {1, 1, 1}}},
                     {{"efd", 2, best_peer}});
}

TEST(report, a_line_fits_whatever_the_numbers) {
    for (const double size : {1e-9, 0.5, 9.999, 99.99, 999.9, 99'999.0, 999'999.0, 9'999'999.0, 1e8, 9e11}) {
        const row_result result = result_of({{"kernel", {size}}, {"efd", {1}}, {"floor", {size}}, {"uv_async", {size}}},
                                            {{"efd", -1, absolute}});
        for (const double load : {0.0, 99.5}) {
            EXPECT_THAT(lines_of(line_of(result, with_load(load), false)), Each(fits)) << size;
            EXPECT_THAT(lines_of(details_of(result, with_load(load), false)), Each(fits)) << size;
            EXPECT_THAT(lines_of(losses({result}, with_load(load))), Each(fits)) << size;
        }
    }
    EXPECT_THAT(lines_of(heading(false)), Each(fits));
    EXPECT_THAT(lines_of(legend()), Each(fits));
}

TEST(report, what_every_row_says_of_itself_fits) {
    settings how;
    how.cpus = {0, 1};
    how.dropin = "/nowhere/libefd-dropin.so";
    for (const row& one : all_rows(how)) {
        row_result hung;
        hung.what = one;
        hung.has_failed = true;
        hung.why_not = "subject std_semaphore did not end in 3600 s; skipped";
        EXPECT_THAT(lines_of(line_of(hung, with_load(1), false)), Each(fits)) << one.name;
        EXPECT_THAT(lines_of(details_of(hung, with_load(1), false)), Each(fits)) << one.name;
        EXPECT_THAT(lines_of(losses({hung}, with_load(1))), Each(fits)) << one.name;
        EXPECT_LE(one.name.size(), 25U) << one.name;
        EXPECT_LE(one.unit.size(), 5U) << one.name;
        EXPECT_LE(one.title.size(), 45U) << one.name;
        EXPECT_FALSE(one.title.empty()) << one.name;
    }
}

TEST(report, a_busy_machine_is_said_first_and_beside_each_miss) {
    EXPECT_THAT(opening(with_load(2.1), "1.2.3"), HasSubstr("Caution: the load is above the number of processors"));
    EXPECT_THAT(lines_of(opening(with_load(99999), "1.2.3")), Each(fits));
    EXPECT_THAT(line_of(lost(), with_load(2.1), false), HasSubstr("missed*"));
    EXPECT_THAT(details_of(lost(), with_load(2.1), false), HasSubstr("missed*"));
    EXPECT_THAT(losses({lost()}, with_load(2.1)), HasSubstr("missed*"));
    EXPECT_THAT(losses({lost()}, with_load(2.1)), HasSubstr("\n* load 2.1 on 2 processors"));
}

TEST(report, a_quiet_machine_is_not_blamed) {
    EXPECT_THAT(opening(with_load(2.0), "1.2.3"), Not(HasSubstr("Caution")));
    EXPECT_THAT(line_of(lost(), with_load(2.0), false), HasSubstr(" missed\n"));
    EXPECT_THAT(losses({lost()}, with_load(2.0)), Not(HasSubstr("*")));
}

TEST(report, the_machine_stands_before_the_numbers) {
    EXPECT_EQ(opening(with_load(0.5), "1.2.3"),
              "efd 1.2.3, Linux 6.1.0, x86_64, load 0.5 on 2 processors, A Processor\n");
}

TEST(report, a_loss_is_told_in_words) {
    const std::string text = losses({lost()}, with_load(0));
    EXPECT_THAT(text, HasSubstr("0 of 1 aims met."));
    EXPECT_THAT(text, HasSubstr("0.50x, slower than the kernel's"));
    EXPECT_THAT(text, HasSubstr("20.00 x moodycamel"));
    EXPECT_THAT(text, HasSubstr("That is how it is."));
}

TEST(report, a_row_that_was_given_up_is_told) {
    row_result hung = lost();
    hung.has_failed = true;
    hung.why_not = "subject pipe did not end in 60 s; skipped";
    EXPECT_THAT(line_of(hung, with_load(0), false), HasSubstr("subject pipe did not end in 60 s"));
    EXPECT_THAT(losses({hung}, with_load(0)), HasSubstr("subject pipe did not end in 60 s"));
}

TEST(report, json_has_the_machine_and_what_a_figure_needs) {
    const auto json = to_json({lost()}, with_load(2.5), "1.2.3");
    EXPECT_EQ(json["version"], "1.2.3");
    EXPECT_EQ(json["kernel"], "6.1.0");
    EXPECT_EQ(json["machine"]["processors"], 2);
    EXPECT_EQ(json["machine"]["architecture"], "x86_64");
    EXPECT_EQ(json["machine"]["processor"], "A Processor");
    EXPECT_EQ(json["load"], 2.5);
    EXPECT_EQ(json["busy"], true);
    const auto& row = json["rows"].at(0);
    EXPECT_EQ(row["title"], "round trip");
    EXPECT_EQ(row["kernel_over_efd"], (nlohmann::ordered_json{{"median", 0.5}, {"min", 0.25}, {"max", 2.0}}));
    EXPECT_EQ(row["best_peer"], "moodycamel");
    EXPECT_EQ(row["gates"].at(0)["against"], "moodycamel");
    EXPECT_EQ(row["gates"].at(0)["met"], false);
}

TEST(latencies, a_bucket_holds_its_value_and_is_at_most_a_32nd_above) {
    std::int64_t last = -1;
    for (std::size_t place = 0; place < latencies::places; ++place) {
        const std::int64_t greatest = latencies::greatest_in(place);
        ASSERT_GT(greatest, last);
        ASSERT_EQ(latencies::place_of(static_cast<std::uint64_t>(greatest)), place);
        ASSERT_EQ(latencies::place_of(static_cast<std::uint64_t>(last + 1)), place);
        ASSERT_LE((greatest - last - 1) * 32, last + 1) << place;
        last = greatest;
    }
}

TEST(latencies, shares_are_those_of_what_was_added) {
    latencies some;
    EXPECT_EQ(some.at_share(0.5), 0);
    for (int i = 0; i < 990; ++i) some.add(10);
    for (int i = 0; i < 9; ++i) some.add(50);
    some.add(1'000'000);
    some.add(-5); // a clock that went back
    EXPECT_EQ(some.number(), 1001U);
    EXPECT_EQ(some.at_share(0.5), 10);
    EXPECT_EQ(some.at_share(0.995), 50);
    EXPECT_EQ(some.at_share(1), 1'000'000);
    EXPECT_EQ(some.buckets().size(), 4U);
}

// A row whose subject efd adds 100 latencies of each round.
row_result sampled_row() {
    row what;
    what.name = "sampled";
    what.sampled = "one signal, until it is taken";
    what.place = {"some", "threads", 4};
    what.rounds_full = 3;
    what.subjects = {{"kernel", [] { return 2.0; }}, {"efd", {}, [](latencies& into) {
                                                          for (int i = 0; i < 100; ++i) into.add(1000);
                                                          return 1.0;
                                                      }}};
    return run_row(what, settings{}, {});
}

TEST(report, latencies_of_all_rounds_come_from_the_rows_process) {
    const row_result result = sampled_row();
    const auto row = to_json({result}, with_load(0), "1.2.3")["rows"].at(0);
    EXPECT_EQ(row["subjects"]["efd"]["median"], 1.0);
    EXPECT_EQ(row["latency"]["of"], "one signal, until it is taken");
    ASSERT_EQ(row["latency"]["subjects"].size(), 1U); // the kernel's has none
    const auto& efd = row["latency"]["subjects"]["efd"];
    EXPECT_EQ(efd["calls"], 300);
    EXPECT_EQ(efd["max"], 1000);
    EXPECT_EQ(efd["buckets"], nlohmann::ordered_json::parse("[[1007, 300]]"));
    EXPECT_EQ(row["series"], (nlohmann::ordered_json{{"name", "some"}, {"by", "threads"}, {"at", 4.0}}));
    const std::string details = details_of(result, with_load(0), false);
    EXPECT_THAT(details, HasSubstr("latency of one signal, until it is taken, ns:"));
    EXPECT_THAT(lines_of(details), Each(fits));
}

TEST(report, long_text_is_cut_between_words) {
    const std::string words = wrapped(std::string(40, 'a') + " " + std::string(40, 'b') + " c", 2);
    EXPECT_EQ(words, std::string(40, 'a') + "\n  " + std::string(40, 'b') + " c");
}

} // namespace
} // namespace efd::bench
