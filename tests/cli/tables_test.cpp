// SPDX-License-Identifier: MIT
// tests/cli/tables_test.cpp: the command's texts and tables fit into 80 columns, whatever they contain.
#include "cli/dropin_report.hpp"
#include "cli/text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

namespace {

using efd::cli::short_number;
using efd::cli::shortened;
using efd::cli::wrapped;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

void expect_narrow(const std::string& page) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), efd::cli::columns_of_a_page) << line;
}

TEST(text, a_number_is_exact_up_to_seven_digits_and_rounded_beyond) {
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(9'999'999), "9999999");
    EXPECT_EQ(short_number(10'000'000), "10.0M");
    EXPECT_EQ(short_number(999'499'999), "999M");
    EXPECT_EQ(short_number(999'500'000), "1.00G");
    EXPECT_EQ(short_number(99'960'000), "100M");
    EXPECT_EQ(short_number(most), "18.4E");
    for (std::uint64_t n = 1; n < most / 3; n *= 3) EXPECT_LE(short_number(n).size(), 7U) << n;
}

TEST(text, what_is_too_long_keeps_both_its_ends) {
    EXPECT_EQ(shortened("libglib-2.0.so.0!g_wakeup_new+0x1f", 34), "libglib-2.0.so.0!g_wakeup_new+0x1f");
    EXPECT_EQ(shortened("libglib-2.0.so.0!g_wakeup_new+0x1f", 20), "libglib-2.._new+0x1f");
    for (std::size_t width = 0; width < 12; ++width) EXPECT_EQ(shortened("0123456789abc", width).size(), width);
}

TEST(text, lines_break_at_blanks) {
    EXPECT_EQ(wrapped("", 10), std::vector<std::string>{""});
    EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrapped("a incomprehensible b", 5), (std::vector<std::string>{"a", "incomprehensible", "b"}));
}

TEST(run_report, the_table_fits_80_columns) {
    efd::cli::dropin_report report;
    efd::cli::dropin_line line;
    line.process = 4'194'304;
    line.descriptor = 1'048'575;
    line.site = std::string(111, 's');
    line.counts = {most / 4, most / 4, 1, 1};
    report.lines.assign(100, line);
    report.lines[0].demoted = report.lines[0].promoted = true;
    report.lines[0].why = "passed to another process (SCM_RIGHTS, pidfd_getfd)";
    report.lines[1].counts = {0, 0, 12'345'678'901, 0}; // more went to the kernel than was saved
    report.eventfds = report.untracked = report.processes = report.still_running = 4'000'000'000;
    report.total = {most / 4, most / 5, 2, 2};
    expect_narrow(efd::cli::to_table(report, false));
    EXPECT_NE(efd::cli::to_table(report, false).find("\nand 80 less busy ones"), std::string::npos);
    report.why_not = "a-program-with-a-long-name is statically linked, and nothing can be preloaded into it.";
    expect_narrow(efd::cli::to_table(report, false));
    expect_narrow(efd::cli::to_table(efd::cli::dropin_report{}, false));
}

TEST(run_report, each_line_says_why) {
    efd::cli::dropin_line line;
    line.writes_unread = 3;
    line.uncached_reads = 1;
    EXPECT_EQ(explanation(line), "too little evidence: 3 of 16 writes while one is unread, 1 of 4 reads");
    line.writes_unread = 1000;
    EXPECT_EQ(explanation(line), "too little evidence: 16 of 16 writes while one is unread, 1 of 4 reads");
    line.uncached_reads = 4;
    EXPECT_NE(explanation(line).find("not promoted: a ring"), std::string::npos);
    line.promoted = true;
    EXPECT_EQ(explanation(line).find("promoted: "), 0U);
    line.demoted = true;
    line.why = "open across exec";
    EXPECT_EQ(explanation(line), "promoted, then demoted: open across exec");
}

} // namespace
