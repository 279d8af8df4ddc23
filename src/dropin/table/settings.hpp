// SPDX-License-Identifier: MIT
// dropin/table/settings.hpp: the variables EFD_DROPIN*: their values, and the fault of a wrong one.
//
// Pure functions over texts. The drop-in calls them when it is loaded, `efd run` before it starts a program. An empty
// variable counts as unset. A wrong value never makes the drop-in do more: the switch and the lists switch it off, the
// profile stays the default.
#pragma once

#include <cstddef>
#include <string_view>

namespace efd::dropin {

enum class profile : unsigned char { strict, standard, eager };

inline constexpr std::size_t most_patterns = 1024; // bytes of a list, with its end
inline constexpr std::string_view settings_prefix = "EFD_DROPIN";
// `efd run` sets it when it has reported a wrong variable: no process of that tree reports one again.
inline constexpr const char* already_reported = "EFD_DROPIN_REPORTED";

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

// The fault of the variable, and its consequence; null: none. Does not check that the file of EFD_DROPIN_REGION can be
// opened.
constexpr const char* fault_of(std::string_view name, std::string_view value) noexcept {
    if (value.empty()) return nullptr;
    if (name == "EFD_DROPIN")
        return is_on(value) || is_off(value) ? nullptr : "it may be on, off, 1 or 0; the drop-in stays off";
    if (name == "EFD_DROPIN_PROFILE") {
        profile ignored{};
        return read_profile(value, ignored) ? nullptr : "it may be strict, default or eager; default is used";
    }
    if (name == "EFD_DROPIN_ALLOW" || name == "EFD_DROPIN_DENY")
        return value.size() < most_patterns ? nullptr : "it may have at most 1023 bytes; the drop-in stays off";
    if (name == "EFD_DROPIN_LIBRARY" || name == "EFD_DROPIN_REGION" || name == already_reported) return nullptr;
    return "there is no such variable, so it has no effect";
}
static_assert(most_patterns == 1024); // as the sentence says
static_assert(fault_of("EFD_DROPIN", "off") == nullptr && fault_of("EFD_DROPIN", "no") != nullptr);
static_assert(fault_of("EFD_DROPIN_PROFILE", "eager") == nullptr && fault_of("EFD_DROPIN_PROFILE", "bold") != nullptr);
static_assert(fault_of("EFD_DROPIN_PROFILE", "") == nullptr && fault_of("EFD_DROPIN_DENNY", "x") != nullptr);

// `efd run` names its region by its own process. When that has ended, the name leads nowhere, which is no user's fault.
constexpr bool is_made_by_efd_run(std::string_view region) noexcept { return region.starts_with("/proc/"); }

inline constexpr const char* region_fault =
    "it is no file of the right size that can be opened; nothing is counted there";

// In a program that the drop-in was preloaded into, before main: writes each fault to standard error if that is a
// terminal and this process leads its process group.
void report_wrong_settings(const char* const* environment) noexcept;

} // namespace efd::dropin
