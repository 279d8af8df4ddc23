// SPDX-License-Identifier: MIT
// share/refusal_of.hpp: which refusal a negated errno of os/ is.
#pragma once

#include "share/refusal.hpp"

#include <cerrno>

namespace efd::share {

// Of a call that opens, makes or writes a file. refusal::system sets errno, so that the border can say it.
inline refusal refusal_of(int negative_errno) noexcept {
    switch (-negative_errno) {
    case ENOMEM: return refusal::no_memory;
    case ENOSPC:
    case EDQUOT: return refusal::no_space;
    case EMFILE: return refusal::no_descriptor;
    case ENFILE: return refusal::table_full;
    case ENOSYS: return refusal::no_proc;
    case EBADF: return refusal::bad_descriptor;
    case EINVAL: return refusal::not_memory;
    case EACCES:
    case EPERM: return refusal::other_user;
    default: errno = -negative_errno; return refusal::system;
    }
}

} // namespace efd::share
