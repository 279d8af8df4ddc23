// SPDX-License-Identifier: MIT
// api/made.hpp: reports a new or found object to those that look from outside, with the place of the call.
#pragma once

#include "core/trace.hpp"

#include <string_view>

namespace efd::api {

// In a function of the border: the address to which that function returns. `made` may be null.
[[gnu::always_inline]] inline void report_made(core::context* made, std::string_view name = {}) noexcept {
    if (!core::is_traced()) [[likely]]
        return;
    core::trace::created(made, __builtin_return_address(0));
    if (!name.empty()) core::trace::named(made, name);
}

} // namespace efd::api
