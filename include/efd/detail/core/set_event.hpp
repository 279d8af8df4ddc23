// core/set_event.hpp: what waiting on a set gives.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

struct set_event {
    std::uint64_t token;  // as given to add
    std::uint64_t value;  // what was taken; 0 where nothing is taken
    std::uint32_t events; // poll's: POLLIN for an object, what epoll said for a descriptor
};

} // namespace efd::EFD_ABI::core
