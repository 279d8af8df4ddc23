// SPDX-License-Identifier: MIT
// tests/dropin/conservation/audit.hpp: from the journals, what must be in each eventfd, and whether it is.
#pragma once

#include "ledger.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace conservation {

struct sums {
    std::uint64_t written = 0; // modulo 2^64, as the count of what was taken
    std::uint64_t taken = 0;
    std::vector<std::uint64_t> maybe_written; // by calls whose outcome is unknown
    int maybe_taken = 0;                      // reads of which the same is so
};
// `asleep_count_not`: the call in which a slot sleeps at present has done nothing yet.
[[nodiscard]] sums sum_up(int object, bool asleep_count_not);

// What poll says of it now.
[[nodiscard]] short readiness(int fd);

// Every slot has ended or sleeps in a call.
[[nodiscard]] bool is_at_rest();
[[nodiscard]] bool has_ended(const thread_slot& one);
[[nodiscard]] bool all_have_ended();

// At rest: the count is what the journals say, poll and fdinfo say so too, and no thread sleeps beside a unit. Empty,
// or what is wrong.
[[nodiscard]] std::string fault_at_rest(int object);

// When all have ended: the rest is taken, and every unit is accounted for.
void settle_accounts(int object);
void settle_records();

void add_to_totals();

} // namespace conservation
