// SPDX-License-Identifier: MIT
// core/count.hpp: the rules of the count, and nothing but the rules.
//
// This is the arithmetic of eventfd: what a write may add (the bound), what an object may be created with, what a read
// takes (all, or one in semaphore mode), what a signal leaves, what poll says. Pure functions, no state, called from
// every place that needs the bound, so that it is spelled once. Anyone may call them from anywhere.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

// No write may add this value, and no write may bring the count to it. Only a signal brings the count there.
inline constexpr std::uint64_t ceiling = UINT64_MAX;

enum class admission : unsigned char { admitted, must_wait, invalid };

// A write may bring the count to anything below the ceiling (K-034, K-036, K-039, K-040).
constexpr admission admit_write(std::uint64_t count, std::uint64_t add) noexcept {
    if (add == ceiling) return admission::invalid;
    return add < ceiling - count ? admission::admitted : admission::must_wait;
}
static_assert(admit_write(0, 0) == admission::admitted);
static_assert(admit_write(0, ceiling) == admission::invalid);
static_assert(admit_write(ceiling, ceiling) == admission::invalid); // EINVAL wins over EAGAIN
static_assert(admit_write(0, ceiling - 1) == admission::admitted);
static_assert(admit_write(1, ceiling - 1) == admission::must_wait);
static_assert(admit_write(1, ceiling - 2) == admission::admitted);
static_assert(admit_write(ceiling - 1, 0) == admission::admitted);
static_assert(admit_write(ceiling - 1, 1) == admission::must_wait);
static_assert(admit_write(ceiling, 0) == admission::must_wait); // only a signal gets there

// Flags of a context, with the values of <sys/eventfd.h> on Linux.
inline constexpr unsigned flag_semaphore = 1U;
inline constexpr unsigned flag_nonblock = 04000U;
inline constexpr unsigned flag_cloexec = 02000000U;
// EFD_SHARED, which api/ takes out: where the object lives, and nothing that it keeps. No O_* flag has this bit.
inline constexpr unsigned flag_shared = 1U << 29;

// What C and C++ accept at creation; checked before anything is taken (K-003).
constexpr bool may_create(std::uint64_t initval, unsigned flags) noexcept {
    constexpr unsigned known = flag_semaphore | flag_nonblock | flag_cloexec;
    return (flags & ~known) == 0 && admit_write(0, initval) == admission::admitted;
}
static_assert(may_create(0, 0) && may_create(ceiling - 1, flag_semaphore | flag_nonblock));
static_assert(!may_create(ceiling, 0) && !may_create(0, 2) && !may_create(0, flag_shared));

// What a read takes: all, or one (K-013, K-014). Nothing is there to take at zero.
constexpr std::uint64_t take_from(std::uint64_t count, bool semaphore) noexcept {
    return semaphore && count > 0 ? 1 : count;
}
static_assert(take_from(0, false) == 0 && take_from(0, true) == 0);
static_assert(take_from(7, false) == 7 && take_from(7, true) == 1);
static_assert(take_from(ceiling, false) == ceiling && take_from(ceiling, true) == 1);

// What a read takes that says how much it wants at most: that much, or all there is if that is less. The mode does not
// matter then. A read with `as_mode` sets no such bound and takes what take_from says.
inline constexpr std::uint64_t as_mode = 0;
constexpr std::uint64_t take_up_to(std::uint64_t most, std::uint64_t count, bool semaphore) noexcept {
    if (most == as_mode) return take_from(count, semaphore);
    return most < count ? most : count;
}
static_assert(take_up_to(as_mode, 7, false) == 7 && take_up_to(as_mode, 7, true) == 1);
static_assert(take_up_to(3, 7, false) == 3 && take_up_to(3, 7, true) == 3);
static_assert(take_up_to(9, 7, false) == 7 && take_up_to(9, 7, true) == 7 && take_up_to(9, 0, true) == 0);
static_assert(take_up_to(ceiling, ceiling, true) == ceiling);

// A signal adds one and saturates (K-133, K-134, K-148).
constexpr std::uint64_t after_signal(std::uint64_t count) noexcept { return count == ceiling ? ceiling : count + 1; }
static_assert(after_signal(0) == 1);
static_assert(after_signal(ceiling - 1) == ceiling);
static_assert(after_signal(ceiling) == ceiling);

// The kernel's names for readiness, with the kernel's values (POLLIN, POLLOUT, POLLERR, POLLHUP of <poll.h>).
inline constexpr std::uint32_t poll_in = 0x001;
inline constexpr std::uint32_t poll_out = 0x004;
inline constexpr std::uint32_t poll_err = 0x008;
inline constexpr std::uint32_t poll_hup = 0x010;

// Readable: a read would take something. Writable: a write of one would be admitted (K-047 to K-052).
constexpr std::uint32_t poll_mask(std::uint64_t count) noexcept {
    return (count > 0 ? poll_in : 0U) | (admit_write(count, 1) == admission::admitted ? poll_out : 0U) |
           (count == ceiling ? poll_err : 0U);
}
static_assert(poll_mask(0) == poll_out);
static_assert(poll_mask(1) == (poll_in | poll_out));
static_assert(poll_mask(ceiling - 2) == (poll_in | poll_out));
static_assert(poll_mask(ceiling - 1) == poll_in);
static_assert(poll_mask(ceiling) == (poll_in | poll_err));

} // namespace efd::EFD_ABI::core
