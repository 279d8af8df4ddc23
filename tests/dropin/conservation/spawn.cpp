// SPDX-License-Identifier: MIT
// tests/dropin/conservation/spawn.cpp: see work.hpp.
#include "work.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <linux/sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conservation {
namespace {

struct words_of_program {
    std::array<char, 16> book{};
    std::array<char, 16> slot_number{};
    std::array<char*, 5> words{};

    explicit words_of_program(const conservation::thread_slot* where) {
        static char name[] = "conservation";
        static char option[] = "--program";
        std::snprintf(book.data(), book.size(), "%d", book_fd);
        std::snprintf(slot_number.data(), slot_number.size(), "%d",
                      static_cast<int>(where - conservation::book->slots.data()));
        words = {name, option, book.data(), slot_number.data(), nullptr};
    }
};

constexpr const char* own_program = "/proc/self/exe";

} // namespace

pid_t await_child(pid_t child, int options) {
    int status = 0;
    pid_t ended = 0;
    do ended = ::waitpid(child, &status, options);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0) return ended;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) fault("a process ended by signal %d", WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) fault("a process ended with %d", WEXITSTATUS(status));
    return ended;
}

pid_t split(int how, std::uint64_t flags) {
    clone_args new_process{};
    new_process.flags = flags;
    new_process.exit_signal = SIGCHLD;
    switch (how) {
    case 0: return ::fork();
    case 1: return ::_Fork();
    case 2: return static_cast<pid_t>(::syscall(SYS_fork));
    default: return static_cast<pid_t>(::syscall(SYS_clone3, &new_process, sizeof new_process));
    }
}

void fork_a_child() {
    thread_slot* const where = claim_slot(own_thread());
    if (where == nullptr) return;
    me->is_nested = 1;
    const int how = me->drawn.below(4);
    const std::uint64_t salt = me->drawn.next();
    const pid_t child = split(how, 0);
    if (child == 0) {
        worker self;
        self.number = me->number;
        const std::array<int, most_eventfds> numbers_of_parent = me->number;
        begin_work(self, *where, salt);
        self.number = numbers_of_parent;
        work_a_little(10);
        if (has(kills) && self.drawn.one_in(4)) ::kill(::getpid(), SIGKILL);
        where->where = place::ended;
        ::_exit(0);
    }
    if (child < 0) where->where = place::ended;
    if (child > 0 && me->drawn.one_in(2)) (void)await_child(child, 0);
    me->is_nested = 0;
}

void start_a_program() {
    thread_slot* const where = claim_slot(own_thread());
    if (where == nullptr) return;
    me->is_nested = 1;
    words_of_program words(where);
    pid_t child = -1;
    if (me->drawn.one_in(2)) {
        child = ::vfork();
        if (child == 0) {
            ::execve(own_program, words.words.data(), ::environ);
            ::_exit(127);
        }
    } else if (::posix_spawn(&child, own_program, nullptr, nullptr, words.words.data(), ::environ) != 0) {
        child = -1;
    }
    if (child < 0) where->where = place::ended;
    if (child > 0) (void)await_child(child, 0);
    me->is_nested = 0;
}

void become_a_program() {
    const itimerval none{}; // it would go on, and end the program, which has no handler
    ::setitimer(ITIMER_REAL, &none, nullptr);
    if (thread_slot* const where = claim_slot(thread_of_proc()); where != nullptr) {
        const words_of_program words(where);
        ::execve(own_program, words.words.data(), ::environ);
        where->where = place::ended;
    }
    ::_exit(0);
}

} // namespace conservation
