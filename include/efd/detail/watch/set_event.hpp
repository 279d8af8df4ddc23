// SPDX-License-Identifier: MIT
// watch/set_event.hpp: what waiting on a set gives.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <cstdint>

namespace efd::EFD_ABI {

/// What a wait on a set gives, of one member of the set that was asked.
struct set_event {
    std::uint64_t token;  ///< As given to add of the set that was asked.
    std::uint64_t value;  ///< What was taken; 0 where nothing is taken.
    std::uint32_t events; ///< poll's: POLLIN for an object or a set, what epoll said for a descriptor.
    /// From which object it was taken: the token of that in the set, down the line, in which it stands. The same as
    /// `token` unless the member is a set and something was taken.
    std::uint64_t origin;
};

} // namespace efd::EFD_ABI
