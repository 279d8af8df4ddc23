// SPDX-License-Identifier: MIT
// cli/stat_waits.hpp: the descriptors that a poll or a select of a traced thread waits to read.
#pragma once

#include "cli/stat_calls.hpp"

#include <vector>

namespace efd::cli {

enum class wait_kind : unsigned char { none, poll, select, epoll };

[[nodiscard]] wait_kind wait_of(std::uint64_t call_number);
// Of a poll or select; at most 65 536.
[[nodiscard]] std::vector<int> numbers_waited_for(pid_t thread, const system_call& call);

} // namespace efd::cli
