// SPDX-License-Identifier: MIT
// os/signals.cpp: see signals.hpp.
#include "os/signals.hpp"

#include "os/errno.hpp"

namespace efd::os {

signals_blocked::signals_blocked() noexcept : before_() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

signals_blocked::~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool is_on_signal_stack() noexcept {
    const errno_keeper keeper;
    stack_t now{};
    return ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_ONSTACK) != 0;
}

} // namespace efd::os
