// SPDX-License-Identifier: MIT
// verify/fuzz/endings.hpp: every way in which a group of moves may end, by the rules of the count.
//
// Owns nothing; pure functions. Who of several sleepers goes on is not specified (K-085), nor who comes first of those
// that were begun together, so an ending says how many calls of each kind ended how, and not on which thread. All
// orders are tried; where only one ending is left, every subject must show that one.
#pragma once

#include "fuzz/play.hpp"
#include "fuzz/subject.hpp"

#include <compare>
#include <set>

namespace efd::fuzz {

// A call on a thread of its own.
struct call {
    bool is_read = false;
    std::uint64_t amount = 0; // a write's
    bool over = false;
    int error = 0;
    std::uint64_t value = 0; // of a read that took
    auto operator<=>(const call&) const = default;
};

struct ending {
    std::uint64_t count = 0;
    std::vector<call> own;   // what each of the driver's own moves came to, in order
    std::vector<call> calls; // begun before or in this group, sorted
    auto operator<=>(const ending&) const = default;
};

struct situation {
    std::uint64_t count = 0;
    bool semaphore = false;
    bool nonblock = false;
    std::vector<call> asleep;
};

// moves: what the driver does, with every amount fixed; no interruption among them, see the other one.
std::set<ending> endings_of(const situation& before, const std::vector<play_move>& moves);
// A sleeper is told to leave, without effect on the count.
std::set<ending> endings_of_interrupt(const situation& before, std::size_t sleeper);

std::string in_words(const call& of);
std::string in_words(const ending& of);

} // namespace efd::fuzz
