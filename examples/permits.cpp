// SPDX-License-Identifier: MIT
// examples/permits.cpp: at most so many at once: a semaphore of permits, with deadline, stop and several permits in one
// step.
//
// The count is the number of free permits. A semaphore's read takes one, a write gives back; read_some takes up to so
// many, which is what a worker wants that fetches a batch. Neither enters the kernel unless a thread sleeps.
//
// Promises: never more than `limit` holders; a permit goes back however its scope ends, also by an exception. A wait
// that times out, or that is stopped, holds no permit and costs no other waiter its wake.
#include <efd/eventfd.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

class permits {
  public:
    explicit permits(std::uint64_t limit) : free_(limit, efd::flags::semaphore) {}

    class held { // gives its permits back
      public:
        held(held&& other) noexcept : to_(std::exchange(other.to_, nullptr)), number_(other.number_) {}
        held& operator=(held&&) = delete;
        ~held() {
            if (to_ != nullptr) (void)to_->free_.try_write(number_); // there is room for what was taken
        }
        [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

      private:
        friend class permits;
        held(permits* to, std::uint64_t number) noexcept : to_(to), number_(number) {}
        permits* to_;
        std::uint64_t number_;
    };

    // One permit. None: the deadline passed, or a stop was requested.
    std::optional<held> acquire(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop = {}) {
        return some(1, {.deadline = deadline, .stop = stop, .blocking = efd::blocking::always});
    }
    // As many as are free, up to `most`; sleeps until there is one.
    std::optional<held> acquire_some(std::uint64_t most) { return some(most, {}); }
    [[nodiscard]] std::uint64_t free() const noexcept { return free_.count(); }

  private:
    std::optional<held> some(std::uint64_t most, const efd::wait_options& how) {
        efd::read_result got;
        do {
            got = free_.read_some(most, how);
        } while (got.error == std::errc::interrupted);
        if (!got) return std::nullopt;
        return held(this, got.value);
    }
    efd::eventfd free_;
};

int main() {
    constexpr int limit = 4;
    permits downloads(limit);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3 * limit; ++i) {
            threads.emplace_back([&] {
                for (int file = 0; file < 100; ++file) {
                    const auto permit = downloads.acquire(std::chrono::steady_clock::time_point::max());
                    const int holders = ++now;
                    for (int most_so_far = most;
                         holders > most_so_far && !most.compare_exchange_weak(most_so_far, holders);) {
                    }
                    std::this_thread::yield(); // stands for the download
                    --now;
                }
            });
        }
    }
    const auto all = downloads.acquire_some(100);                              // a batch
    const bool in_vain = !downloads.acquire(std::chrono::steady_clock::now()); // nothing is left
    const bool right = most <= limit && all && all->number() == limit && in_vain;
    std::printf("%d uses, %d at once at most\n", 3 * limit * 100, limit);
    return right ? 0 : 1;
}
