// SPDX-License-Identifier: MIT
// cli/stat_ledger.cpp: see stat_ledger.hpp.
#include "cli/stat_ledger.hpp"

namespace efd::cli {

stat_counts& stat_counts::operator+=(const stat_counts& more) {
    writes += more.writes;
    writes_unread += more.writes_unread;
    reads += more.reads;
    reads_empty += more.reads_empty;
    wakes += more.wakes;
    sleeps += more.sleeps;
    asleep_ns += more.asleep_ns;
    saved_writes += more.saved_writes;
    saved_reads += more.saved_reads;
    flushes += more.flushes;
    return *this;
}

double stat_counts::saved() const {
    return static_cast<double>(saved_writes) + static_cast<double>(saved_reads) - static_cast<double>(flushes);
}

stat_eventfd& stat_ledger::add(pid_t process, int number, const std::string& command) {
    ++eventfds_;
    if (all_.size() < most_lines) {
        stat_eventfd& made = all_.emplace_back();
        made.process = process;
        made.number = number;
        made.command = command;
        made.is_shared_line = all_.size() == most_lines;
    }
    if (all_.back().is_shared_line) all_.back().forecast.demote(dropin::reason::denied);
    return all_.back();
}

} // namespace efd::cli
