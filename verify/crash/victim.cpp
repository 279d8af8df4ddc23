// SPDX-License-Identifier: MIT
// victim.cpp: see victim.hpp.
#include "crash/victim.hpp"

#include "common/task.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace efd::crash {
namespace {

constexpr int marker = SIGUSR2; // which only the tracer sees
constexpr int call_stop = SIGTRAP | 0x80;
constexpr auto patience = std::chrono::seconds(20);
constexpr long text_mask = 0xFFFF;
constexpr long text_of_syscall = 0x050F;

void mark(pid_t self) { ::syscall(SYS_tgkill, self, self, marker); }

[[noreturn]] void run(const scene& what, world& all) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0); // a child of its own is awaited by that
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    const pid_t self = ::getpid();
    what.before(all);
    mark(self);
    what.stepped(all);
    mark(what.steps_child ? ::getpid() : self);
    ::_exit(0);
}

} // namespace

victim::victim(const scene& what, world& all, std::function<void()> when_asleep)
    : pid_(::fork()), when_asleep_(std::move(when_asleep)) {
    if (pid_ == 0) run(what, all);
    int status = 0;
    const bool is_there = pid_ > 1 && ::waitpid(pid_, &status, 0) == pid_ && WIFSTOPPED(status) &&
                          WSTOPSIG(status) == marker &&
                          ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0;
    if (!is_there) fault_ = "the call did not begin";
    if (is_there && what.steps_child && !go_into_child()) fault_ = "the child of the fork is not there";
}

// The child stands where it begins; its parent goes on.
bool victim::go_into_child() {
    constexpr int fork_stop = SIGTRAP | PTRACE_EVENT_FORK << 8;
    unsigned long child = 0;
    int status = 0;
    (void)::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK);
    if (::ptrace(PTRACE_CONT, pid_, nullptr, nullptr) != 0 || ::waitpid(pid_, &status, 0) != pid_) return false;
    if (status >> 8 != fork_stop || ::ptrace(PTRACE_GETEVENTMSG, pid_, nullptr, &child) != 0) return false;
    parent_ = std::exchange(pid_, static_cast<pid_t>(child));
    if (::waitpid(pid_, &status, __WALL) != pid_ || !WIFSTOPPED(status)) return false;
    return ::ptrace(PTRACE_DETACH, parent_, nullptr, nullptr) == 0;
}

// One request, and the stop that follows.
victim::stop victim::go(int request, bool until_asleep) {
    if (fault_ != nullptr || pid_ <= 1) return stop::ended;
    if (::ptrace(static_cast<__ptrace_request>(request), pid_, nullptr, nullptr) != 0) {
        fault_ = "the victim is gone";
        return stop::ended;
    }
    ++steps_;
    int status = 0;
    const auto until = std::chrono::steady_clock::now() + patience;
    for (unsigned looks = 0; ::waitpid(pid_, &status, WNOHANG) == 0; ++looks) {
        if (looks % 64 == 63 && (until_asleep || when_asleep_ != nullptr) && common::is_asleep_in_futex(pid_, pid_)) {
            is_asleep_ = true;
            if (until_asleep) return stop::at_call;
            when_asleep_();
        }
        if (std::chrono::steady_clock::now() > until) {
            fault_ = "a step of the call does not end";
            return stop::ended;
        }
        ::sched_yield();
    }
    if (!WIFSTOPPED(status)) {
        fault_ = "the victim has ended by itself";
        pid_ = -1;
        return stop::ended;
    }
    if (WSTOPSIG(status) == marker) return stop::ended;
    if (WSTOPSIG(status) == call_stop) return stop::at_call;
    if (WSTOPSIG(status) == SIGTRAP) return stop::stepped;
    if (WSTOPSIG(status) == SIGCHLD) return go(request); // its own child has ended
    fault_ = ::strsignal(WSTOPSIG(status));
    return stop::ended;
}

bool victim::pass_call() { return go(PTRACE_SYSCALL) == stop::at_call && go(PTRACE_SYSCALL) == stop::at_call; }

bool victim::step() { return go(PTRACE_SINGLESTEP) != stop::ended; }

bool victim::may_go_on() {
    constexpr long most_steps = 2'000'000;
    if (steps_ > most_steps) fault_ = "the call does not end";
    return steps_ <= most_steps;
}

bool victim::go_to(point where) {
    for (int i = 0; i < where.calls; ++i)
        if (!pass_call()) return false;
    for (int i = 0; i < where.instructions; ++i)
        if (!step()) return false;
    return true;
}

bool victim::go_to_sleep() {
    while (go(PTRACE_SYSCALL, true) == stop::at_call)
        if (is_asleep_) return true;
    return false;
}

bool victim::is_before_call() const {
    const long at = ::ptrace(PTRACE_PEEKUSER, pid_, offsetof(struct ::user, regs.rip), nullptr);
    errno = 0;
    const long text = ::ptrace(PTRACE_PEEKTEXT, pid_, at, nullptr);
    return errno == 0 && (text & text_mask) == text_of_syscall;
}

void victim::kill() {
    if (pid_ <= 1) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) == pid_ && WIFSTOPPED(status)) {
    }
    while (::waitpid(-pid_, &status, 0) > 0) { // its children end by themselves, and are ours now
    }
    pid_ = -1;
    if (parent_ <= 1) return;
    ::kill(parent_, SIGKILL);
    (void)::waitpid(std::exchange(parent_, -1), &status, 0);
}

} // namespace efd::crash
