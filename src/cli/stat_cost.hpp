// SPDX-License-Identifier: MIT
// cli/stat_cost.hpp: what a call on an eventfd costs on this machine, with and without the drop-in.
//
// Processor time, not time on the clock, so that other programs disturb it less; no poller is woken by these calls.
#pragma once

#include "bench/measure.hpp"
#include "cli/stat_ledger.hpp"

#include <string>

namespace efd::cli {

struct stat_cost {
    bench::spread kernel_write{}; // nanoseconds, of a write while one is unread
    bench::spread dropin_write{};
    bench::spread kernel_read{}; // of a semaphore with units
    bench::spread dropin_read{};
};

// Measures in two processes, some tens of milliseconds. Throws if they cannot be started.
[[nodiscard]] stat_cost measure_stat_cost();
// What such a process prints: the nanoseconds of each round, "write read".
[[nodiscard]] std::string stat_probe();

// Seconds of processor time; below zero: the drop-in costs more than it saves.
struct stat_estimate {
    double middle = 0;
    double least = 0;
    double greatest = 0;
};
[[nodiscard]] stat_estimate estimate_of(const stat_counts& counts, const stat_cost& cost);

} // namespace efd::cli
