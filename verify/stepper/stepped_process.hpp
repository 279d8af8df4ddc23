// SPDX-License-Identifier: MIT
// stepped_process.hpp: a process whose one thread is stepped while its others go on; what the tracer and that process
// share.
//
// Three threads live in it: the stepped one, a healthy one that makes other calls beside it, and, where a scene
// wants one, a waiter that sleeps in a read or in epoll_wait and counts its answers. A byte in a pipe selects what each
// does. The stepped thread marks the beginning and the end of the call by a signal to itself, which only a tracer sees.
#pragma once

#include <atomic>
#include <csignal>
#include <sys/types.h>

namespace efd::stepper {

inline constexpr int marker = SIGUSR2;
inline constexpr int nested = SIGUSR1;

enum class waiter : unsigned char { none, reader, loop };

// What one scene does, in the stepped process. `healthy` says whether what it saw was right; `restore` brings
// everything back to the beginning, and says whether that was right.
struct scene {
    const char* name;
    waiter waits;
    void (*set_up)();
    void (*before)(); // by the stepped thread, unstepped
    void (*stepped)();
    bool (*healthy)();
    bool (*restore)();
    bool sleeps;     // the stepped call sleeps until the healthy thread has written
    bool by_handler; // has a variant in which a handler writes and waits for the reader's answer
    // Left by a siglongjmp out of a handler; then what the same thread finds right afterwards. Null: it is not left so.
    bool (*after_jump)() = nullptr;
    void (*handler)(int) = nullptr; // in place of the jump: what interrupts the call, which goes on then
    bool (*wakes)() = nullptr;      // in place of a write to the first object: what a stepped call that sleeps is given
};
inline constexpr int scene_count = 22;
extern const scene scenes[scene_count];
inline constexpr int fork_scene_count = 9;
extern const scene fork_scenes[fork_scene_count]; // in stage_fork.cpp

struct shared_state {
    std::atomic<pid_t> stepped{0};
    std::atomic<pid_t> healthy{0};
    std::atomic<pid_t> waiting{0};
    std::atomic<long> answers{0};
    std::atomic<bool> handler_wrote{false};
    std::atomic<bool> give_up{false}; // to a handler that waits for an answer
    std::atomic<bool> may_jump{false};
    std::atomic<bool> wrong_after_jump{false};
};

inline shared_state* shared = nullptr; // in a scene's process; in the tracer, of the last one started

struct stepped_process {
    pid_t process = -1;
    int to_stepped = -1;
    int to_healthy = -1;
    int from_healthy = -1;
    shared_state* shared = nullptr;
};

// Starts the process of a scene; its threads are there when this returns.
stepped_process start(const scene& what);
void end(const stepped_process& what);

} // namespace efd::stepper
