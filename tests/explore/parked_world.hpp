// parked_world.hpp: what the scenarios of the drop-in are made of: a kernel's eventfd, its slot, calls on both, checks.
//
// Owns the plain memory of such a scenario, in the arena. The kernel's object is one bell (bells.hpp), whose calls are
// single steps; src/dropin/parked_count.cpp and eventfd_calls.hpp are the production code. Each write is worth one bit
// of its own, so that what a read took says which writes it took: whether all could have happened one after the other
// is then a question of what was over before what began.
#pragma once

#include "explore/world.hpp"

#include "dropin/eventfd_calls.hpp"

#include <string>

namespace explore {

using efd::dropin::reason;

// In a set_up: an eventfd that holds nothing, promoted. Whoever waits for another's section waits for its end, or for a
// death; but so many times a living owner is given up, at any moment.
void make_parked_world(bool semaphore = false, int give_ups = 0);
// The same, and it holds write 0 and is known to.
void make_filled_world(bool semaphore = false, int give_ups = 0);
// The same, with two numbers; the second is for all calls but parked_hand_back, parked_close, parked_duplicate and
// unnoted_read. `closed`: the first is another file's as yet.
void make_closing_world(bool semaphore = false, bool closed = false);
efd::dropin::slot& the_slot() noexcept;

// In threads. Write number `number` adds 1 << number, in semaphore mode 1.
void parked_write(int number);
void unseen_write(int number); // by the kernel, or past us
enum class way_of_read : unsigned char { sleeps, returns, asked_sleeps, asked_returns };
bool parked_read(int number, way_of_read way); // false: EAGAIN
void unseen_read(int number);                  // does not sleep
void await_readable();                         // level-triggered poll of the kernel's object
void parked_hand_back();
void parked_forget();          // closes the first number where quiet cannot be had: units had to stay, or kept coming
void parked_close();           // the first number, which is another file's then
void parked_duplicate();       // where it is closed: it becomes the eventfd's
void unnoted_read(int number); // by it, as what is noted of it then
void parked_demote();
void parked_doubt_and_promote();
// The payload of a write: stored before it, and seen by whoever took it.
void parked_publish(int number);
bool parked_is_published(int number);

// Checks. Nobody sleeps beside units; whoever polls sees them; all is conserved; reads took all, in some order.
std::string audit_parked();
// The same, but for the order: where a living owner is given up, or somebody reads unseen, a count may be divided.
std::string audit_parked_units();
// The same, but for units that were in the hands of who was killed: at most once missing, or there twice.
std::string audit_parked_deaths();

} // namespace explore
