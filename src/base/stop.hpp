// SPDX-License-Identifier: MIT
// base/stop.hpp: messages on standard error: one for a bug in efd or in its caller, which ends the program, and one for
// a setting with an invalid value. Async-signal-safe.
#pragma once

#include <efd/detail/base/cxx20.hpp>

namespace efd::EFD_ABI::base {

// Writes "efd: <sentence>" to standard error and aborts.
[[noreturn]] void stop(const char* sentence) noexcept;

// Writes "efd: <name> is '<value>': <sentence>" to standard error, a long value shortened.
void warn(const char* name, const char* value, const char* sentence) noexcept;

} // namespace efd::EFD_ABI::base
