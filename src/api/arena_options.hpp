// SPDX-License-Identifier: MIT
// api/arena_options.hpp: numbers of the options of an arena, for both borders.
#pragma once

#include <cstdint>
#include <limits>

namespace efd::api {

// Milliseconds that share/layout.hpp accepts or refuses.
template <class Count>
constexpr std::uint32_t look_ms(Count ms) noexcept {
    constexpr std::uint32_t refused = std::numeric_limits<std::uint32_t>::max();
    return ms < 0 || ms > 60'000 ? refused : static_cast<std::uint32_t>(ms);
}
static_assert(look_ms(50) == 50 && look_ms(-1) == UINT32_MAX && look_ms(60'001) == UINT32_MAX);

} // namespace efd::api
