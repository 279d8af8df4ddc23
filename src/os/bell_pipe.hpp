// SPDX-License-Identifier: MIT
// os/bell_pipe.hpp: a pipe into which other processes of the user write a byte, each through an open file of its own.
//
// Owns nothing: the caller owns the numbers, and exec closes them. A bell is a pipe with permission bits that no
// ordinary pipe has, so an untrusted number cannot lead to a write into another pipe. The program may close a number
// without efd, so a caller checks that it names a bell before it uses it, and the calls that close or replace one check
// themselves. No call blocks: all files have O_NONBLOCK, and a link is read before what it leads to is opened. A
// ringer's file is open for reading too, so that a write never meets a pipe without readers (SIGPIPE). Results below
// zero are negated errno values. Any thread, also in a signal handler; errno stays as it was.
#pragma once

#include <cstdint>

namespace efd::os {

struct bell_ends {
    int read_end = -1;
    int write_end = -1;
    std::uint64_t inode = 0;
};
// A negated errno: EMFILE, ENFILE, ENOMEM.
[[nodiscard]] int make_bell(bell_ends& made) noexcept;
[[nodiscard]] bool is_bell(int number, std::uint64_t inode) noexcept;

// Opens, for this process, the bell that a number of another process names. -EINVAL: that number names another file,
// and nothing was done to it.
[[nodiscard]] int open_bell(std::uint32_t pid, std::uint32_t number, std::uint64_t inode) noexcept;
// Opens one more write end of the bell that `read_end` belongs to. -EBADF: it names another file now.
[[nodiscard]] int open_write_end(int read_end, std::uint64_t inode) noexcept;
// Makes `number`, which names a ringer's file, name the file of `fresh`, and closes `fresh`. False: `number` names no
// ringer's file, and nothing was done.
[[nodiscard]] bool replace_ringer(int fresh, int number) noexcept;

// The bell is readable from now on, also if the pipe was full.
void ring_bell(int number) noexcept;
struct bell_found {
    bool was_rung = false;
    bool has_hung_up = false; // no process has a write end
};
// Takes the bytes that are there; the number of reads is bounded, in case another process goes on writing.
[[nodiscard]] bell_found empty_bell(int read_end) noexcept;

// Closes the number if it names this bell.
void close_bell_end(int number, std::uint64_t inode) noexcept;
// Closes the number if it names a ringer's file.
void close_ringer(int number) noexcept;

} // namespace efd::os
