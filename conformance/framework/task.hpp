// SPDX-License-Identifier: MIT
// conformance/framework/task.hpp: what the kernel reports about one thread of this process: where it sleeps, how often
// it went to sleep.
//
// Owns nothing; reads /proc/self/task. Any thread may call. Invariant: an answer "asleep" was true at some moment
// during the call. If /proc does not show system calls, a thread in state S counts as asleep.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <sys/types.h>

namespace efd::claims {

struct task_state {
    bool asleep = false;                 // not running, not runnable
    bool call_known = false;             // whether the two below are valid
    long call = -1;                      // the system call it sleeps in
    std::array<std::uint64_t, 6> args{}; // its arguments
};

[[nodiscard]] task_state look_at_task(pid_t tid);

// Asleep in one of these system calls, with this first argument unless it is -1.
[[nodiscard]] bool asleep_in(pid_t tid, std::initializer_list<long> calls, std::int64_t first_argument = -1);

// Asleep in a futex wait on an address inside this object of the library, which is one cache line (core/context.hpp).
[[nodiscard]] bool asleep_inside(pid_t tid, const void* object);

// poll, select or epoll_wait, in any of their forms.
[[nodiscard]] bool asleep_in_poll(pid_t tid);

// How often the thread has gone to sleep of its own accord; -1 if unreadable.
[[nodiscard]] long voluntary_switches(pid_t tid);

// Whether a signal to this thread is still pending.
[[nodiscard]] bool signal_pending(pid_t tid, int signal_number);

[[nodiscard]] pid_t current_tid();

// Whether the running kernel is at least this version.
[[nodiscard]] bool kernel_at_least(int major, int minor);

} // namespace efd::claims
