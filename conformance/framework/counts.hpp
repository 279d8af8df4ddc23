// SPDX-License-Identifier: MIT
// conformance/framework/counts.hpp: the edges of the count, and objects at these counts. For claim functions.
//
// Owns nothing. `top` is 2^64-1, which only a signal reaches; `largest` is the largest count that a write leaves.
#pragma once

#include "conformance/framework/claim.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>

namespace efd::claims {

inline constexpr std::uint64_t top = UINT64_MAX;
inline constexpr std::uint64_t largest = top - 1;

// One signal that must succeed; ends the trial as not provoked if the machine has no way to signal.
inline void signal_once(trial& asked, object& to) {
    const int error = to.signal();
    if (error == ENOSYS) asked.not_here("this machine offers no completion that signals an eventfd");
    asked.expect_error(error, 0, "signal");
}

// An object with this count, brought there by a write and, for `top`, a signal.
inline std::unique_ptr<object> with_count(trial& asked, std::uint64_t count, int flags = 0) {
    auto made = asked.make(0, flags);
    if (made->write(count == top ? largest : count) != 0) asked.abandon("the first write failed");
    if (count == top) signal_once(asked, *made);
    return made;
}

// A read that must give this outcome and this value.
inline void expect_read(trial& asked, object& of, int error, std::uint64_t value, std::string_view what) {
    std::uint64_t found = 0;
    asked.expect_error(of.read(found), error, what);
    asked.expect_equal(found, value, std::string(what).append(", value"));
}

} // namespace efd::claims
