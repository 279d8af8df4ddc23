// SPDX-License-Identifier: MIT
// cli/stat_ledger.hpp: what `efd stat` counts of each eventfd of a run.
//
// Each eventfd has a line, which stays valid to the end of the run. The first `most_lines` get one each; all later ones
// share the last line. One thread.
#pragma once

#include "cli/stat_forecast.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace efd::cli {

struct stat_counts {
    std::uint64_t writes = 0;        // calls that may add to the count, also those that failed
    std::uint64_t writes_unread = 0; // of those: the count was above zero before
    std::uint64_t reads = 0;         // calls that may take from it, also those that failed
    std::uint64_t reads_empty = 0;   // of those: EAGAIN
    std::uint64_t wakes = 0;         // threads that a write found asleep
    std::uint64_t sleeps = 0;        // waits that slept until a write ended them, or in a read
    std::uint64_t asleep_ns = 0;     // time in those
    std::uint64_t saved_writes = 0;  // what the drop-in would save
    std::uint64_t saved_reads = 0;
    std::uint64_t flushes = 0; // what it would add

    stat_counts& operator+=(const stat_counts& more);
    [[nodiscard]] std::uint64_t calls() const { return writes + reads; }
    [[nodiscard]] double saved() const; // may be below zero
};

struct stat_eventfd {
    pid_t process = 0; // the first that was seen with it, and by which number
    int number = -1;
    std::string command; // of that process
    bool is_semaphore = false;
    bool is_shared_line = false; // stands for all that have no line of their own
    std::optional<std::uint32_t> id;
    std::uint64_t count = 0; // as the calls so far leave it
    stat_counts counts;
    dropin_forecast forecast;
    std::vector<pid_t> sleepers; // threads in a wait that a write may end
};

class stat_ledger {
  public:
    static constexpr std::size_t most_lines = 16'384;

    // A new eventfd.
    [[nodiscard]] stat_eventfd& add(pid_t process, int number, const std::string& command);
    [[nodiscard]] const std::deque<stat_eventfd>& all() const { return all_; }
    [[nodiscard]] std::uint64_t eventfds() const { return eventfds_; }

  private:
    std::deque<stat_eventfd> all_;
    std::uint64_t eventfds_ = 0;
};

} // namespace efd::cli
