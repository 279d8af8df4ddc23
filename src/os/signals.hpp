// SPDX-License-Identifier: MIT
// os/signals.hpp: a stretch of code that no signal handler interrupts; and on which stack one runs.
#pragma once

#include <csignal>

namespace efd::os {

// Blocks all signals of this thread while it lives; costs two system calls.
class signals_blocked {
  public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

  private:
    sigset_t before_;
};

// Whether a handler runs on a stack of its own (sigaltstack), and this is in it.
[[nodiscard]] bool is_on_signal_stack() noexcept;

} // namespace efd::os
