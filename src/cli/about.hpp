// SPDX-License-Identifier: MIT
// cli/about.hpp: what a report is about: the version of efd, the kernel, the machine.
#pragma once

#include "bench/machine.hpp"

#include <efd/version.h>

#include <nlohmann/json.hpp>

#include <string>

namespace efd::cli {

inline constexpr const char* version = EFD_VERSION_STRING;

[[nodiscard]] inline std::string kernel_release() { return bench::this_machine().kernel; }

// {"architecture": "x86_64", "processors": 2}: the processors that this process may run on.
[[nodiscard]] inline nlohmann::ordered_json machine() {
    const bench::machine machine = bench::this_machine();
    return {{"architecture", machine.architecture}, {"processors", machine.processors}};
}

} // namespace efd::cli
