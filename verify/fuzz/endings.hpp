// SPDX-License-Identifier: MIT
// verify/fuzz/endings.hpp: every way in which a group of steps may end, by the rules of the count.
//
// Owns nothing; pure functions. Which of several sleepers goes on is not specified (K-085), nor which of several calls
// that begin together comes first. So an ending says how many calls of each kind ended how, and not on which thread.
// All orders are tried; where only one ending is left, every subject must show that one.
#pragma once

#include "fuzz/blocking_program.hpp"
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
    std::vector<call> own;   // what each of the driver's own steps came to, in order
    std::vector<call> calls; // begun before or in this group, sorted
    auto operator<=>(const ending&) const = default;
};

struct situation {
    std::uint64_t count = 0;
    bool semaphore = false;
    bool nonblock = false;
    std::vector<call> asleep;
};

// steps: what the driver does, with every amount fixed; no interruption among them, see the other one.
std::set<ending> endings_of(const situation& before, const std::vector<blocking_step>& steps);
// A sleeper is interrupted, without effect on the count.
std::set<ending> endings_of_interrupt(const situation& before, std::size_t sleeper);

std::string in_words(const call& of);
std::string in_words(const ending& of);

} // namespace efd::fuzz
