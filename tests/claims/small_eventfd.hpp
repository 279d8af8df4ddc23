// SPDX-License-Identifier: MIT
// tests/claims/small_eventfd.hpp: a third backend, small and slow, that can be broken on purpose.
//
// Owns objects made of a mutex, a count and one futex word on which everybody sleeps and is woken. Without a fault it
// holds every claim about objects; with one it must be seen to differ, or the claims prove nothing. Any thread.
#pragma once

#include "conformance/framework/claim.hpp"

#include <memory>
#include <string_view>

namespace efd::claims {

enum class fault {
    none,
    bound_too_high,       // a write may reach 2^64-1
    bound_too_low,        // a write may not reach 2^64-2
    refused_write_counts, // EAGAIN, and added what fitted
    invalid_after_room,   // EAGAIN for 2^64-1 where there is no room
    semaphore_takes_all,
    semaphore_takes_two, // at even counts above 64
    read_stores_twice,
    failed_read_stores,
    rare_wake_lost, // one in ten thousand
    torn_read,      // looks and takes in two steps
    write_wakes_nobody,
    write_wakes_one,
    read_wakes_nobody,
    read_wakes_one,
    signal_wakes_nobody,
    signal_wraps, // 2^64-1 and one more is 0
    zero_releases_reader,
    nonblock_while_asleep, // looks at O_NONBLOCK after each wake
    poll_out_at_the_bound,
    poll_without_error,
    signal_beats_data, // EINTR with data there
    write_adds_when_interrupted,
    never_interrupted,
    interrupted_by_restart, // EINTR in spite of SA_RESTART
    flags_unchecked,
    id_leaks_on_failure,
    id_never_reused,
};

std::unique_ptr<backend> small_backend(fault with);

} // namespace efd::claims
