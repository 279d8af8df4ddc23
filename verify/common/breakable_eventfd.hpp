// SPDX-License-Identifier: MIT
// verify/common/breakable_eventfd.hpp: a small eventfd that can be broken on purpose, for every checker.
//
// Owns one object, made of a mutex, a count and one futex word on which all waiters sleep, and the list of flaws.
// Without a flaw it does what the kernel's eventfd does; with any one flaw the checkers named beside it must say that
// it differs, or their silence about the library proves nothing. A flaw that is a race gives the processor away in its
// window. Any thread may call; an observer belongs to one thread and stays where it is while it watches.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <vector>

namespace efd::common {

enum class flaw : std::uint8_t {
    none,
    // found without a sleeper: by the fuzzer's property, some by the claims and by recorded histories
    bound_too_high,
    bound_too_low,
    zero_refused,
    invalid_after_room, // EAGAIN for 2^64-1 where there is no room
    semaphore_takes_all,
    read_leaves_remainder,
    read_some_takes_all,
    read_some_leaves_none,
    refused_write_counts,
    poll_without_error,
    poll_out_at_the_bound,
    signal_wraps,
    signal_stops_below,
    loses_one_at_the_seal,
    upper_half_lost,
    initial_value_cut,
    flags_unchecked,
    nonblock_sticks,
    duplicate_copies,
    late_says_again,
    read_gives_no_edge,
    write_gives_no_edge,
    saturated_gives_no_edge,
    value_written_on_failure,
    // found with a sleeper: by the fuzzer of blocking calls, some by the claims
    again_where_it_sleeps,
    sleeps_where_again,
    read_wakes_nobody,
    read_wakes_one,
    write_wakes_nobody,
    write_wakes_one,
    signal_wakes_nobody,
    zero_releases_reader,
    nonblock_releases,
    writers_in_order,
    // the same, with a signal to the sleeper
    restart_ignored,
    never_interrupted,
    interrupted_write_counts,
    interrupted_read_takes,
    // found by the claims alone
    semaphore_takes_two, // at even counts above 64
    read_stores_twice,
    rare_wake_lost, // one in ten thousand
    signal_beats_data,
    signal_wraps_early,  // 2^64-2 and one more is 0
    id_leaks_on_failure, // of the claims' backend
    id_never_reused,
    // found by recorded histories; the first by the claims, too
    torn_take,   // looks, then stores what is left: what came between is lost
    double_take, // two readers of a semaphore take one unit
    empty_read,  // a read that found nothing says that it read 0
    zero_at_the_ceiling,
    torn_limit,          // an add over the packed limit looks, then stores
    admitted_says_again, // a write that was admitted says EAGAIN
    add_in_two_steps,    // units of one write become visible one after another
    stale_count,         // count says what it was at the look before
    false_pollout,       // poll says writable without room
    hasty_timeout,       // timed out without a look, though there was something all the time
    early_timeout,       // timed out before the deadline
    greedy_cancel,       // cancelled, and took it all the same
    end,
};
std::string_view name_of(flaw which);
std::vector<flaw> flaws(flaw first, flaw last); // with both

// How long a call may wait: as the object's O_NONBLOCK says, not at all, or whatever the flag says; each with an end,
// if there is one.
struct waits {
    enum class kind : std::uint8_t { as_flagged, never, always } when = kind::as_flagged;
    const std::chrono::steady_clock::time_point* deadline = nullptr;
    const std::stop_token* stop = nullptr;
};

// Results are errno values, 0 for success.
class breakable_eventfd {
  public:
    struct observer {
        unsigned mask = 0;
        bool called = false;
    };

    // With `sleeps` false a call that would sleep says EDEADLK, for a driver of one thread.
    breakable_eventfd(std::uint64_t initval, unsigned flags, flaw with = flaw::none, bool sleeps = true);
    breakable_eventfd(const breakable_eventfd& other); // another object, which nobody watches
    breakable_eventfd& operator=(const breakable_eventfd&) = delete;

    // 0 or EINVAL, as eventfd(2) judges them.
    static int creation_error(std::uint64_t initval, unsigned flags, flaw with);

    int read(std::uint64_t& value, const waits& how = {});
    int read_some(std::uint64_t& value, std::uint64_t most, const waits& how = {});
    int write(std::uint64_t value, const waits& how = {});
    int signal(bool deferred = false); // which makes no difference
    void set_nonblock(bool on);
    [[nodiscard]] bool nonblock() const;
    [[nodiscard]] bool semaphore() const;
    [[nodiscard]] std::uint64_t count();
    [[nodiscard]] unsigned poll();
    // An observer of some of POLLIN and POLLOUT: what is there now; what it is told since it was asked last.
    [[nodiscard]] unsigned watch(observer& one, unsigned mask);
    void unwatch(observer& one);
    [[nodiscard]] unsigned event(observer& one);
    int unwatch_and_read(observer& one, std::uint64_t& value);
    [[nodiscard]] const void* futex_word() const { return &generation_; }

  private:
    using lock = std::unique_lock<std::mutex>;

    template <class Attempt, class Interrupted>
    int wait_for(const waits& how, Attempt attempt, Interrupted interrupted);
    bool sleep(std::uint32_t before, bool looks_again);
    bool sleep_for_signals(std::uint32_t before);
    void wake(int how_many, unsigned key);
    bool take(lock& held, std::uint64_t& value, std::uint64_t most);
    bool take_torn(lock& held, std::uint64_t& value, std::uint64_t most, std::uint64_t taken);
    bool add(lock& held, std::uint64_t value);
    [[nodiscard]] bool fits(std::uint64_t value) const;
    [[nodiscard]] std::uint64_t taken_of(std::uint64_t& value, std::uint64_t most) const;
    [[nodiscard]] bool is(flaw one) const { return flaw_ == one; }

    std::mutex mutex_;
    std::uint64_t count_;
    std::uint64_t count_before_; // for stale_count
    std::atomic<std::uint32_t> generation_{0};
    std::atomic<unsigned> flags_;
    const flaw flaw_;
    const bool sleeps_;
    std::vector<observer*> observers_;
    bool zero_written_ = false;
    unsigned wakes_ = 0;
    unsigned last_place_ = 0;
    std::deque<unsigned> order_; // of writers, for writers_in_order
};

} // namespace efd::common
