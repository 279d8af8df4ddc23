// SPDX-License-Identifier: MIT
// core/cancel_word.hpp: the futex word of one wait that may be cancelled.
//
// Lives on the stack of the waiting call, private to its process. The waiter sleeps on this word and on the object's at
// once: so a cancel wakes only the thread that is meant (CANCEL in docs/races.md).
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/detail/base/check.hpp>

#include <cstdint>

namespace efd::EFD_ABI::core {

// CANCEL.
//
//     bit        set by                                        cleared by
//     cancelled  the stop callback of the wait                 nothing
//     sleeps     the waiter, before its first sleep            nothing
//     plain      the waiter, where no sleep on two words is    nothing
//                possible: it sleeps on the object's alone
class cancel_word {
  public:
    // By the waiter, after each announcement. False: cancelled. Else a later cancel() wakes the waiter, and changes the
    // value that it expects.
    // CANCEL, sleeps
    [[nodiscard]] bool may_sleep() noexcept { return (word_.fetch_or(sleeps, base::acq_rel) & cancelled) == 0; }
    // CANCEL, plain
    void sleep_plainly() noexcept { word_.fetch_or(plain, base::acq_rel); }
    [[nodiscard]] bool sleeps_plainly() const noexcept { return (word_.load(base::relaxed) & plain) != 0; }

    // By the stop callback. What the waiter needs to be woken.
    enum class sleeper : unsigned char { none, on_this, on_object };
    [[nodiscard]] sleeper cancel() noexcept {
        const std::uint32_t word = word_.fetch_or(cancelled, base::acq_rel); // CANCEL, cancelled
        EFD_CHECK((word & cancelled) == 0);                                  // a stop callback runs once
        if ((word & plain) != 0) return sleeper::on_object;
        return (word & sleeps) != 0 ? sleeper::on_this : sleeper::none;
    }

    [[nodiscard]] const void* futex() const noexcept { return &word_; }
    static constexpr std::uint32_t expected() noexcept { return sleeps; }

  private:
    static constexpr std::uint32_t cancelled = 1U << 0;
    static constexpr std::uint32_t sleeps = 1U << 1;
    static constexpr std::uint32_t plain = 1U << 2;

    base::atomic<std::uint32_t> word_{0};
};

} // namespace efd::EFD_ABI::core
