// SPDX-License-Identifier: MIT
// core/guarded_call.hpp: the call of user code that must return.
#pragma once

#include "base/stop.hpp"

#include <exception>

namespace efd::EFD_ABI::core {

// Of a callback or a deferred work. The message of the stopped program names the fault.
template <class Call>
auto call_guarded(Call call) noexcept {
    try {
        return call();
    } catch (...) {
        if (std::current_exception() == nullptr) // not one of C++'s: the thread is being ended
            base::stop("pthread_exit or a cancellation left a callback or deferred work, which must return");
        base::stop("an exception left a callback or deferred work, which must return");
    }
}

} // namespace efd::EFD_ABI::core
