// dropin/parked_count.hpp: parking units beside a kernel's eventfd, taking them, handing them back.
//
// Owns nothing. The race that it decides is PARKED (docs/races.md): a unit may be parked only if the kernel holds one
// and goes on holding it until somebody reads who will take both. Any thread of any process that has the slot mapped;
// also in signal handlers. errno stays as it was.
#pragma once

#include "dropin/slot.hpp"

#include <cstddef>
#include <cstdint>

namespace efd::dropin {

// Parks a write of n, or says that it must go to the kernel. No system call either way. `seen`: the word.
[[nodiscard]] inline bool try_park(slot& there, parked_word& seen, std::uint64_t n) noexcept {
    while (may_park(seen, n)) {
        if (there.state.compare_exchange_weak(seen, with_parked(seen, n), base::acq_rel, base::acquire)) // PARKED, park
            return true;
    }
    return false;
}

// After a write of n > 0 has reached the kernel: `before` is what the word was when it began.
void note_filled(slot& there, parked_word before) noexcept;

// A read that the caller makes himself: in between nothing is parked. False: demoted, or units that had to stay; there
// is nothing to end. May hand back what is parked, by a write to fd.
[[nodiscard]] bool begin_asking(slot& there, int fd) noexcept;
void end_asking(slot& there) noexcept;
// Calls that are between the two, in this thread: a handler that forks takes them into the child as well, where each
// ends once more.
struct asking_call {
    slot* there = nullptr;
    asking_call* outer = nullptr;
};
void enter_asking(asking_call& mine) noexcept;
void leave_asking(const asking_call& mine) noexcept;
void count_asking_again() noexcept;

// How a read of a whole value begins.
enum class read_way : unsigned char {
    ask,      // the caller reads, and then calls end_asking
    demoted,  // the caller reads
    one_unit, // semaphore mode: one of the parked was taken; done
    together, // the caller reads without sleeping, and adds what end_together says
    busy,     // somebody who was stopped in the midst of it hands units back: the caller takes what the kernel has now
};
struct read_ticket {
    read_way way;
    parked_word mine; // together
};
[[nodiscard]] read_ticket begin_reading(slot& there, int fd) noexcept;
// The parked units are the caller's now; or not, as the section was taken from him while he was stopped in it.
[[nodiscard]] bool end_together(slot& there, parked_word mine) noexcept;
// They stay: what the kernel has was not taken.
void leave_together(slot& there, parked_word mine) noexcept;

// Is this number still one of what the slot stands for; asked before units are written to it. Null: it is.
using look_at_note = bool (*)(int fd, slot& there) noexcept;
extern look_at_note is_noted;
[[nodiscard]] inline bool still_noted(int fd, slot& there) noexcept {
    return is_noted == nullptr || is_noted(fd, there);
}

// Brings all that is parked into the kernel's count. False: it does not sleep and has no room for them, the number is
// another's by now, or somebody else who was stopped is at it: so they stay.
bool hand_back(slot& there, int fd) noexcept;

// Nobody is in the midst of handing units back any more, or who is was stopped there.
void await_handed_back(const slot& there) noexcept;

void promote(slot& there) noexcept;
// Back to where evidence is awaited.
void doubt(slot& there, int fd) noexcept;
// Hands back, and nothing is parked here ever again; unless they have to stay.
void demote(slot& there, int fd, reason why) noexcept;

} // namespace efd::dropin
