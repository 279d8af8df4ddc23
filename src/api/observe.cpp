// SPDX-License-Identifier: MIT
// api/observe.cpp: the C border of core/observation: an error becomes errno, and nothing else.
#include <efd/observe.h>

#include "api/c_border.hpp"
#include "core/observation.hpp"

extern "C" int efd_observe(int on) noexcept {
    if (on == 0) {
        efd::core::observation::stop();
        return 0;
    }
    const int error = efd::core::observation::start();
    return error == 0 ? 0 : efd::api::fail(-error);
}
