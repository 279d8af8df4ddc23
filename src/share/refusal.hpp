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
    no_space,            // ENOSPC: the memory could not be reserved: the machine or the cgroup has not as much
    file_limit,          // EFBIG: beyond RLIMIT_FSIZE
    no_descriptor,       // EMFILE
    table_full,          // ENFILE
    no_proc,             // ENOSYS: /proc is not mounted, so the memory cannot be opened anew
    bad_descriptor,      // EBADF
    not_sealed,          // EPERM: its size may change under us
    not_memory,          // EINVAL: neither a memfd nor what the caller allowed
    read_only,           // EACCES: by the descriptor, or by a seal
    other_owner,         // EACCES: it belongs to another user
    too_open,            // EACCES: others may write to it
    not_an_arena,        // EINVAL: the header does not begin as one
    other_version,       // ENOTSUP: of another version of efd
    other_byte_order,    // ENOTSUP
    damaged_header,      // EIO
    wrong_size,          // EIO: the file is not as large as the header says
    too_small,           // EINVAL: the file ends before the arena that is to be placed in it
    too_many_processes,  // EUSERS: as many processes as it was made for are alive
    exists,              // EEXIST: create(name), and a living process holds an arena of that name
    not_found,           // ENOENT: open(name), and no living process holds one
    name_busy,           // ETIMEDOUT: another process keeps the lock of the name
    other_pid_namespace, // EXDEV: its holders cannot be reached through /proc: send and receive it
    other_user,          // EACCES: its holders belong to another user: send and receive it
    bad_directory,       // EACCES: the directory of names belongs to another user, or is open to others
    bad_socket,          // ENOTSOCK: no socket, or none of the unix family
    bad_message,         // EBADMSG: what came over the socket is no arena
    would_block,         // EAGAIN: the socket does not block, and has no message or no room
    closed,              // EPIPE: the socket's other end is closed
    system,              // any other errno, which is kept
};
inline constexpr unsigned refusals = static_cast<unsigned>(refusal::system) + 1;

// What a call of this room comes to: refusal::none, or why not. `error` is the errno of refusal::system, else 0.
struct [[nodiscard]] outcome {
    refusal why = refusal::none;
    int error = 0;

    constexpr outcome() noexcept = default;
    constexpr outcome(refusal given) noexcept : why(given) {} // NOLINT(google-explicit-constructor): a refusal is one
    constexpr outcome(refusal given, int given_error) noexcept : why(given), error(given_error) {}
    [[nodiscard]] constexpr bool is_refused() const noexcept { return why != refusal::none; }
    friend constexpr bool operator==(const outcome& x, const outcome& y) noexcept = default;
};

// What a call of src/os says, where no case of its own is meant.
[[nodiscard]] outcome outcome_of(int negative_errno) noexcept;

// The same of one that opens or writes a file of another process, or that of a name.
[[nodiscard]] outcome outcome_of_file(int negative_errno) noexcept;

// 0 for refusal::none.
[[nodiscard]] int errno_of(const outcome& what) noexcept;
// One line for people: what happened, and what to do next. It lives for ever.
[[nodiscard]] const char* sentence_of(refusal why) noexcept;

} // namespace efd::share
