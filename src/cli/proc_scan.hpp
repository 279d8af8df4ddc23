// SPDX-License-Identifier: MIT
// cli/proc_scan.hpp: every eventfd that /proc shows, who has it in an epoll, and what may be the memory of an arena.
//
// Reads a tree that is made as /proc is, by relative paths from each process's directory, and prints nothing. Processes
// and numbers may vanish between any two steps, which is no error: what is gone is left out. Processes that may not be
// read are counted. Every text is another program's, and is kept as it is: who prints it makes it harmless. Throws
// std::runtime_error where the tree is no /proc at all. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace efd::cli {

struct holder {
    std::uint32_t pid = 0;
    std::string command; // as /proc/PID/comm says, without its end of line
    std::vector<std::uint32_t> numbers;
};

struct epoll_number {
    std::uint32_t pid = 0;
    std::uint32_t number = 0;
};

struct kernel_eventfd {
    std::optional<std::uint32_t> id; // older kernels have none: then each number is a row of its own
    std::optional<std::uint64_t> count;
    std::optional<bool> is_semaphore; // older kernels do not tell
    std::vector<holder> holders;      // by pid
    std::vector<epoll_number> epolls; // that watch it
};

// A number that names memory, and looks as if an arena were in it.
struct memory_number {
    std::uint32_t pid = 0;
    std::string command;
    std::uint32_t number = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool is_called_arena = false;          // its name is the one that the library gives
    std::vector<std::uint64_t> life_bytes; // on which it has record locks, counted from share::life_byte on
};

// A number that names the memory of an observed process, by its name.
struct observed_number {
    std::uint32_t pid = 0;
    std::string command;
    std::uint32_t number = 0;
};

struct proc_listing {
    std::vector<kernel_eventfd> eventfds;
    std::vector<memory_number> memory;
    std::vector<observed_number> observed;
    std::vector<std::uint32_t> under_dropin; // those with eventfds that have loaded libefd-dropin.so
    unsigned unread = 0;                     // processes that may not be looked at
    bool is_hiding = false;                  // by hidepid: the mount shows only some of the processes
};

// Whether an epoll's entry is the file that the number names now; the number may have been closed and given out again
// since the file was added.
struct target_question {
    std::uint32_t thread; // of the process, living
    std::uint32_t epoll;
    std::uint32_t target;  // the number under which the file was added, and which names an eventfd now
    std::uint32_t ordinal; // among the entries of that number
};
using target_answer = std::optional<bool>; // none: the kernel does not say
[[nodiscard]] target_answer ask_kernel_for_target(const target_question& about);

struct proc_scan_options {
    std::string root = "/proc";
    target_answer (*is_target)(const target_question& about) = ask_kernel_for_target; // null: numbers are believed
};

[[nodiscard]] proc_listing scan_proc(const proc_scan_options& options);

} // namespace efd::cli
