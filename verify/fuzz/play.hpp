// SPDX-License-Identifier: MIT
// verify/fuzz/play.hpp: what a byte string means as a play for several threads on one object.
//
// Owns the decoding and the words. A play is the object's creation and up to 24 moves: a call begun on a thread of its
// own, or something the driver does itself without ever sleeping. Moves that are `together` with the next are not
// brought to rest in between. Invariant: decoding depends on the bytes alone. Any thread.
#pragma once

#include "fuzz/program.hpp"

namespace efd::fuzz {

enum class deed : std::uint8_t {
    begin_read,
    begin_write,
    read,
    write,
    signal,
    signal_deferred,
    interrupt, // a sleeper gets a signal whose handler has no SA_RESTART
    restart,   // one whose handler has it
    nonblock_on,
    nonblock_off,
};

struct play_move {
    deed what = deed::read;
    unsigned which = 0; // interrupt, restart: the how-manieth sleeper
    amount by;          // writes
    bool together = false;
    bool patient = false; // begin: with a deadline that is far away, where the subject has such a call
};

struct play {
    unsigned flags = 0;
    std::uint64_t initval = 0;
    std::vector<play_move> moves;
};

inline constexpr std::size_t longest_play = 72; // bytes that can matter

play decode_play(byte_view from);
std::string in_words(const play_move& of);

} // namespace efd::fuzz
