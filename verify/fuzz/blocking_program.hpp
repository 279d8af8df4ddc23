// SPDX-License-Identifier: MIT
// verify/fuzz/blocking_program.hpp: what a byte string means as a program for several threads on one object.
//
// Owns the decoding and the words. A program is the object's creation and up to 24 steps: a call begun on a thread of
// its own, or something the driver does itself without ever sleeping. Steps that are `together` with the next are not
// brought to rest in between. Invariant: decoding depends on the bytes alone. Any thread.
#pragma once

#include "fuzz/program.hpp"

namespace efd::fuzz {

enum class step_kind : std::uint8_t {
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

struct blocking_step {
    step_kind what = step_kind::read;
    unsigned which = 0; // interrupt, restart: the how-manieth sleeper
    amount by;          // writes
    bool together = false;
    bool patient = false; // begin: with a deadline that is far away, where the subject has such a call
};

struct blocking_program {
    unsigned flags = 0;
    std::uint64_t initval = 0;
    std::vector<blocking_step> steps;
};

inline constexpr std::size_t longest_blocking_program = 72; // bytes that can matter

blocking_program decode_blocking_program(byte_view from);
std::string in_words(const blocking_step& of);

} // namespace efd::fuzz
