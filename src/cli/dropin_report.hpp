// SPDX-License-Identifier: MIT
// cli/dropin_report.hpp: what `efd run` says at the end: from the memory that all processes of the run shared.
//
// Nothing in that memory is trusted: numbers are numbers, indexes are bounded, texts are cut and printable.
#pragma once

#include "dropin/table/region.hpp"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace efd::cli {

struct dropin_counts {
    std::uint64_t writes = 0;        // by the program
    std::uint64_t reads = 0;         // by the program
    std::uint64_t kernel_writes = 0; // system calls made for them, and to hand units back
    std::uint64_t kernel_reads = 0;
    [[nodiscard]] std::int64_t saved() const {
        return static_cast<std::int64_t>(writes + reads) - static_cast<std::int64_t>(kernel_writes + kernel_reads);
    }
};

struct dropin_line {
    std::uint32_t id = 0; // number of this eventfd in the run
    std::uint32_t process = 0;
    int descriptor = -1;
    std::string site;
    bool semaphore = false;
    bool promoted = false;
    bool demoted = false;
    std::string why;                 // of the demotion
    std::uint64_t writes_unread = 0; // evidence: writes that the kernel held units before, not yet promoted
    std::uint64_t asked_reads = 0;   // evidence: reads through libc
    dropin_counts counts;
};

struct dropin_report {
    std::vector<dropin_line> lines;
    dropin_counts total;
    std::uint32_t eventfds = 0;
    std::uint32_t untracked = 0;
    std::uint32_t processes = 0;     // images that loaded the drop-in
    std::uint32_t still_running = 0; // processes that go on after the program's end
    std::string profile;
    std::string kind;    // a word, if it was known before that the drop-in has no effect on the program
    std::string why_not; // the same as a sentence
};

// Why calls of this eventfd are saved, or are not: what the table says beneath it and the JSON in "why".
[[nodiscard]] std::string explanation(const dropin_line& line);

[[nodiscard]] dropin_report read_report(const dropin::region& all);
[[nodiscard]] nlohmann::json to_json(const dropin_report& report);
// In 80 columns, the busiest first. dropin_table.cpp.
[[nodiscard]] std::string to_table(const dropin_report& report, bool coloured);

} // namespace efd::cli
