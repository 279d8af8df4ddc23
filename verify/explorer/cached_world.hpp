// SPDX-License-Identifier: MIT
// cached_world.hpp: what the scenarios of the drop-in are made of: a kernel's eventfd, its slot, calls on both, checks.
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
void make_cached_world(bool semaphore = false);
// The same; the kernel holds write 0, and `filled` is set.
void make_filled_world(bool semaphore = false);
// The same, and write 1 is cached.
void make_busy_world(bool semaphore = false);
// It awaits evidence, and there is enough now, or after one read (nearly). It holds write 0, and no thread has read it.
void make_awaiting_world(bool nearly = false);
// Promoted and filled; the next read finds that too few reads took cached units, and unpromotes.
void make_weighed_world();
// All reads are of one thread, whose handlers switch between them at any step.
void switch_between_reads();
// Jumps have left all readers that can be counted but `room`.
void leave_room_for_readers(unsigned room);

// In threads. Write number `number` adds 1 << number, in semaphore mode 1.
void cached_write(int number);
void unseen_write(int number); // by the kernel, or past the drop-in
enum class way_of_read : unsigned char { sleeps, returns };
bool cached_read(int number, way_of_read way); // false: EAGAIN
void unseen_read(int number);                  // does not sleep
void await_readable();                         // level-triggered poll of the kernel's object
void cached_demote();
// A handler runs read `inner` within read `number`, before that read's kernel call or after it.
void nested_read(int number, int inner, bool before);
// Unpromotes, reads as the lone reader does, and promotes again, as if there were enough evidence by then.
void unpromoted_read(int number);
// Unpromotes, and promotes again at the beginning of its read, as if there were enough evidence by then.
void earning_read(int number);
// Closes the number, which then refers to another file.
void cached_close();
// Stores the payload of a write before it; a read that took the write must see the payload.
void cached_publish(int number);
bool cached_is_published(int number);

// Checks, also for stopped threads: no thread sleeps beside units, a poll reports them, none is lost or doubled except
// those that a stopped thread holds, and a read finds nothing only if there was nothing for it.
std::string audit_cached_units();
// The same, and an order explains what the reads took. For one reading thread without a demotion.
std::string audit_cached();
// Nothing was written into another file.
std::string audit_cached_closing();

} // namespace explore
