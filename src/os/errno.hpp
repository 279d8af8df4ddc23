// SPDX-License-Identifier: MIT
// os/errno.hpp: errno on its way out of a system call: kept, or turned into a result or a status.
//
// Owns nothing. Calls of src/os keep the caller's errno; one that fails in more than one way returns a negated errno,
// and status_of is the one map from that to what the library calls it.
#pragma once

#include <efd/detail/base/errc.hpp>
#include <efd/detail/base/status.hpp>

#include <cerrno>

namespace efd::os {

// Keeps errno as it was, whatever the system calls within its life set.
class errno_keeper {
  public:
    errno_keeper() noexcept : saved_(errno) {}
    ~errno_keeper() { errno = saved_; }
    errno_keeper& operator=(errno_keeper&&) = delete; // neither copied nor moved

  private:
    int saved_;
};

// Of a call that gives -1 and sets errno: what it gave, or the negated errno.
inline int result_of(int given) noexcept { return given >= 0 ? given : -errno; }

// Why the kernel gave no file, no number or no registration. What it says of its own memory or limits, and of nothing
// that the caller could avoid, is no_memory.
constexpr base::status status_of(int negative_errno) noexcept {
    switch (-negative_errno) {
    case EMFILE: return base::status::no_descriptor;
    case ENFILE: return base::status::table_full;
    case EBADF: return base::status::bad_descriptor;
    case EEXIST: return base::status::exists;
    case EPERM: return base::status::not_watchable;
    case EINVAL: return base::status::invalid;
    default: return base::status::no_memory;
    }
}
// The way back, at the border, gives the same errno.
constexpr bool comes_back(int error) noexcept { return static_cast<int>(base::to_errc(status_of(-error))) == error; }
static_assert(comes_back(EMFILE) && comes_back(ENFILE) && comes_back(EBADF) && comes_back(EEXIST));
static_assert(comes_back(EPERM) && comes_back(EINVAL) && comes_back(ENOMEM) && !comes_back(ENODEV));

} // namespace efd::os
