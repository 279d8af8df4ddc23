// SPDX-License-Identifier: MIT
// tests/dropin/conservation/work.hpp: what the threads and processes of a round do.
#pragma once

#include "calls.hpp"

#include <sys/types.h>

namespace conservation {

// A thread of a process: works in its slot, as often as the seed says, or watches eventfds until the round is over.
void* work(void* start_of_thread);
struct start {
    thread_slot* where = nullptr;
    std::uint64_t salt = 0;
    int thread = -1;
    bool watches = false;
};

// A forked process: its threads, signals and children. Does not return.
[[noreturn]] void be_a_process(thread_slot* where, std::uint64_t salt);

// A program that was started by exec.
[[noreturn]] void be_a_program(int slot_number);

// A few calls that never wait.
void work_a_little(int most);

// watch.cpp: waits for the eventfds that do not block, by a means that the seed names, and takes all there is.
void watch_until_over();

// numbers.cpp: another number for an eventfd, or one that becomes a file's.
void change_numbers();

// spawn.cpp: a child by one of many ways, which works a little.
pid_t split(int how, std::uint64_t flags); // 0: fork, 1: _Fork, 2: SYS_fork, 3: clone3, with these flags
void fork_a_child();
void start_a_program();
[[noreturn]] void become_a_program();

// As waitpid. It is a fault if the child has ended otherwise than by its own will or SIGKILL.
pid_t await_child(pid_t child, int options);

} // namespace conservation
