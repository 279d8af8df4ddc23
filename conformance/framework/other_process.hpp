// SPDX-License-Identifier: MIT
// conformance/framework/other_process.hpp: a second process, for claims about what is shared and what is unique in the
// system.
//
// Owns the child and a pipe each way. The child does its setup, reports the number that this gave, and keeps all it
// holds until the parent releases it. Made by the claim's thread while it is the only one (it forks). Invariant: after
// the destructor the child is gone.
#pragma once

#include <functional>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::claims {

class other_process {
  public:
    explicit other_process(const std::function<long()>& setup) {
        int answer[2];
        int leave[2];
        if (::pipe(answer) != 0 || ::pipe(leave) != 0) return;
        child_ = ::fork();
        if (child_ == 0) {
            ::close(leave[1]);
            const long number = setup();
            char end = 0;
            if (::write(answer[1], &number, sizeof number) != sizeof number) ::_exit(1);
            ::_exit(::read(leave[0], &end, 1) == 0 ? 0 : 1);
        }
        ::close(answer[1]);
        ::close(leave[0]);
        leave_ = leave[1];
        if (::read(answer[0], &answer_, sizeof answer_) != sizeof answer_) answer_ = -1;
        ::close(answer[0]);
    }
    ~other_process() { let_go(); }
    other_process& operator=(other_process&&) = delete; // neither copied nor moved

    // The result of setup; -1 if there is no such process, or it died.
    long answer() const { return answer_; }
    pid_t pid() const { return child_; }
    // Ends the child and waits until it and all it held are gone.
    void let_go() {
        if (child_ <= 0) return;
        ::close(leave_);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }

  private:
    pid_t child_ = 0;
    int leave_ = -1;
    long answer_ = -1;
};

// The result of `ask` in a process of its own that ends at once.
inline long in_other_process(const std::function<long()>& ask) { return other_process(ask).answer(); }

} // namespace efd::claims
