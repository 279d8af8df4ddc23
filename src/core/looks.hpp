// SPDX-License-Identifier: MIT
// core/looks.hpp: when a sleeper beside a shared object looks again; pure rules.
//
// A peer that is killed between its add and its wake leaves units and a sleeper. No other process knows of the wake
// that is owed. So a sleeper wakes by itself: soon after it fell asleep, then ever more rarely, and at last at the
// multiples of the longest time, so that all sleepers of a machine wake at the same moments and the processor rests in
// between.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace efd::EFD_ABI::core {

class looks {
  public:
    // Times in nanoseconds; first_ns 0: no looks.
    constexpr looks(std::int64_t first_ns, std::int64_t last_ns) noexcept : next_ns_(first_ns), last_ns_(last_ns) {}

    [[nodiscard]] constexpr bool any() const noexcept { return next_ns_ > 0; }
    // When to look next, from now on.
    [[nodiscard]] constexpr std::int64_t after(std::int64_t now_ns) noexcept {
        const std::int64_t wait_ns = std::min(next_ns_, last_ns_);
        next_ns_ = wait_ns >= last_ns_ ? last_ns_ : wait_ns * 2;
        return wait_ns < last_ns_ ? now_ns + wait_ns : (now_ns / last_ns_ + 1) * last_ns_;
    }

  private:
    std::int64_t next_ns_;
    std::int64_t last_ns_;
};
static_assert(!looks(0, 0).any() && looks(1, 1).any());
static_assert(looks(50, 1000).after(7) == 57);
static_assert([] {
    looks some(50, 200);
    return some.after(1000) == 1050 && some.after(1050) == 1150 && some.after(1150) == 1200 && some.after(1200) == 1400;
}());

} // namespace efd::EFD_ABI::core
