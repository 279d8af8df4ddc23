// SPDX-License-Identifier: MIT
// os/fork_lock.cpp: see fork_lock.hpp.
#include "os/fork_lock.hpp"

#include "os/futex.hpp"

namespace efd::os {
namespace {

constinit base::atomic<std::uint32_t> last_thread{0};
constinit thread_local std::uint32_t own_number __attribute__((tls_model("initial-exec"))) = 0;

// Differs for all threads that live at once. A handler may come in between: then the later number stays.
std::uint32_t this_thread() noexcept {
    constexpr std::uint32_t numbers = (1U << 31) - 1;
    if (own_number == 0) [[unlikely]]
        own_number = last_thread.fetch_add(1, base::relaxed) % numbers + 1;
    return own_number;
}

} // namespace

bool fork_lock::try_lock() noexcept {
    std::uint32_t value = nobody;
    return word_.compare_exchange_strong(value, this_thread(), base::acq_rel, base::relaxed); // pairs with unlock()
}

// A thread that has slept keeps the mark, since it does not know whether others sleep.
void fork_lock::lock() noexcept {
    if (try_lock()) return;
    std::uint32_t value = word_.load(base::relaxed);
    for (;;) {
        if ((value & ~contended_mark) == nobody) {
            // Pairs with unlock().
            if (word_.compare_exchange_weak(value, this_thread() | contended_mark, base::acq_rel, base::relaxed))
                return;
        } else if ((value & contended_mark) != 0 ||
                   word_.compare_exchange_weak(value, value | contended_mark, base::relaxed, base::relaxed)) {
            (void)futex_wait(&word_, value | contended_mark, INT64_MAX, futex_scope::one_process);
            value = word_.load(base::relaxed);
        }
    }
}

void fork_lock::unlock() noexcept {
    const std::uint32_t before = word_.exchange(nobody, base::acq_rel); // pairs with try_lock() and lock()
    if ((before & contended_mark) != 0) (void)futex_wake_and_count(&word_, 1, futex_scope::one_process);
}

void fork_lock::before_fork() noexcept {
    if ((word_.load(base::relaxed) & ~contended_mark) == this_thread())
        ++forks_of_owner_;
    else
        lock();
}

void fork_lock::after_fork() noexcept {
    if (forks_of_owner_ > 0)
        --forks_of_owner_;
    else
        unlock();
}

} // namespace efd::os
