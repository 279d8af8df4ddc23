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

// A thread may be killed; or it is not equal to another with its body, as memory has addresses of its stack.
enum class trait : std::uint8_t { none, may_crash, apart };
inline constexpr trait may_crash = trait::may_crash;
inline constexpr trait apart = trait::apart;

struct thread_plan {
    const char* name;
    fiber_body body;
    trait is = trait::none;
    char kind = '-'; // by the scenario: threads of one kind are equal, '-' is like no other
};

// One configuration to explore.
struct scenario {
    const char* name;
    const char* what; // threads, operations, mode
    void (*set_up)();
    std::string (*check)(); // at every state in which nobody can go on but by the environment: empty, or what is wrong
    std::vector<thread_plan> threads;
    budgets allowed;
    bool full = false;         // too large for the short form
    bool counts_calls = false; // the check looks at the number of futex calls

    scenario(const char* called, const char* says, void (*begin)(), std::string (*end)(),
             std::vector<thread_plan> plans, const budgets& may = {});
    scenario large() const;
    scenario counting_calls() const;
};
std::vector<scenario> joined(const std::vector<std::vector<scenario>>& groups);

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
