// SPDX-License-Identifier: MIT
// parked_world.hpp: what the scenarios of the drop-in are made of: a kernel's eventfd, its slot, calls on both, checks.
//
// Owns the plain memory of such a scenario, in the arena. The kernel's object is one bell (doorbells.hpp), whose calls
// are single steps; src/dropin/rules/ is the production code. Each write is worth one bit of its own, so that what a
// read took says which writes it took: whether all could have happened one after the other is then a question of what
// was over before what began.
#pragma once

#include "explorer/world.hpp"

#include <string>

namespace explore {

// In a set_up: an eventfd that holds nothing, promoted.
void make_parked_world(bool semaphore = false);
// The same, and it holds write 0 and is known to.
void make_filled_world(bool semaphore = false);
// The same, and write 1 is parked.
void make_busy_world(bool semaphore = false);
// It awaits evidence, of which there is enough, or will be after one read; it holds write 0, and no thread has read it.
void make_awaiting_world(bool nearly = false);
// Promoted, filled, and the next read finds that it is not worth it.
void make_weighed_world();
// As many readers as can be counted, less so many, were left by a jump.
void leave_room_for_readers(unsigned room);

// In threads. Write number `number` adds 1 << number, in semaphore mode 1.
void parked_write(int number);
void unseen_write(int number); // by the kernel, or past us
enum class way_of_read : unsigned char { sleeps, returns };
bool parked_read(int number, way_of_read way); // false: EAGAIN
void unseen_read(int number);                  // does not sleep
void await_readable();                         // level-triggered poll of the kernel's object
void parked_demote();
// A handler runs read `inner` in the midst of read `number`, before the kernel's part of that or behind it.
void nested_read(int number, int inner, bool before);
// Rests, reads as the lone reader does, and promotes again, as if there were evidence enough by then.
void rested_read(int number);
// Closes the number, which is another file's then.
void parked_close();
// The payload of a write: stored before it, and seen by whoever took it.
void parked_publish(int number);
bool parked_is_published(int number);

// Checks, also where threads are stopped. Nobody sleeps beside units; whoever polls sees them; none is lost or doubled,
// but for those in the hands of who is stopped; a read that found nothing found so rightly.
std::string audit_parked_units();
// The same, and reads took all, in some order: where one thread reads and nobody demotes.
std::string audit_parked();
// Nothing was written into another file.
std::string audit_parked_closing();

} // namespace explore
