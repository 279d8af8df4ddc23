// SPDX-License-Identifier: MIT
// doorbell_world.hpp: what the scenarios of the doorbell are made of: an object with its bell, calls on it, and the
// checks.
//
// Owns the plain memory of such a scenario, in the arena, beside the world (world.hpp). Each call notes that it is in
// progress, so that the last to return can look: when no thread is in a call, the descriptor says what poll says.
#pragma once

#include "explorer/doorbells.hpp"
#include "explorer/world.hpp"

#include "watch/doorbell.hpp"

#include <string>

namespace explore {

using efd::watch::ring_way;
inline constexpr ring_way level = ring_way::level;

// In a set_up: a world whose object has a bell already, or may get one later.
void make_doorbell_world(std::uint64_t initval, unsigned flags, ring_way way);
void make_doorbell_world_without(std::uint64_t initval, unsigned flags, ring_way way);
// The same, but the object is sealed and was read empty.
void make_empty_sealed_doorbell_world(ring_way way);
// The same as the first, but the second request without an answer overtakes.
void make_hasty_doorbell_world(std::uint64_t count, unsigned flags, ring_way way);
// For audit_every, after one of these.
void listen_to_each_add();

// In threads.
void open_doorbell();
void doorbell_write(std::uint64_t n);
void doorbell_try_write(std::uint64_t n);
void doorbell_signal();
void doorbell_read();                  // sleeps for its units
bool doorbell_take();                  // does not
bool doorbell_arm(std::uint32_t what); // says whether it is armed, and nothing was there
void doorbell_await(watch_for what, std::uint64_t& edges);
void doorbell_listen(int events);  // an edge-triggered loop that never reads: waits for so many events
void doorbell_doubt();             // a read that finds nothing, so often that it asks the kernel
void doorbell_ring_from_outside(); // a write(2) to the descriptor by somebody else
inline void taker() { (void)doorbell_take(); }
inline void twice_taker() {
    (void)doorbell_take();
    (void)doorbell_take();
}
inline void trying_writer() { doorbell_try_write(1); }
inline void opener() { open_doorbell(); }

// What is wrong with marks and level descriptor while nobody is in a call; null if nothing.
const char* level_fault(const context& object, int fd, ring_way way = ring_way::level) noexcept;

// Checks: level, all at rest; armed; and, beside, no more system calls than one writer without semaphore may cause.
std::string audit_level();
std::string audit_level_calls();
std::string audit_armed();
// And no loop that listens sleeps beside a write that it has not heard of: of one writer, or of readers that are done.
std::string audit_every();
std::string audit_at_rest(); // but for loops
std::string audit_armed_calls();
// Where a thread was left in the midst of a call: the others have brought the descriptor to say what the count says.
std::string audit_doorbell_left();
// With stops: no loop sleeps beside a unit whose write has returned.
std::string audit_doorbell_with_stops();

} // namespace explore
