// SPDX-License-Identifier: MIT
// efd/observe.hpp: lets other processes see what happens to the objects of this one; efd/observe.h says more.
#pragma once

#include <efd/detail/base/cxx20.hpp>
#include <efd/observe.h>

#include <cerrno>
#include <system_error>

namespace efd::EFD_ABI {

/// From now on this process, and the children that it forks, are observed, or no longer: as with EFD_OBSERVE=1 in the
/// environment. Throws std::system_error with what efd_observe says in errno. Any thread; not handler-safe.
inline void observe(bool on = true) {
    if (efd_observe(on ? 1 : 0) != 0) throw std::system_error(errno, std::generic_category(), "efd::observe");
}

} // namespace efd::EFD_ABI
