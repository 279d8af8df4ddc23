// SPDX-License-Identifier: MIT
// efd/types.hpp: what the calls of efd::eventfd and efd::wait_set take and give.
//
// Owns nothing. Plain values; any thread may use them.
#pragma once

#include <efd/detail/core/context.hpp>
#include <efd/detail/core/deadline.hpp>
#include <efd/detail/watch/set_event.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>

/// All of efd that C++ programs name.
namespace efd::EFD_ABI {

/// Flags of creation, as EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC and EFD_SHARED.
enum class flags : unsigned {
    none = 0,                         ///< Read takes all, and calls sleep.
    semaphore = core::flag_semaphore, ///< Read takes one (K-014).
    nonblock = core::flag_nonblock,   ///< Calls do not sleep (K-018, K-037).
    cloexec = core::flag_cloexec,     ///< Kept, without effect, as there is no descriptor.
    /// Children of fork have the same object, and not a copy (K-101). It lives in an arena that the process makes for
    /// itself and its children (efd/arena.hpp), and what does not work on an arena's objects does not work on it:
    /// operation_not_supported from eventfd::fd, eventfd::add_wait_queue and wait_set::add. Exec ends it.
    /// EFD_SHARED in efd/efd.h says the rest. Not a flag of arena::make, whose objects are shared in any case.
    shared = core::flag_shared,
};
/// Both flags.
[[nodiscard]] constexpr flags operator|(flags a, flags b) noexcept {
    return static_cast<flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// The flags that both have: `(f & flags::nonblock) != flags::none`.
[[nodiscard]] constexpr flags operator&(flags a, flags b) noexcept {
    return static_cast<flags>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

/// Whether a call may sleep.
using core::blocking;

/// How a call waits; the default is for ever, and as the object's flags say.
///
///     object.read(value, {.deadline = soon, .stop = token});
///
/// Neither timed_out nor operation_canceled is said when the last look found something, and neither costs another
/// waiter its wake. A deadline in the past makes one try. Without a stop token handler-safe.
struct wait_options {
    /// Until when: timed_out then.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    /// Ends the wait once a stop is requested: operation_canceled.
    std::stop_token stop = {};
    /// Whether the call may sleep at all.
    efd::blocking blocking = efd::blocking::as_flagged;
    /// Of an object of an arena, in a process that only waits for it (arena_role::waits): ends the wait with owner_dead
    /// once the last process that signals it was killed, and the count is zero; once for each such death, at the next
    /// look. Not handler-safe.
    bool owner_death = false;
};

/// What a read came to, where it comes in one piece: of eventfd::read() as of `co_await async_read(...)`.
struct [[nodiscard]] read_result {
    std::errc error = std::errc{}; ///< std::errc{} is success.
    std::uint64_t value = 0;       ///< What was taken; 0 where nothing was.
    /// Whether it took something.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return error == std::errc{}; }
    /// The same end, and the same value.
    [[nodiscard]] friend constexpr bool operator==(const read_result&, const read_result&) = default;
};

/// What eventfd::arm came to.
struct [[nodiscard]] arm_result {
    std::errc error = std::errc{}; ///< std::errc{} is success.
    std::uint32_t ready = 0;       ///< What of the events holds already; 0: the next change rings.
    /// Whether the descriptor could be armed.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return error == std::errc{}; }
    /// The same end, and the same events.
    [[nodiscard]] friend constexpr bool operator==(const arm_result&, const arm_result&) = default;
};

/// The three ways to watch a descriptor; see eventfd::fd.
enum class doorbell : unsigned char {
    level, ///< Readable while the count is above zero.
    armed, ///< One edge for each eventfd::arm.
    every, ///< As level, and each write is an edge.
};

/// How long a reader looks before it sleeps: off, automatic, or a time of up to one second.
class linger {
  public:
    /// Not at all.
    [[nodiscard]] static constexpr linger off() noexcept { return linger(core::linger_off); }
    /// Up to the measured price of a sleep, never on the signaller's processor, ever more rarely while it does not pay.
    [[nodiscard]] static constexpr linger automatic() noexcept { return linger(core::linger_auto); }
    /// Up to this long, in whole microseconds, rounded up; zero is off. set_linger refuses what is below zero or above
    /// one second.
    template <class Rep, class Period>
    constexpr linger(std::chrono::duration<Rep, Period> at_most) noexcept // NOLINT(google-explicit-constructor)
        : us_(is_allowed(at_most)
                  ? static_cast<std::int32_t>(std::chrono::ceil<std::chrono::microseconds>(at_most).count())
                  : refused) {}

  private:
    friend class eventfd;
    friend class wait_set;
    static constexpr std::int32_t refused = core::linger_auto - 1;
    static constexpr bool is_allowed(std::chrono::duration<double> time) noexcept {
        return time >= time.zero() && time <= std::chrono::seconds(1);
    }
    explicit constexpr linger(std::int32_t us) noexcept : us_(us) {}
    [[nodiscard]] constexpr bool is_refused() const noexcept { return us_ == refused; }

    std::int32_t us_;
};

} // namespace efd::EFD_ABI

namespace efd::EFD_ABI::core {

/// @cond internal
// The given options outlive the result.
[[nodiscard]] inline wait_opts opts_of(const wait_options& options) noexcept {
    return {.deadline_ns = nanoseconds_of(options.deadline),
            .stop = options.stop.stop_possible() ? &options.stop : nullptr,
            .blocking = options.blocking,
            .owner_death = options.owner_death};
}
/// @endcond

} // namespace efd::EFD_ABI::core
