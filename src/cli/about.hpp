// SPDX-License-Identifier: MIT
// cli/about.hpp: what a report is about: the version of efd, the kernel, the machine.
#pragma once

#include <efd/version.h>

#include <nlohmann/json.hpp>

#include <string>

namespace efd::cli {

inline constexpr const char* version = EFD_VERSION_STRING;

[[nodiscard]] std::string kernel_release();

// {"architecture": "x86_64", "processors": 2}: the processors that this process may run on.
[[nodiscard]] nlohmann::ordered_json machine();

} // namespace efd::cli
