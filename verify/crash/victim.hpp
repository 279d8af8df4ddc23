// SPDX-License-Identifier: MIT
// victim.hpp: a child that is stepped through one call by ptrace, and killed there.
//
// Owns the child: the destructor kills and reaps it. A point of the call is a number of system calls and a number of
// instructions after the last of them; from one run to the next both count alike, whatever the call does in between.
#pragma once

#include "crash/scene.hpp"

#include <functional>
#include <sys/types.h>

namespace efd::crash {

struct point {
    int calls = 0;        // system calls of the operation that have returned
    int instructions = 0; // after the last one
};

class victim {
  public:
    // The child stands before its call. `when_asleep` is called when it sleeps in a futex call.
    victim(const scene& what, world& all, std::function<void()> when_asleep);
    victim& operator=(victim&&) = delete; // neither copied nor moved
    ~victim() { kill(); }

    // False: the call has ended before that.
    bool go_to(point where);
    // One instruction more. False: the call has ended.
    bool step();
    // False: it has made far more steps than any call has.
    [[nodiscard]] bool may_go_on();
    // Until it sleeps in a futex call. False: the call has ended.
    bool go_to_sleep();
    [[nodiscard]] bool is_before_call() const; // of the system
    void kill();
    // Empty: nothing unforeseen has happened.
    [[nodiscard]] const char* fault() const { return fault_; }
    [[nodiscard]] long steps() const { return steps_; }

  private:
    enum class stop : unsigned char { stepped, at_call, ended };
    stop go(int request, bool until_asleep = false);
    bool pass_call();
    bool go_into_child();

    pid_t pid_ = -1;
    pid_t parent_ = -1; // of a stepped child: a child of ours, not traced
    const char* fault_ = nullptr;
    std::function<void()> when_asleep_;
    bool is_asleep_ = false;
    long steps_ = 0;
};

} // namespace efd::crash
