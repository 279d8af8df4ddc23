// dropin/note.hpp: what is noted of one number of the process's table: whose slot it stands for.
//
// NOTED (docs/races.md). Units are handed back by a write to a number, which may be closed, and be another file's, at
// any moment.
//
//     may happen                                     must not happen
//     H  word: handing                               H  looks at the note
//     H  looks at the note                           C  takes it away; closes; the number is a file's
//     C  takes it away; word: handing; waits         H  writes units into the file
//     H  writes; releases
//     C  closes
//
// Who hands units back says so in the word and looks at the note; who closes takes the note away and looks at the word.
// Both change the note, whose order decides: one of them sees the other.
#pragma once

#include "dropin/parked_count.hpp"

namespace efd::dropin {

using noted_slot = base::atomic<slot*>;

// Is it the slot's still: asked between the mark in the word and the write.
[[nodiscard]] inline bool stands_for(noted_slot& note, slot& there) noexcept {
    slot* seen = &there; // changed to itself, to come before or behind who takes it away
    return note.compare_exchange_strong(seen, &there, base::acq_rel, base::relaxed); // NOTED, look
}

// Before the number is closed. Whose it was: nobody hands units back to him by this number any more. Null: nobody's.
inline slot* take_away(noted_slot& note) noexcept {
    slot* const was = note.exchange(nullptr, base::acq_rel); // NOTED, forget
    if (was != nullptr) await_handed_back(*was);
    return was;
}

// Between begin and end nothing is parked beside the slot: for whom its number stands for something that is not noted
// yet, or not any more, reads what the kernel has, and must find all there is. Calls nest.
inline void begin_quiet(asking_call& mine, slot& there, int fd) noexcept {
    if (!hand_back(there, fd)) return;    // they had to stay, or who is at it was stopped
    if (!begin_asking(there, fd)) return; // demoted
    mine.there = &there;
    enter_asking(mine);
}
// Of a call that was never begun there is nothing to end.
inline void end_quiet(asking_call& mine) noexcept {
    if (mine.there == nullptr) return;
    leave_asking(mine);
    end_asking(*mine.there);
    mine.there = nullptr;
}

} // namespace efd::dropin
