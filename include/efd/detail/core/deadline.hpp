// core/deadline.hpp: from the times of <chrono> to the nanoseconds of CLOCK_MONOTONIC that waits are given.
#pragma once

#include <efd/detail/core/context.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

namespace efd::EFD_ABI::core {

// Times beyond what fits into 64 bits of nanoseconds, infinity among them, are "for ever"; those that are not above
// zero are "at once", and so is what is not a number.
template <class Rep, class Period>
[[nodiscard]] constexpr std::int64_t clamped_ns(std::chrono::duration<Rep, Period> d) noexcept {
    constexpr std::chrono::duration<double, std::nano> most{9.2e18};
    if (std::chrono::duration<double, std::nano>(d) >= most) return forever;
    if (!(d > std::chrono::duration<Rep, Period>::zero())) return 0;
    return std::chrono::ceil<std::chrono::nanoseconds>(d).count();
}
static_assert(clamped_ns(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == forever);
static_assert(clamped_ns(std::chrono::duration<float>(-std::numeric_limits<float>::infinity())) == 0);
static_assert(clamped_ns(std::chrono::hours::max()) == forever && clamped_ns(std::chrono::hours::min()) == 0);
static_assert(clamped_ns(std::chrono::duration<double, std::pico>(1)) == 1); // never before the time
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

} // namespace efd::EFD_ABI::core
