// SPDX-License-Identifier: MIT
// tests/claims/coverage_test.cpp: docs/semantics.md and the claims say the same.
//
// The table there has one row for each number from K-001 to K-169: the backends, and the file. A row without a backend
// must give a reason. So a claim can be neither forgotten nor dropped unseen.
#include "conformance/framework/claim.hpp"
#include "conformance/framework/declared.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace efd::claims {
namespace {

struct row {
    std::string title;
    std::string asked_of; // "kernel, library, descriptor, two processes" and so on, or "nobody"
    std::string file;     // in conformance/claims
    std::string notes;
};

std::string trimmed(const std::string& text) {
    const auto from = text.find_first_not_of(" `");
    const auto to = text.find_last_not_of(" `");
    return from == std::string::npos ? "" : text.substr(from, to - from + 1);
}

// The rows "| K-031 | title | asked of | file | notes |"; a number that stands twice is a failure.
std::map<std::string, row> rows_of_the_table() {
    std::map<std::string, row> rows;
    std::ifstream page(EFD_SOURCE_DIR "/docs/semantics.md");
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("| K-", 0) != 0) continue;
        std::vector<std::string> cells;
        std::istringstream parts(line.substr(1));
        for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(trimmed(cell));
        if (cells.size() < 5) {
            ADD_FAILURE() << "too few columns: " << line;
            continue;
        }
        EXPECT_TRUE(rows.emplace(cells[0], row{cells[1], cells[2], cells[3], cells[4]}).second) << cells[0] << " twice";
    }
    return rows;
}

std::string asked_of(needs what) {
    switch (what) {
    case needs::object: return "kernel, library, descriptor, two processes";
    case needs::id: return "kernel, library, descriptor";
    case needs::number: return "kernel, descriptor";
    case needs::descriptor: return "kernel";
    case needs::watched: return "kernel, descriptor (every)";
    case needs::in_process: return "library";
    }
    return {};
}

bool file_has(const std::string& file, std::string id) {
    id.replace(1, 1, "_");
    std::ifstream source(EFD_SOURCE_DIR "/conformance/claims/" + file);
    std::ostringstream text;
    text << source.rdbuf();
    return text.str().find("CLAIM(" + id + ",") != std::string::npos;
}

TEST(Coverage, EveryNumberHasARow) {
    const auto rows = rows_of_the_table();
    for (int number = 1; number <= 169; ++number) {
        char id[16];
        std::snprintf(id, sizeof id, "K-%03d", number);
        EXPECT_EQ(rows.count(id), 1U) << id << " stands nowhere in docs/semantics.md";
    }
}

TEST(Coverage, EveryClaimStandsInTheTableAsItIs) {
    const auto rows = rows_of_the_table();
    for (const claim& one : all_claims()) {
        const auto found = rows.find(std::string(one.id));
        if (found == rows.end()) {
            ADD_FAILURE() << one.id << " has no row";
            continue;
        }
        EXPECT_EQ(found->second.asked_of, asked_of(one.wants)) << one.id;
        EXPECT_TRUE(file_has(found->second.file, std::string(one.id))) << one.id << " is not in " << found->second.file;
        EXPECT_FALSE(found->second.title.empty()) << one.id;
    }
}

TEST(Coverage, ARowWithoutClaimGivesAReason) {
    std::map<std::string, const claim*> claims;
    for (const claim& one : all_claims()) claims[std::string(one.id)] = &one;
    for (const auto& [id, one] : rows_of_the_table()) {
        if (claims.count(id) != 0) continue;
        EXPECT_EQ(one.asked_of, "nobody") << id << " has no claim";
        EXPECT_GT(one.notes.size(), 10U) << id << " gives no reason";
    }
}

// "| **K-005** | ..." beneath "## Where the library differs", and the like.
std::vector<std::string> rows_that_differ(const std::string& heading) {
    std::vector<std::string> rows;
    std::ifstream page(EFD_SOURCE_DIR "/docs/semantics.md");
    bool beneath = false;
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("## ", 0) == 0) beneath = line.rfind("## Where the " + heading, 0) == 0;
        const std::size_t end = line.find("** |");
        if (beneath && line.rfind("| **K-", 0) == 0 && end != std::string::npos)
            rows.push_back(line.substr(4, end - 4));
    }
    return rows;
}

TEST(Coverage, WhatDiffersByChoiceIsWhatThePageSays) {
    const std::map<std::string, std::string> headings{
        {"library", "library"}, {"dropin", "drop-in"}, {"descriptor", "descriptors"}, {"two processes", "objects"}};
    std::map<std::string, std::vector<std::string>> declared;
    for (const declared_difference& one : declared_differences)
        declared[std::string(one.backend)].emplace_back(one.rows);
    EXPECT_EQ(declared.size(), headings.size());
    for (const auto& [backend, heading] : headings) EXPECT_EQ(declared[backend], rows_that_differ(heading)) << backend;
}

} // namespace
} // namespace efd::claims
