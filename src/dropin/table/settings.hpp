// SPDX-License-Identifier: MIT
// dropin/table/settings.hpp: the values of the variables EFD_DROPIN*.
//
// Pure functions over texts. The drop-in calls them when it is loaded, `efd run` before it starts a program, and
// reports wrong values (cli/wrong_settings.cpp). An empty variable counts as unset. A wrong value never makes the
// drop-in do more: the switch and the lists switch it off, the profile stays the default.
#pragma once

#include <cstddef>
#include <string_view>

namespace efd::dropin {

enum class profile : unsigned char { strict, standard, eager };

inline constexpr std::size_t most_patterns = 1024; // bytes of a list, with its end

constexpr bool is_off(std::string_view value) noexcept { return value == "off" || value == "0"; }
constexpr bool is_on(std::string_view value) noexcept { return value.empty() || value == "on" || value == "1"; }
static_assert(is_off("off") && !is_off("no") && !is_off("") && is_on("") && is_on("1") && !is_on("yes"));

// False: no profile has this name, and `into` stays as it was.
constexpr bool read_profile(std::string_view name, profile& into) noexcept {
    if (name == "strict") into = profile::strict;
    if (name == "default") into = profile::standard;
    if (name == "eager") into = profile::eager;
    return name == "strict" || name == "default" || name == "eager";
}

} // namespace efd::dropin
