// SPDX-License-Identifier: MIT
// os/clock.cpp: see clock.hpp.
#include "os/clock.hpp"

#include "os/errno.hpp"

#include <ctime>

namespace efd::os {

namespace {
constexpr std::int64_t ns_per_s = 1'000'000'000;
}

std::int64_t now_ns() noexcept {
    std::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * ns_per_s + now.tv_nsec;
}

} // namespace efd::os
