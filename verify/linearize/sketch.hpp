// SPDX-License-Identifier: MIT
// verify/linearize/sketch.hpp: a plain eventfd of one atomic word that waits by looking again, and its broken kinds.
//
// `fault::none` is right and slow; every other fault is one mistake that real objects have been shipped with. They show
// that the checker rejects what it must, through the very recorder that watches the library. A racy mistake gives the
// processor away in its window, so that it is seen within a few histories. Any thread may call any member.
#pragma once

#include "linearize/dice.hpp"
#include "linearize/history.hpp"
#include "linearize/real_subject.hpp"

#include <efd/detail/core/count.hpp>
#include <efd/detail/core/word.hpp>

#include <atomic>
#include <functional>
#include <thread>

namespace efd::linearize {

enum class fault : unsigned char {
    none,
    torn_take,            // looks, then stores zero: what came between is lost
    double_take,          // two readers of a semaphore take one unit
    greedy_take,          // takes all of a semaphore
    rest_dropped,         // takes up to n, and leaves nothing
    empty_read,           // a read that found nothing says that it read 0
    bound_off_by_one,     // a write reaches 2^64-1
    zero_at_the_ceiling,  // write(0) admitted at 2^64-1
    wrapping_signal,      // a signal at 2^64-1 starts again at zero
    torn_limit,           // an add over the packed limit looks, then stores
    admitted_says_eagain, // a write that was admitted says EAGAIN
    add_in_two_steps,     // units of one write become visible one after another
    stale_count,          // count says what it was at the look before
    false_pollout,        // poll says writable without room
    hasty_timeout,        // timed out without a look, though there was something all the time
    early_timeout,        // timed out before the deadline
    greedy_cancel,        // cancelled, and took it all the same
};

template <fault is>
class sketch {
  public:
    struct entry {};
    static constexpr bool reads_some = true;

    sketch(std::uint64_t initial, bool semaphore, bool nonblock)
        : count_(initial), looked_(initial), semaphore_(semaphore), nonblock_(nonblock) {}

    std::errc try_read(std::uint64_t& value, std::uint64_t most) { return take(value, most); }
    std::errc read(std::uint64_t& value, std::uint64_t most) {
        return nonblock_ ? take(value, most) : until([&] { return take(value, most); }, [] { return std::errc{}; });
    }
    std::errc read_until(std::uint64_t& value, std::uint64_t most, moment deadline) {
        if constexpr (is == fault::hasty_timeout)
            if (sometimes()) return until([] { return again; }, timeout(deadline));
        return until([&] { return take(value, most); }, timeout(deadline));
    }
    std::errc read(std::uint64_t& value, std::uint64_t most, const std::stop_token& stop) {
        const std::errc end = until([&] { return take(value, most); }, cancellation(stop));
        if constexpr (is == fault::greedy_cancel)
            if (end == std::errc{} && stop.stop_requested()) return std::errc::operation_canceled;
        return end;
    }
    std::errc try_write(std::uint64_t n) { return add(n); }
    std::errc write(std::uint64_t n) {
        return nonblock_ ? add(n) : until([&] { return add(n); }, [] { return std::errc{}; });
    }
    std::errc write_until(std::uint64_t n, moment deadline) {
        return until([&] { return add(n); }, timeout(deadline));
    }
    std::errc write(std::uint64_t n, const std::stop_token& stop) {
        return until([&] { return add(n); }, cancellation(stop));
    }
    void signal() {
        std::uint64_t seen = count_;
        while (
            !count_.compare_exchange_weak(seen, is == fault::wrapping_signal ? seen + 1 : core::after_signal(seen))) {
        }
    }
    std::uint64_t count() {
        const std::uint64_t now = count_;
        if constexpr (is == fault::stale_count) return looked_.exchange(now);
        return now;
    }
    std::uint64_t poll() {
        const std::uint64_t mask = core::poll_mask(count_);
        return is == fault::false_pollout ? mask | core::poll_out : mask;
    }
    std::uint64_t join(entry&) { return poll(); }
    std::errc leave_and_read(entry&, std::uint64_t& value) { return take(value); }

  private:
    static bool sometimes() {
        thread_local dice mine(std::hash<std::thread::id>{}(std::this_thread::get_id()));
        return mine.one_in(4);
    }

    // Looks until the attempt succeeds, or `why_not` gives a reason to leave, and then once more.
    template <class Attempt, class Reason>
    static std::errc until(Attempt attempt, Reason why_not) {
        for (;;) {
            const std::errc reason = why_not();
            const std::errc end = attempt();
            if (end != again) return end;
            if (reason != std::errc{}) return reason;
            std::this_thread::yield();
        }
    }
    static auto timeout(moment deadline) {
        return [deadline] {
            const bool over = is == fault::early_timeout || std::chrono::steady_clock::now() >= deadline;
            return over ? std::errc::timed_out : std::errc{};
        };
    }
    static auto cancellation(const std::stop_token& stop) {
        return [&stop] { return stop.stop_requested() ? std::errc::operation_canceled : std::errc{}; };
    }

    std::errc take(std::uint64_t& value, std::uint64_t most = core::as_mode) {
        std::uint64_t seen = count_;
        for (;;) {
            const std::uint64_t n = core::take_up_to(most, seen, semaphore_ && is != fault::greedy_take);
            const std::uint64_t gone = is == fault::rest_dropped && most != core::as_mode ? seen : n;
            if (n == 0 && is == fault::empty_read && sometimes()) {
                value = 0;
                return std::errc{};
            }
            if (n == 0) return again;
            if (is == fault::torn_take || is == fault::double_take) {
                std::this_thread::yield();
                if (is == fault::torn_take) count_ = seen - n;
            }
            const bool done = is == fault::torn_take || count_.compare_exchange_strong(seen, seen - gone);
            if (done || (is == fault::double_take && seen == 0)) {
                value = n;
                return std::errc{};
            }
        }
    }

    static core::admission admit(std::uint64_t count, std::uint64_t n) {
        if (is == fault::bound_off_by_one && n == core::ceiling - count && n > 0 && n < core::ceiling)
            return core::admission::admitted;
        if (is == fault::zero_at_the_ceiling && n == 0) return core::admission::admitted;
        return core::admit_write(count, n);
    }

    std::errc add(std::uint64_t n) {
        std::uint64_t seen = count_;
        for (;;) {
            const core::admission verdict = admit(seen, n);
            if (verdict == core::admission::invalid) return std::errc::invalid_argument;
            if (verdict == core::admission::must_wait) return again;
            if (is == fault::torn_limit && seen + n >= core::packed_limit && seen < core::packed_limit) {
                std::this_thread::yield();
                count_ = seen + n;
                return std::errc{};
            }
            const bool halved = is == fault::add_in_two_steps && n > 1;
            if (!count_.compare_exchange_strong(seen, halved ? seen + 1 : seen + n)) continue;
            if (halved) {
                std::this_thread::yield();
                count_ += n - 1;
            }
            return is == fault::admitted_says_eagain && n > 0 && sometimes() ? again : std::errc{};
        }
    }

    std::atomic<std::uint64_t> count_;
    std::atomic<std::uint64_t> looked_;
    bool semaphore_;
    bool nonblock_;
};

} // namespace efd::linearize
