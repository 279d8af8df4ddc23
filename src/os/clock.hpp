// SPDX-License-Identifier: MIT
// os/clock.hpp: the monotonic clock, in nanoseconds. Any thread, any time, also in a signal handler.
#pragma once

#include <cstdint>

namespace efd::os {

[[nodiscard]] std::int64_t now_ns() noexcept;

} // namespace efd::os
