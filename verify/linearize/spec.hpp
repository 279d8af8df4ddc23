// SPDX-License-Identifier: MIT
// verify/linearize/spec.hpp: the sequential object, one call at a time. The rules are those of core/count.hpp, called
// as they stand; what is added here is which answer goes with which rule.
//
// Pure functions. `after` says what a call makes of a count, or that it could not have been answered so there;
// `answerable` says which answers a call can have at all, whatever the count.
#pragma once

#include "linearize/history.hpp"

#include <efd/detail/core/count.hpp>

#include <optional>

namespace efd::linearize {

inline std::optional<std::uint64_t> after_read(const call& c, std::uint64_t count, bool semaphore) {
    const std::uint64_t take = core::take_up_to(c.argument, count, semaphore);
    if (c.end != std::errc{}) return take == 0 ? std::optional(count) : std::nullopt;
    return take > 0 && take == c.value ? std::optional(count - take) : std::nullopt;
}

inline std::optional<std::uint64_t> after_write(const call& c, std::uint64_t count) {
    const core::admission admission = core::admit_write(count, c.argument);
    if (c.end == std::errc{})
        return admission == core::admission::admitted ? std::optional(count + c.argument) : std::nullopt;
    if (c.end == std::errc::invalid_argument)
        return admission == core::admission::invalid ? std::optional(count) : std::nullopt;
    return admission == core::admission::must_wait ? std::optional(count) : std::nullopt;
}

inline std::optional<std::uint64_t> after(const call& c, std::uint64_t count, bool semaphore) {
    switch (c.what) {
    case act::read: return after_read(c, count, semaphore);
    case act::write: return after_write(c, count);
    case act::signal: return core::after_signal(count);
    case act::count: return count == c.value ? std::optional(count) : std::nullopt;
    case act::poll: return core::poll_mask(count) == c.value ? std::optional(count) : std::nullopt;
    }
    return std::nullopt;
}

inline bool answerable(const call& c, bool nonblock) {
    if (c.from > c.until) return false; // a timeout before its time, a cancellation without a request
    if (c.what != act::read && c.what != act::write) return c.end == std::errc{};
    if (c.end == std::errc{}) return true;
    if (c.end == std::errc::invalid_argument) return c.what == act::write;
    switch (c.how) {
    case manner::at_once:
    case manner::queue: return c.end == again;
    case manner::blocking: return nonblock && c.end == again;
    case manner::timed: return c.end == std::errc::timed_out;
    case manner::cancellable: return c.end == std::errc::operation_canceled;
    }
    return false;
}

} // namespace efd::linearize
