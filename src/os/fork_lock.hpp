// SPDX-License-Identifier: MIT
// os/fork_lock.hpp: a lock that a fork holds while it copies the process, also a fork in a signal handler.
//
// Owns one word: the thread that has the lock, in the step that takes it. So a handler that interrupted the owner, at
// any instruction, and forks knows that it must not wait for it; the copy of that thread goes on in the child, and
// gives the lock back there. Nor may that handler's fork wait for another fork, which may wait for this owner: it has
// the other lock together with that fork, which changes nothing of what the lock guards. Not for handlers otherwise.
// Threads sleep where it is taken.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>

namespace efd::os {

class fork_lock {
  public:
    constexpr fork_lock() noexcept = default;
    fork_lock& operator=(fork_lock&&) = delete; // neither copied nor moved

    void lock() noexcept;
    [[nodiscard]] bool try_lock() noexcept;
    void unlock() noexcept;
    // The same for a caller that leaves something to the owner: if it fails, the thread that has the lock then, or gets
    // it later, sees after its unlock what this thread did before.
    [[nodiscard]] bool try_lock_after_owner() noexcept;

    // For pthread_atfork(3).
    void before_fork() noexcept;
    void after_fork() noexcept;          // in the parent
    void after_fork_in_child() noexcept; // which has no other thread

  private:
    [[nodiscard]] bool is_mine() const noexcept; // a handler of the owner asks
    void wait_for_holder(std::uint32_t& value) noexcept;

    static constexpr std::uint32_t nobody = 0;
    static constexpr std::uint32_t contended_mark = 1U << 31; // a thread sleeps, perhaps
    static constexpr std::uint32_t forks_mark = 1U << 30;     // forks have it, so many as the rest says

    base::atomic<std::uint32_t> word_{nobody};
    std::uint32_t forks_of_owner_ = 0; // that have begun and not ended, by handlers in the owner's calls
};

} // namespace efd::os
