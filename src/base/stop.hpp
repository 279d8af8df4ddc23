// base/stop.hpp: what is said on standard error: the end of the line, for what only a bug in efd or in its caller can
// bring about, and a setting that nobody understands. Async-signal-safe.
#pragma once

#include <efd/detail/base/cxx20.hpp>

namespace efd::EFD_ABI::base {

// Writes "efd: <sentence>" to standard error and aborts.
[[noreturn]] void stop(const char* sentence) noexcept;

// Writes "efd: <name> is '<value>': <sentence>" to standard error, a long value shortened.
void warn(const char* name, const char* value, const char* sentence) noexcept;

} // namespace efd::EFD_ABI::base
