// SPDX-License-Identifier: MIT
// tests/share/calls.hpp: what tests of arenas ask of objects and sets.
#pragma once

#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace efd::tests {

inline constexpr auto stale = static_cast<std::errc>(ESTALE);

inline std::error_code refused(auto make) {
    try {
        make();
    } catch (const std::system_error& error) {
        return error.code();
    }
    return {};
}

// What a try took; 0: nothing.
inline std::uint64_t taken(const eventfd& from) {
    std::uint64_t value = 0;
    return from.try_read(value) == std::errc{} ? value : 0;
}
// The token of what was taken; 0: nothing.
inline std::uint64_t taken(const wait_set& from) {
    set_event got{};
    return from.try_any(got) == std::errc{} ? got.token : 0;
}

} // namespace efd::tests
