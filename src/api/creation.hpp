// api/creation.hpp: what both faces accept when an object is made; checked before anything is taken (K-003).
#pragma once

#include <efd/detail/core/context.hpp>

namespace efd::api {

constexpr bool may_create(std::uint64_t initval, unsigned flags) noexcept {
    constexpr unsigned known = core::flag_semaphore | core::flag_nonblock | core::flag_cloexec;
    return (flags & ~known) == 0 && core::admit_write(0, initval) == core::admission::admitted;
}
static_assert(may_create(0, 0) && may_create(core::ceiling - 1, core::flag_semaphore | core::flag_nonblock));
static_assert(!may_create(core::ceiling, 0) && !may_create(0, 2) && !may_create(0, core::flag_shared));

} // namespace efd::api
