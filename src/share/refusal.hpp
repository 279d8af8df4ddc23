// SPDX-License-Identifier: MIT
// share/refusal.hpp: why an arena was not made, attached to or found; each with an errno and a sentence.
//
// Owns nothing. The sentence says what to do next; src/share/refusal.cpp has them.
#pragma once

namespace efd::share {

enum class refusal : unsigned char {
    none,
    invalid_options,     // EINVAL: a number beyond its bound
    invalid_name,        // EINVAL: empty, too long, or a character that no name has
    no_memory,           // ENOMEM: no address space, or no memory of this process
    no_space,            // ENOSPC: the memory could not be reserved: /dev/shm or the cgroup is full
    no_descriptor,       // EMFILE
    table_full,          // ENFILE
    no_proc,             // ENOSYS: /proc is not mounted, so the memory cannot be opened anew
    bad_descriptor,      // EBADF
    not_sealed,          // EPERM: it may shrink under us
    not_memory,          // EINVAL: neither a memfd nor what the caller allowed
    other_owner,         // EACCES: it belongs to another user
    too_open,            // EACCES: others may write to it
    not_an_arena,        // EINVAL: the header does not begin as one
    other_version,       // ENOTSUP: of another version of efd
    other_byte_order,    // ENOTSUP
    damaged_header,      // EIO
    wrong_size,          // EIO: the file is smaller than the header says
    too_many_processes,  // EUSERS: as many processes as it was made for are alive
    exists,              // EEXIST: create(name), and a living process holds an arena of that name
    not_found,           // ENOENT: open(name), and no living process holds one
    name_busy,           // ETIMEDOUT: another process keeps the lock of the name
    other_pid_namespace, // EXDEV: its holders cannot be reached through /proc: send and receive it
    other_user,          // EACCES: its holders belong to another user: send and receive it
    bad_directory,       // EACCES: the directory of names belongs to another user, or is open to others
    bad_message,         // EBADMSG: what came over the socket is no arena
    closed,              // EPIPE: the socket's other end is closed
    system,              // any other errno, which is kept
};

} // namespace efd::share
