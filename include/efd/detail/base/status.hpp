// SPDX-License-Identifier: MIT
// base/status.hpp: how an operation ended.
//
// Owns nothing. Inside efd an error is one of these values; errno and exceptions exist only at the border (src/api).
// Each value stands for exactly one errno, named beside it.
#pragma once

#include <efd/detail/base/cxx20.hpp>

namespace efd::EFD_ABI::base {

enum class status : unsigned char {
    ok,             // 0
    would_block,    // EAGAIN: the count is zero, or there is no room, and the caller does not wait
    invalid,        // EINVAL: a value or flag that no object accepts
    interrupted,    // EINTR: a signal handler ran during the sleep, before any thread had woken the sleeper
    timed_out,      // ETIMEDOUT: the deadline passed and the condition still did not hold
    cancelled,      // ECANCELED: the wait was cancelled and the condition still did not hold
    deadlock,       // EDEADLK: would sleep, or signal, inside a wait queue callback
    no_memory,      // ENOMEM
    no_descriptor,  // EMFILE: the process may have no more descriptors
    table_full,     // ENFILE: the system may have no more open files
    bad_descriptor, // EBADF
    exists,         // EEXIST: the descriptor is a member already
    not_watchable,  // EPERM: a file that epoll cannot watch
    not_supported,  // EOPNOTSUPP
    too_deep,       // ELOOP: too many sets above one another
    damaged,        // EIO: shared memory that a peer keeps changing, or whose pages are gone
    stale,          // ESTALE: the object that an id named is gone, or this process counts as dead in the arena
    owner_dead,     // EOWNERDEAD: the last process that might have signalled the object was killed
    no_space,       // ENOSPC: every slot or name of the arena is in use
    not_found,      // ENOENT: no object of that name
    fault,          // EFAULT: an address that user space may not touch, or where nothing is
};

} // namespace efd::EFD_ABI::base
