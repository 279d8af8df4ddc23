// SPDX-License-Identifier: MIT
// verify/linearize/run_histories.hpp: many histories, recorded and checked; the parts of the program and of its short
// form.
//
// Owns nothing. Findings are written to standard error as they are made; what is counted comes back as a value. Called
// by one thread; the recorder makes the others.
#pragma once

#include "common/breakable_eventfd.hpp"
#include "linearize/mutate.hpp"
#include "linearize/plan.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace efd::linearize {

struct bounds {
    std::chrono::nanoseconds time{0};
    std::uint64_t histories = 0; // no bound if zero
    std::uint64_t seed = 1;
    std::optional<regime> only = std::nullopt;
    bool progress = false;
};

struct tally {
    std::uint64_t histories = 0;
    std::uint64_t operations = 0;
    std::uint64_t states = 0;
    std::uint64_t rejected = 0;  // of the library: findings
    std::uint64_t undecided = 0; // beyond the search's memory
    std::uint64_t lost = 0;      // did not end; then the run ends too, and the process should
    std::uint64_t mutated = 0;
    std::uint64_t mutated_rejected = 0;
    [[nodiscard]] std::uint64_t failures() const { return rejected + undecided + lost + mutated - mutated_rejected; }
};

// Histories of efd::eventfd, each a little different; every fourth is also changed in one place and must be rejected.
[[nodiscard]] tally watch_library(const bounds& within);

// The same with an object of an arena: each worker is a process of its own.
[[nodiscard]] tally watch_processes(const bounds& within);

// The same recorder and checker over the breakable object without a flaw.
[[nodiscard]] tally watch_plain(const bounds& within);

// A flaw that is caught if one of its histories, tries at most, is rejected.
struct broken {
    common::flaw with;
    regime where;
};
inline constexpr broken broken_kinds[] = {
    {common::flaw::torn_take, regime::zero},
    {common::flaw::double_take, regime::zero},
    {common::flaw::semaphore_takes_all, regime::zero},
    {common::flaw::read_some_leaves_none, regime::zero},
    {common::flaw::empty_read, regime::zero},
    {common::flaw::bound_too_high, regime::bound},
    {common::flaw::zero_at_the_ceiling, regime::saturated},
    {common::flaw::signal_wraps, regime::saturated},
    {common::flaw::torn_limit, regime::limit},
    {common::flaw::admitted_says_again, regime::zero},
    {common::flaw::add_in_two_steps, regime::zero},
    {common::flaw::stale_count, regime::zero},
    {common::flaw::false_pollout, regime::bound},
    {common::flaw::hasty_timeout, regime::bound},
    {common::flaw::early_timeout, regime::zero},
    {common::flaw::greedy_cancel, regime::zero},
};
[[nodiscard]] bool caught(const broken& kind, std::uint64_t seed, std::uint64_t tries, bool tell);

// An object between processes of which each call is right, and which puts two of them together where one is asked for.
enum class broken_between : unsigned char {
    writes_in_two_steps,
    takes_what_it_saw, // says the count that it saw before it took
};
inline constexpr std::array broken_between_processes{broken_between::writes_in_two_steps,
                                                     broken_between::takes_what_it_saw};
[[nodiscard]] std::string_view name_of(broken_between kind) noexcept;
[[nodiscard]] bool caught(broken_between kind, std::uint64_t seed, std::uint64_t tries, bool tell);

} // namespace efd::linearize
