// base/stop.hpp: the end of the line, for what only a bug in efd or in its caller can bring about.
#pragma once

namespace efd::base {

// Writes "efd: <sentence>" to standard error and aborts. Async-signal-safe.
[[noreturn]] void stop(const char* sentence) noexcept;

} // namespace efd::base
