// SPDX-License-Identifier: MIT
// conformance/framework/task.hpp: where a thread of this process sleeps, and what machine this is.
//
// Owns nothing; any thread may call. Answers as common/task.hpp gives them.
#pragma once

#include "common/task.hpp"

#include <cstdint>
#include <initializer_list>

namespace efd::claims {

using common::look_at_task;
using common::task_state;
using common::this_tid;
using common::voluntary_switches;

// Asleep in one of these system calls, with this first argument unless it is -1.
[[nodiscard]] bool asleep_in(pid_t tid, std::initializer_list<long> calls, std::int64_t first_argument = -1);

// Asleep in a futex wait on an address inside this object of the library, which is one cache line (core/context.hpp).
// Both as that process names them.
[[nodiscard]] bool asleep_inside(pid_t tid, const void* object, pid_t process = ::getpid());

// poll, select or epoll_wait, in any of their forms.
[[nodiscard]] bool asleep_in_poll(pid_t tid);

// Whether a signal to this thread is still pending.
[[nodiscard]] bool signal_pending(pid_t tid, int signal_number);

// Whether the running kernel is at least this version.
[[nodiscard]] bool kernel_at_least(int major, int minor);

} // namespace efd::claims
