// SPDX-License-Identifier: MIT
// share/refusal.cpp: see refusal.hpp. The errno and the sentence of each.
#include "share/refusal.hpp"

#include <cerrno>

namespace efd::share {
namespace {

struct explained {
    refusal why;
    int error;
    const char* sentence;
};

constexpr explained table[] = {
    {refusal::none, 0, "nothing was refused"},
    {refusal::invalid_options, EINVAL,
     "an option is beyond its bound: 1 to 2^27 slots, 1 to 1024 processes, up to 2^20 names, looks of up to a minute, "
     "a mode of read and write bits with the owner's among them, an offset that is a multiple of the page"},
    {refusal::invalid_name, EINVAL,
     "the name is empty, too long, or has a character that no name has: use 1 to 47 letters, digits, '.', '_' and '-'"},
    {refusal::no_memory, ENOMEM,
     "this process has no addresses or no memory left for the arena: raise RLIMIT_AS (ulimit -v), release other "
     "arenas, or make it with fewer slots"},
    {refusal::no_space, ENOSPC,
     "the memory cannot be reserved, as the machine, the cgroup or the tmpfs has not as much: make the arena with "
     "fewer slots, raise the limit, or make it sparse"},
    {refusal::file_limit, EFBIG,
     "the arena is larger than a file of this process may be: raise RLIMIT_FSIZE (ulimit -f), or make it with fewer "
     "slots"},
    {refusal::no_descriptor, EMFILE,
     "this process has no descriptor left: close some, or raise RLIMIT_NOFILE (ulimit -n)"},
    {refusal::table_full, ENFILE, "the system has as many open files as it may have: close some, or raise fs.file-max"},
    {refusal::no_proc, ENOSYS,
     "/proc is not mounted, and the arena's memory can be opened anew only through it: mount it in this container"},
    {refusal::bad_descriptor, EBADF,
     "the descriptor is not open for reading and writing of any file: pass the one that the arena's maker has or sent"},
    {refusal::not_sealed, EPERM,
     "the memory's size can change while it is in use, which would crash this process: let efd make it, seal it "
     "(F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL), or allow unsealed memory if every holder is trusted"},
    {refusal::not_memory, EINVAL,
     "the descriptor is no shared memory of small pages (a memfd, or a file in a tmpfs): pass the arena's own "
     "descriptor"},
    {refusal::read_only, EACCES,
     "the memory can be read and not written, by its descriptor or by a seal: pass one that was opened for both"},
    {refusal::other_owner, EACCES,
     "the memory belongs to another user: allow other owners if you trust that user with the arena's counts"},
    {refusal::too_open, EACCES,
     "more users may write to the memory than you allow: make the arena with a narrower mode, or pass its mode when "
     "you attach"},
    {refusal::not_an_arena, EINVAL,
     "the memory does not begin as an arena does: pass the descriptor, and the offset, of one that has been made"},
    {refusal::other_version, ENOTSUP,
     "the arena was made by a version of efd with another layout: build both programs with the same version"},
    {refusal::other_byte_order, ENOTSUP, "the arena was made by a program of the other byte order: build both for one"},
    {refusal::damaged_header, EIO,
     "the arena's header has numbers that no arena has, so that it is damaged or forged: make a new arena"},
    {refusal::wrong_size, EIO,
     "the memory is not as large as its header says, so that it is damaged or forged: make a new arena"},
    {refusal::too_small, EINVAL,
     "the file ends before the arena would: make it larger, place the arena further in front, or ask for fewer slots"},
    {refusal::too_many_processes, EUSERS,
     "as many processes as the arena was made for hold it: let one go, or make the arena with more processes"},
    {refusal::exists, EEXIST, "a living process holds an arena of this name: open it, or choose another name"},
    {refusal::not_found, ENOENT,
     "no living process holds an arena of this name: start the one that makes it first, or create it"},
    {refusal::name_busy, ETIMEDOUT,
     "another process keeps the lock of the name, longer than any call of efd does: try again, or end that process"},
    {refusal::other_pid_namespace, EXDEV,
     "the processes that hold the arena are in another pid namespace: send it over a unix socket and receive it"},
    {refusal::other_user, EACCES,
     "the processes that hold the arena belong to another user: send it over a unix socket and receive it"},
    {refusal::bad_directory, EACCES,
     "the directory of arenas' names belongs to another user or is open to others: give it mode 0700 and its owner "
     "back, or set XDG_RUNTIME_DIR"},
    {refusal::bad_socket, ENOTSOCK,
     "the descriptor is no unix socket, and an arena can be sent over no other: use socketpair or AF_UNIX"},
    {refusal::bad_message, EBADMSG,
     "the message is not one arena as efd sends it: let the other side send an arena, in a message of its own"},
    {refusal::would_block, EAGAIN, "the socket does not block and is not ready: poll it and try again"},
    {refusal::closed, EPIPE, "the socket's other end is closed or not connected: connect it again"},
    {refusal::system, EIO, "the system refused a call that an arena needs: errno says why"},
};

constexpr bool is_in_order() noexcept {
    unsigned at = 0;
    for (const explained& one : table)
        if (static_cast<unsigned>(one.why) != at++) return false;
    return at == refusals;
}
static_assert(is_in_order());

const explained& entry_of(refusal why) noexcept { return table[static_cast<unsigned>(why)]; }

} // namespace

outcome outcome_of(int negative_errno) noexcept {
    switch (-negative_errno) {
    case 0: return refusal::none;
    case ENOMEM: return refusal::no_memory;
    case ENOSPC: return refusal::no_space;
    case EFBIG: return refusal::file_limit;
    case EMFILE: return refusal::no_descriptor;
    case ENFILE: return refusal::table_full;
    case EBADF: return refusal::bad_descriptor;
    default: return {refusal::system, -negative_errno};
    }
}

outcome outcome_of_file(int negative_errno) noexcept {
    switch (-negative_errno) {
    case EDQUOT: return refusal::no_space;
    case ENOSYS: return refusal::no_proc;
    case EINVAL: return refusal::not_memory;
    case EACCES:
    case EPERM: return refusal::other_user;
    default: return outcome_of(negative_errno);
    }
}

int errno_of(const outcome& what) noexcept {
    return what.why == refusal::system && what.error != 0 ? what.error : entry_of(what.why).error;
}

const char* sentence_of(refusal why) noexcept { return entry_of(why).sentence; }

} // namespace efd::share
