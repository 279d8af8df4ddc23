// SPDX-License-Identifier: MIT
// share/patience.hpp: how long a call waits for a peer that keeps a lock of names: a second.
//
// The kernel sends no event when such a lock is released, so the call looks again after a pause. It holds nothing in a
// pause: so the threads of a process wait beside each other, and no fork waits for them.
#pragma once

#include "os/clock.hpp"
#include "os/futex.hpp"

#include <algorithm>
#include <cstdint>

namespace efd::share {

class patience {
  public:
    // Sleeps for a moment. False: the second is over.
    [[nodiscard]] bool pause() noexcept {
        const std::int64_t now = os::now_ns();
        if (now >= until_ns_) return false;
        const std::uint32_t word = 0; // nobody wakes it
        (void)os::futex_wait(&word, word, now + pause_ns_, os::futex_scope::one_process);
        pause_ns_ = std::min(2 * pause_ns_, longest_pause_ns);
        return true;
    }

  private:
    static constexpr std::int64_t longest_wait_ns = 1'000'000'000;
    static constexpr std::int64_t shortest_pause_ns = 50'000;
    static constexpr std::int64_t longest_pause_ns = 2'000'000;

    std::int64_t until_ns_ = os::now_ns() + longest_wait_ns;
    std::int64_t pause_ns_ = shortest_pause_ns;
};

} // namespace efd::share
