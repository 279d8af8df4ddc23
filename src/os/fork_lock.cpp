// SPDX-License-Identifier: MIT
// os/fork_lock.cpp: see fork_lock.hpp.
#include "os/fork_lock.hpp"

#include "os/futex.hpp"

namespace efd::os {
namespace {

constinit base::atomic<std::uint32_t> last_thread{0};
constinit thread_local std::uint32_t own_number __attribute__((tls_model("initial-exec"))) = 0;

// Fork locks that this thread has, or is about to take.
constinit thread_local std::uint32_t own_locks __attribute__((tls_model("initial-exec"))) = 0;

// Differs for all threads that live at once. A handler may come in between: then the later number stays.
std::uint32_t this_thread() noexcept {
    constexpr std::uint32_t numbers = (1U << 30) - 1;
    if (own_number == 0) [[unlikely]]
        own_number = last_thread.fetch_add(1, base::relaxed) % numbers + 1;
    return own_number;
}

} // namespace

// It is counted first: a handler that forks knows then that a fork may wait for this thread.
bool fork_lock::try_lock() noexcept {
    ++own_locks;
    std::uint32_t value = nobody;
    if (word_.compare_exchange_strong(value, this_thread(), base::acq_rel, base::relaxed))
        return true; // pairs with unlock()
    --own_locks;
    return false;
}

// The word's changes have one order. If this one comes before the unlock, the unlock acquires what this thread did; if
// after it, the try finds the lock free, or a later owner, whose unlock acquires it.
bool fork_lock::try_lock_after_owner() noexcept {
    (void)word_.fetch_add(0, base::acq_rel); // pairs with unlock()
    return try_lock();
}

// A thread that has slept keeps the mark, since it does not know whether others sleep.
void fork_lock::lock() noexcept {
    if (try_lock()) return;
    ++own_locks;
    std::uint32_t value = word_.load(base::relaxed);
    for (;;) {
        if ((value & ~contended_mark) != nobody) wait_for_holder(value);
        // Pairs with unlock().
        else if (word_.compare_exchange_weak(value, this_thread() | contended_mark, base::acq_rel, base::relaxed))
            return;
    }
}

// Sleeps while the word is as it was seen, and loads it again.
void fork_lock::wait_for_holder(std::uint32_t& value) noexcept {
    if ((value & contended_mark) == 0 &&
        !word_.compare_exchange_weak(value, value | contended_mark, base::relaxed, base::relaxed))
        return;
    (void)futex_wait(&word_, value | contended_mark, INT64_MAX, futex_scope::one_process);
    value = word_.load(base::relaxed);
}

void fork_lock::unlock() noexcept {
    const std::uint32_t before = word_.exchange(nobody, base::acq_rel); // pairs with try_lock() and lock()
    if ((before & contended_mark) != 0) (void)futex_wake_and_count(&word_, 1, futex_scope::one_process);
    --own_locks;
}

bool fork_lock::is_mine() const noexcept { return (word_.load(base::relaxed) & ~contended_mark) == this_thread(); }

// One fork after the other, but for a fork in a handler of a thread that another fork may wait for. As lock(): who has
// slept keeps the mark.
void fork_lock::before_fork() noexcept {
    if (is_mine()) {
        ++forks_of_owner_;
        return;
    }
    std::uint32_t mark = 0;
    std::uint32_t value = word_.load(base::relaxed);
    for (;;) {
        const std::uint32_t holder = value & ~contended_mark;
        if (holder == nobody || ((holder & forks_mark) != 0 && own_locks > 0)) {
            const std::uint32_t wanted = (value | forks_mark | mark) + 1;
            if (word_.compare_exchange_weak(value, wanted, base::acq_rel, base::relaxed)) return; // pairs with unlock()
        } else {
            wait_for_holder(value);
            mark = contended_mark;
        }
    }
}

void fork_lock::after_fork() noexcept {
    if (is_mine()) {
        --forks_of_owner_;
        return;
    }
    std::uint32_t value = word_.load(base::relaxed);
    for (;;) {
        if ((value & forks_mark) == 0) return; // the child of a fork that a handler made in the midst of this one
        const bool is_last = (value & ~(contended_mark | forks_mark)) == 1;
        // Pairs with lock().
        if (!word_.compare_exchange_weak(value, is_last ? nobody : value - 1, base::acq_rel, base::relaxed)) continue;
        if (is_last && (value & contended_mark) != 0) (void)futex_wake_and_count(&word_, 1, futex_scope::one_process);
        return;
    }
}

void fork_lock::after_fork_in_child() noexcept {
    if (is_mine())
        --forks_of_owner_;
    else
        word_.store(nobody, base::release); // pairs with lock()
}

} // namespace efd::os
