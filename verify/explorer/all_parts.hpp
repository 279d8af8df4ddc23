// SPDX-License-Identifier: MIT
// verify/explorer/all_parts.hpp: what the scenarios of taking from all members share: set-ups, and what the other
// threads do.
#pragma once

#include "explorer/set_world.hpp"

#include <cstdint>

namespace explore::inline all_parts { // other files of parts have such names, too

// One set of two objects with these counts.
inline void two(std::uint64_t first, std::uint64_t second, unsigned flags = 0) {
    make_hall({.counts = {first, second}, .joined = {{0, 0}, {0, 1}}, .flags = flags});
}
inline void both_there() { two(1, 1); }
inline void semaphores() { two(2, 1, flag_semaphore); }
inline void nearly_sealed() { two(packed_limit - 1, 1); }
// Two sets of the same objects, in opposite order.
inline void crossing(std::uint64_t first, std::uint64_t second) {
    make_hall({.counts = {first, second}, .joined = {{0, 0}, {0, 1}, {1, 1}, {1, 0}}, .sets = 2});
}
inline void crossing_both_there() { crossing(1, 1); }
inline void one_joins() { make_hall({.counts = {1, 0}, .joined = {{0, 0}}}); }

inline void writer() { give(0); }
inline void writer_of_both() {
    give(0);
    give(1);
}
inline void huge_writer() { give(0, packed_limit); }
inline void reader() { (void)take(0); }
inline void sleeping_reader() { read_from(0); }
inline void any_trier() { (void)try_any(0); }

inline constexpr const char* seen_half = "one was taken, and the other is there yet";
// Both were there, and only the take from all takes: nobody sees one without the other.
inline void looker() {
    const std::uint64_t first = hall().objects[0]->count();
    const std::uint64_t second = hall().objects[1]->count();
    must(first != 0 || second == 0, seen_half);
}
inline void polling_looker() {
    const bool first = (hall().objects[1]->poll() & poll_in) != 0;
    const bool second = (hall().objects[0]->poll() & poll_in) != 0;
    must(first || !second, seen_half);
}
inline int nothing_to_do(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) { return 0; }
// As looker, but the second look is the answer to an entry that joins.
inline void joining_looker() {
    const std::uint64_t first = hall().objects[0]->count();
    wait_queue_entry entry;
    entry.callback = nothing_to_do;
    entry.mask = poll_in;
    std::uint32_t ready = 0;
    must(hall().objects[1]->add_wait_queue(entry, ready) == status::ok, "an entry could not be added");
    must(first != 0 || (ready & poll_in) == 0, seen_half);
    must(hall().objects[1]->remove_wait_queue(entry) == status::ok, "an entry could not be removed");
}

} // namespace explore::inline all_parts
