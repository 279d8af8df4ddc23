// SPDX-License-Identifier: MIT
// verify/fuzz/broken_subject.hpp: a small eventfd of this directory's own, that can be broken on purpose.
//
// Owns the list of flaws. With none it must come to the same as the kernel; with any other one the property, or the
// driver of blocking calls, must say where it differs, or their silence on the library proves nothing.
#pragma once

#include "fuzz/subject.hpp"

#include <span>

namespace efd::fuzz {

enum class flaw : std::uint8_t {
    none,
    // seen without anybody asleep
    bound_too_high,
    bound_too_low,
    zero_refused,
    invalid_after_room,
    semaphore_takes_all,
    read_leaves_remainder,
    read_some_takes_all,
    read_some_leaves_none,
    refused_write_counts,
    poll_without_error,
    poll_out_at_the_bound,
    signal_wraps,
    signal_stops_below,
    loses_one_at_the_seal,
    upper_half_lost,
    initial_value_cut,
    flags_unchecked,
    nonblock_sticks,
    duplicate_copies,
    late_says_again,
    read_gives_no_edge,
    write_gives_no_edge,
    saturated_gives_no_edge,
    value_written_on_failure,
    // seen with somebody asleep
    again_where_it_sleeps,
    sleeps_where_again,
    read_wakes_nobody,
    read_wakes_one,
    write_wakes_nobody,
    write_wakes_one,
    signal_wakes_nobody,
    zero_releases_reader,
    nonblock_releases,
    restart_ignored,
    never_interrupted,
    interrupted_write_counts,
    interrupted_read_takes,
    writers_in_order,
};

struct flaw_row {
    flaw which;
    std::string_view name;
    bool needs_sleepers;
    bool needs_signals = false; // to sleepers
};
std::span<const flaw_row> all_flaws();

// Where the driver runs one thread only, sleeping would hang it: then it says EDEADLK instead.
enum class rest : std::uint8_t { sleeps, refused };
std::unique_ptr<subject> broken_subject(flaw with, rest how);

} // namespace efd::fuzz
