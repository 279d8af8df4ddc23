// core/deadline.hpp: from the times of <chrono> to the nanoseconds of CLOCK_MONOTONIC that waits are given.
#pragma once

#include <efd/core/context.hpp>

#include <chrono>
#include <cstdint>

namespace efd::core {

// Times beyond what fits into 64 bits of nanoseconds are "for ever", or "at once" below zero.
template <class Rep, class Period>
[[nodiscard]] std::int64_t clamped_ns(std::chrono::duration<Rep, Period> d) noexcept {
    constexpr std::chrono::duration<double, std::nano> most{9.2e18};
    if (std::chrono::duration<double, std::nano>(d) >= most) return forever;
    if (d <= std::chrono::duration<Rep, Period>::zero()) return 0;
    return std::chrono::ceil<std::chrono::nanoseconds>(d).count();
}
template <class Duration>
[[nodiscard]] std::int64_t
nanoseconds_of(std::chrono::time_point<std::chrono::steady_clock, Duration> deadline) noexcept {
    return clamped_ns(deadline.time_since_epoch());
}
template <class Rep, class Period>
[[nodiscard]] std::int64_t deadline_after(std::chrono::duration<Rep, Period> timeout) noexcept {
    const std::int64_t ns = clamped_ns(timeout);
    const std::int64_t now = clamped_ns(std::chrono::steady_clock::now().time_since_epoch());
    return ns > forever - now ? forever : now + ns;
}

} // namespace efd::core
