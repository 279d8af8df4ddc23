// SPDX-License-Identifier: MIT
// os/clock.cpp: see clock.hpp.
#include "os/clock.hpp"

#include <ctime>

namespace efd::os {

std::int64_t now_ns() noexcept {
    std::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

} // namespace efd::os
