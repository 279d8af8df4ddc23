// SPDX-License-Identifier: MIT
// os/memory.cpp: see memory.hpp.
#include "os/memory.hpp"

#include <sys/mman.h>

namespace efd::os {

void* map_zeroed(std::size_t bytes) noexcept {
    void* const place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return place == MAP_FAILED ? nullptr : place;
}

} // namespace efd::os
