// cli/about.hpp: of what the numbers of a report are: the version of efd, the kernel, the machine.
#pragma once

#include <efd/version.h>

#include <nlohmann/json.hpp>

#include <string>

namespace efd::cli {

inline constexpr const char* version = EFD_VERSION_STRING;

[[nodiscard]] std::string kernel_release();

// {"architecture": "x86_64", "processors": 2}: those that this process may run on.
[[nodiscard]] nlohmann::ordered_json machine();

} // namespace efd::cli
