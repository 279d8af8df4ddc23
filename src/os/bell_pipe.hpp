// SPDX-License-Identifier: MIT
// os/bell_pipe.hpp: a pipe that other processes of the user ring through open files of their own.
//
// Owns nothing; numbers are the caller's, and closed by exec. A bell is a pipe whose permission bits say so: no other
// pipe has them, so nobody can be led to write into a pipe that is none. A number is checked to name a bell before it
// is read, written to or closed, since the program may have closed it without efd. No call blocks: all files have
// O_NONBLOCK, other processes have files of their own, and a link is looked at before what it leads to is opened. A
// ringer's file can also be read, so that a write never meets a pipe without readers (SIGPIPE). Results below zero are
// negated errno values. Any thread, also in a signal handler; errno stays as it was.
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

// A file of this process's own for the bell behind a number of another process. -EINVAL: that number names another
// file, and nothing was done to it.
[[nodiscard]] int open_bell(std::uint32_t pid, std::uint32_t number, std::uint64_t inode) noexcept;
// A further end to write to, of a bell of which this process has an end.
[[nodiscard]] int open_write_end(int read_end) noexcept;
// Puts the file of `fresh` behind `number`, which names a ringer's file, and closes `fresh`. False: it names no such
// file.
[[nodiscard]] bool replace_ringer(int fresh, int number) noexcept;

// Readable from now on, also if it is full.
void ring_bell(int number) noexcept;
struct bell_found {
    bool was_rung = false;
    bool has_hung_up = false; // nobody has an end to write to
};
// Takes what is there; of a bell that is being filled all the time, only much.
[[nodiscard]] bell_found empty_bell(int read_end) noexcept;

// Closes a number if it names a bell.
void close_bell_end(int number) noexcept;

} // namespace efd::os
