// SPDX-License-Identifier: MIT
// tests/dropin/conservation/spawn.cpp: see work.hpp.
#include "work.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <linux/sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conservation {
namespace {

void await(pid_t child) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
}

struct words_of_program {
    std::array<char, 16> book{};
    std::array<char, 16> seat{};
    std::array<char*, 5> words{};

    explicit words_of_program(const conservation::seat* where) {
        static char name[] = "conservation";
        static char option[] = "--program";
        std::snprintf(book.data(), book.size(), "%d", book_fd);
        std::snprintf(seat.data(), seat.size(), "%d", static_cast<int>(where - conservation::book->seat_at.data()));
        words = {name, option, book.data(), seat.data(), nullptr};
    }
};

constexpr const char* own_program = "/proc/self/exe";

} // namespace

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
    seat* const where = take_seat(own_thread());
    if (where == nullptr) return;
    me->is_nested = 1;
    const int how = me->drawn.below(4);
    const std::uint64_t salt = me->drawn.next();
    const pid_t child = split(how, 0);
    if (child == 0) {
        worker who;
        who.number = me->number;
        const std::array<int, most_eventfds> numbers_of_parent = me->number;
        sit_down(who, *where, salt);
        who.number = numbers_of_parent;
        work_a_little(10);
        if (has(kills) && who.drawn.one_in(4)) ::kill(::getpid(), SIGKILL);
        where->where = place::ended;
        ::_exit(0);
    }
    if (child < 0) where->where = place::ended;
    if (child > 0 && me->drawn.one_in(2)) await(child);
    me->is_nested = 0;
}

void start_a_program() {
    seat* const where = take_seat(own_thread());
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
    if (child > 0) await(child);
    me->is_nested = 0;
}

void become_a_program() {
    if (seat* const where = take_seat(own_thread()); where != nullptr) {
        const words_of_program words(where);
        ::execve(own_program, words.words.data(), ::environ);
        where->where = place::ended;
    }
    ::_exit(0);
}

} // namespace conservation
