// SPDX-License-Identifier: MIT
// The search: every schedule of a scenario, depth first, without ever visiting a state twice.
//
// Owns the way from the beginning to the present state, the states saved along it, and the hashes of all states seen
// at points where any thread may go on. Equal threads are interchangeable: states that differ by their exchange are
// one. The hash has 128 bits and is made of histories, views, futex queues, budgets, plain memory, and of each thread
// what lies on its stack: whatever can decide how it goes on.
#pragma once

#include "explorer/machine.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace explore {

struct thread_plan {
    const char* name;
    char kind; // threads of one kind are equal; '-' is like no other
    fiber_body body;
    bool may_crash = false;
};

// One configuration to explore.
struct scenario {
    const char* name;
    const char* what; // threads, operations, mode
    std::vector<thread_plan> threads;
    void (*set_up)();
    std::string (*check)(); // at every state in which nobody can go on but by the environment: empty, or what is wrong
    budgets allowed = {};
    bool full = false;           // too large for the short form
    const char* known = nullptr; // a defect that is known, and must be found as long as it is there
    bool counts_calls = false;   // the check looks at the number of futex calls
};

enum class verdict : std::uint8_t { holds, fails, too_large };

struct result {
    verdict end = verdict::holds;
    std::uint64_t states = 0;
    std::uint64_t steps = 0;
    std::uint64_t ends = 0; // states in which all is done or asleep
    std::size_t deepest = 0;
    double seconds = 0;
    std::string why;
    std::vector<choice> path;
};

// Gives up as too large what has more states, or is not through when the clock says so (0: no bound).
result explore_all(const scenario& what, std::uint64_t most_states, double most_seconds);

// One schedule again, each step told on standard output. The reason of the failure, empty if there was none.
std::string replay(const scenario& what, const std::vector<choice>& path);

// A schedule as text, with the places that are shared, and back; false if the text is none.
std::string seed_of(const scenario& what, const std::vector<choice>& path);
bool read_seed(const scenario& what, const std::string& seed, std::vector<choice>& path);

// The path and the scenario that are being explored, for who has to tell of a crash of the process.
const std::vector<choice>& path_now() noexcept;
const scenario* scenario_now() noexcept;

} // namespace explore
