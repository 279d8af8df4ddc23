// SPDX-License-Identifier: MIT
// os/memory.hpp: zeroed pages from the system.
#pragma once

#include <cstddef>

namespace efd::os {

// `bytes` of zeroed, page-aligned, private memory that stays mapped for the life of the process; null if there is none.
[[nodiscard]] void* map_zeroed(std::size_t bytes) noexcept;

} // namespace efd::os
