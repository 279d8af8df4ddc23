// SPDX-License-Identifier: MIT
// tests/dropin/conservation/calls.hpp: one thread's calls, each in its journal, by every name that there is for it.
#pragma once

#include "features.hpp"
#include "ledger.hpp"

#include <csetjmp>
#include <csignal>

namespace conservation {

// The thread that runs: a handler finds it here.
struct worker {
    thread_slot* slot = nullptr;
    numbers_of_seed drawn{0};
    numbers_of_seed drawn_in_handler{0};
    std::array<int, most_eventfds> number{-1, -1, -1}; // by which it knows each eventfd at present
    volatile std::sig_atomic_t may_leave = 0;          // a handler may leave the call
    volatile std::sig_atomic_t is_nested = 0;          // a handler runs, or must not
    int thread = -1;                                   // which of the host's; -1: of another process
    sigjmp_buf leave;
};
extern thread_local worker* me;

inline bool has(feature one) { return (book->features & one) != 0; }

// Begins to work in this slot, with the numbers that every process has.
void begin_work(worker& self, thread_slot& where, std::uint64_t salt);

// As the auditor's /proc numbers this thread, whatever the namespace of this process.
[[nodiscard]] pid_t thread_of_proc();
inline pid_t own_thread() { return me->slot->thread; }

// Calls; each makes an entry, unless the journal is full.
void add(int object, std::uint64_t units);
bool take_if_any(int object); // false: nothing was taken
void take(int object);
void add_something(int object);
[[nodiscard]] bool journal_is_full();

// A call that a handler may leave, and cancellation.
void guarded(void (*call)(int object), int object);

// May this thread read this eventfd now, without waiting for ever and, mostly, as the only one.
[[nodiscard]] bool may_take(int object);

// SIGALRM comes to some thread of this process every now and then.
void begin_signals();

} // namespace conservation
