// SPDX-License-Identifier: MIT
// All configurations to explore.
#pragma once

#include "explorer/search.hpp"

#include <vector>

namespace explore {

inline constexpr budgets one_preemption{.preemptions = 1};
inline constexpr budgets two_preemptions{.preemptions = 2};
inline constexpr budgets three_preemptions{.preemptions = 3};
inline constexpr budgets one_of_two_preemptions{.preemptions = 2, .stops = 1};
inline constexpr budgets weak_once{.weak_failures = 1};
inline constexpr budgets spurious_once{.spurious_wakes = 1};
inline constexpr budgets old_kernel{.one_word = 1};
inline constexpr budgets crash_once{.crashes = 1};
inline constexpr budgets crash_and_looks{.crashes = 1, .time_outs = 3};

std::vector<scenario> packed_scenarios();
std::vector<scenario> some_scenarios();
std::vector<scenario> stop_scenarios();
std::vector<scenario> leaving_scenarios();
std::vector<scenario> sealed_scenarios();
std::vector<scenario> queue_scenarios();
std::vector<scenario> life_scenarios();
std::vector<scenario> doorbell_scenarios();
std::vector<scenario> doorbell_loop_scenarios();
std::vector<scenario> doorbell_every_scenarios();
std::vector<scenario> set_scenarios();
std::vector<scenario> set_life_scenarios();
std::vector<scenario> set_stopped_scenarios();
std::vector<scenario> set_all_scenarios();
std::vector<scenario> set_all_stopped_scenarios();
std::vector<scenario> join_scenarios();
std::vector<scenario> join_set_scenarios();
std::vector<scenario> fork_scenarios();
std::vector<scenario> fork_queue_scenarios();
std::vector<scenario> cached_scenarios();
std::vector<scenario> file_scenarios();
std::vector<scenario> share_scenarios();
std::vector<scenario> arena_set_scenarios();
std::vector<scenario> bell_scenarios();
std::vector<scenario> ringer_scenarios();
std::vector<scenario> family_scenarios();

} // namespace explore
