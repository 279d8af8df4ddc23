// SPDX-License-Identifier: MIT
// cli/dropin_report.hpp: the report at the end of `efd run`, from the memory that all processes of the run shared.
//
// That memory is not trusted: indexes are bounded, texts are cut and printable.
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
    std::string why;                  // of the demotion
    std::uint64_t writes_unread = 0;  // evidence: writes while the kernel held units, before a promotion
    std::uint64_t uncached_reads = 0; // evidence: reads through libc
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
    std::string kind;    // a word, if the drop-in was known to have no effect on the program
    std::string why_not; // the same as a sentence
};

// Of a demotion, as the reports say it.
[[nodiscard]] std::string name_of(dropin::reason why);

// Why calls of this eventfd are saved or not: the line beneath it in the table, and "why" in the JSON.
[[nodiscard]] std::string explanation(const dropin_line& line);

[[nodiscard]] dropin_report read_report(const dropin::region& all);
[[nodiscard]] nlohmann::json to_json(const dropin_report& report);
// In 80 columns, the busiest first. dropin_table.cpp.
[[nodiscard]] std::string to_table(const dropin_report& report, bool coloured);

} // namespace efd::cli
