// SPDX-License-Identifier: MIT
// tests/bench/report_test.cpp: what the bench prints: 80 columns, the load beside what it makes doubtful, the JSON.
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

// As run_row would give it, of a row with the values of each subject.
row_result result_of(std::vector<std::pair<std::string, std::vector<double>>> values, std::vector<gate> gates) {
    row what;
    what.name = "pingpong_same_core_linger"; // the longest
    what.title = "round trip";
    what.unit = "bytes";
    what.loss = "That is how it is";
    what.gates = std::move(gates);
    for (auto& [name, each] : values) {
        // The rows' own counters live in the row's process, so each call of a round gives the next value there.
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

TEST(report, long_text_is_cut_between_words) {
    const std::string words = wrapped(std::string(40, 'a') + " " + std::string(40, 'b') + " c", 2);
    EXPECT_EQ(words, std::string(40, 'a') + "\n  " + std::string(40, 'b') + " c");
}

} // namespace
} // namespace efd::bench
