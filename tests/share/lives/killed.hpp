// SPDX-License-Identifier: MIT
// tests/share/lives/killed.hpp: a process that is stopped, or killed, at one of its steps.
#pragma once

#include <csignal>
#include <cstdlib>
#include <functional>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::tests {

enum class step : unsigned char { system_call, instruction };
enum class end : unsigned char { killed, completed, not_permitted };

// A process that runs the body step by step; it is ended with this object.
class stepped {
  public:
    explicit stepped(const std::function<void()>& body) : pid_(::fork()) {
        if (pid_ < 0) ::abort(); // kill(-1) would be every process of the user
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(99);
            ::raise(SIGSTOP);
            body();
            ::_exit(0);
        }
        ::waitpid(pid_, &status_, 0);
    }
    stepped& operator=(stepped&&) = delete; // neither copied nor moved
    ~stepped() { kill(); }

    // So many steps, or as many as there are; how many it made. Each system call has a step before it and one after it.
    long run(step by, long steps) {
        long made = 0;
        for (; made < steps && WIFSTOPPED(status_); ++made) {
            ::ptrace(by == step::instruction ? PTRACE_SINGLESTEP : PTRACE_SYSCALL, pid_, nullptr, nullptr);
            ::waitpid(pid_, &status_, 0);
        }
        return made;
    }
    void run_to_the_end() {
        if (!WIFSTOPPED(status_)) return;
        ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
        ::waitpid(pid_, &status_, 0);
    }
    void kill() {
        if (!WIFSTOPPED(status_)) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status_, 0);
    }
    [[nodiscard]] end how() const {
        if (!WIFEXITED(status_)) return end::killed;
        return WEXITSTATUS(status_) == 99 ? end::not_permitted : end::completed;
    }

  private:
    pid_t pid_;
    int status_ = 0;
};

struct outcome {
    end how;
    long steps; // that it has made
};

// Runs the body in a process that is killed after so many steps.
inline outcome run_and_kill(const std::function<void()>& body, step by, long steps) {
    stepped process(body);
    const long made = process.run(by, steps);
    process.kill();
    return {process.how(), made};
}

} // namespace efd::tests
