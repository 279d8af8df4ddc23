// SPDX-License-Identifier: MIT
// api/shared_object.hpp: an object with flags::shared, for the C++ border.
#pragma once

#include <efd/detail/core/context.hpp>

#include <cstdint>

namespace efd::api {

// With one reference. Throws what a refused arena throws; `call` is in its message. flags: without core::flag_shared.
[[nodiscard]] core::context* make_shared_object(std::uint64_t initval, unsigned flags, const char* call);

} // namespace efd::api
