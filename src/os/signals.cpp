// os/signals.cpp: see signals.hpp.
#include "os/signals.hpp"

namespace efd::os {

signals_blocked::signals_blocked() noexcept : before_() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

signals_blocked::~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

} // namespace efd::os
