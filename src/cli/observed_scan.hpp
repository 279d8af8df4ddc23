// SPDX-License-Identifier: MIT
// cli/observed_scan.hpp: what observed processes say of their objects; core/observed.hpp has the memory that they
// write.
//
// Every byte of that memory is another process's: it is read with pread(2) and never mapped, no index of it is
// believed, and what is read has a bound. Texts are as they are; who prints them makes them harmless. One thread.
#pragma once

#include "cli/proc_scan.hpp"
#include "core/observed.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace efd::cli {

struct seen_sleeper {
    std::uint32_t thread = 0;
    bool for_room = false;
    std::int64_t since_ns = 0; // CLOCK_MONOTONIC, as all times here
};

struct observed_object {
    std::uint64_t id = 0;
    std::string name;
    std::uint32_t flags = 0; // core::row_...
    std::uint64_t count = 0; // at the last event
    std::uint64_t signals = 0;
    std::uint64_t takes = 0;
    std::uint64_t sleeps = 0;
    std::uint64_t wakes = 0;
    std::uint64_t rings = 0;
    std::uint64_t made_at = 0;
    std::string made_where; // "worker+0x1234 make_queue()"; empty: not known
    std::uint32_t made_by = 0;
    std::uint32_t signaller = 0; // the thread; zero: none yet
    std::int64_t signalled_ns = 0;
    std::int64_t above_zero_ns = 0; // since when; zero: the count is zero
    std::int64_t beside_ns = 0;     // the longest that a reader slept beside a count above zero
    std::uint32_t sets = 0;
    std::uint32_t callbacks = 0;
    std::vector<seen_sleeper> sleepers;

    [[nodiscard]] bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
    // For how long a reader sleeps beside units at this moment; zero: none does.
    [[nodiscard]] std::int64_t beside_now_ns(std::int64_t now_ns) const;
    // The calls that the kernel's eventfd takes for the same, without those that efd made; never below zero.
    [[nodiscard]] std::uint64_t calls_saved() const;
};

struct observed_process {
    std::uint32_t pid = 0;
    std::string command;
    std::int64_t begun_ns = 0;
    std::uint64_t without_row = 0; // events that are in no row
    std::vector<observed_object> objects;
};

// False: it is not what this version of efd reads. Changes all of `to` but pid and command. No time is below zero.
[[nodiscard]] bool parse_observed(const core::observed_file& from, observed_process& to);

// By pid. Of several processes that have one memory the one that it names, else the one with the smallest pid.
// Resolves where each object was made.
[[nodiscard]] std::vector<observed_process> scan_observed(const std::vector<observed_number>& numbers,
                                                          const std::string& root = "/proc");

} // namespace efd::cli
