// SPDX-License-Identifier: MIT
// api/c_border.hpp: what the functions of the C border share: errno, deadlines, the cancel token.
#pragma once

#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "os/clock.hpp"

#include <cerrno>
#include <cstdint>
#include <stop_token>

struct efd_cancel {
    std::stop_source source;
};

namespace efd::api {

inline int fail(int error) noexcept {
    errno = error;
    return -1;
}

inline int answer(base::status s) noexcept {
    return s == base::status::ok ? 0 : fail(static_cast<int>(efd::to_errc(s)));
}

inline std::int64_t deadline(std::uint64_t ns) noexcept {
    return ns >= static_cast<std::uint64_t>(efd::core::forever) ? efd::core::forever : static_cast<std::int64_t>(ns);
}

inline std::int64_t deadline_after(std::uint64_t timeout_ns) noexcept {
    const auto now = static_cast<std::uint64_t>(efd::os::now_ns());
    return timeout_ns > UINT64_MAX - now ? efd::core::forever : deadline(now + timeout_ns);
}

} // namespace efd::api
