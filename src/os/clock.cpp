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

void sleep_ns(std::int64_t ns) noexcept {
    const errno_keeper keeper;
    const std::timespec time{static_cast<std::time_t>(ns / ns_per_s), static_cast<long>(ns % ns_per_s)};
    (void)::nanosleep(&time, nullptr);
}

} // namespace efd::os
