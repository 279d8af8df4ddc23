// SPDX-License-Identifier: MIT
// os/signals.hpp: a stretch of code without signal handlers, and whether a handler runs on an alternate stack.
#pragma once

#include <csignal>

namespace efd::os {

// Blocks all signals of this thread while it lives; costs two system calls.
class signals_blocked {
  public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked& operator=(signals_blocked&&) = delete; // neither copied nor moved

  private:
    sigset_t before_;
};

// Whether this is called in a handler that runs on an alternate stack (sigaltstack).
[[nodiscard]] bool is_on_signal_stack() noexcept;

} // namespace efd::os
