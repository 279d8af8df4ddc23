// SPDX-License-Identifier: MIT
// verify/common/breakable_eventfd.cpp: see breakable_eventfd.hpp.
#include "common/breakable_eventfd.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

namespace efd::common {
namespace {

constexpr std::uint64_t top = UINT64_MAX;
constexpr std::uint64_t largest = top - 1;
constexpr std::uint64_t packed_limit = std::uint64_t{1} << 27;
constexpr std::uint64_t as_mode = 0; // of a read that takes all, or one
constexpr int everybody = INT32_MAX;

bool sometimes() {
    thread_local std::uint64_t state = reinterpret_cast<std::uintptr_t>(&state);
    state = state * 6364136223846793005U + 1442695040888963407U;
    return state >> 62 == 0;
}

// Lets others in where a mistaken object has left its step unfinished.
template <class Changed>
void give_way(std::unique_lock<std::mutex>& held, Changed changed) {
    constexpr int patience = 50;
    for (int i = 0; i < patience && !changed(); ++i) {
        held.unlock();
        std::this_thread::yield();
        held.lock();
    }
}

} // namespace

std::string_view name_of(flaw which) {
    // In the order of the enumeration.
    std::string_view names =
        "none bound_too_high bound_too_low zero_refused invalid_after_room semaphore_takes_all "
        "read_leaves_remainder read_some_takes_all read_some_leaves_none refused_write_counts poll_without_error "
        "poll_out_at_the_bound signal_wraps signal_stops_below loses_one_at_the_seal upper_half_lost "
        "initial_value_cut flags_unchecked nonblock_sticks duplicate_copies late_says_again read_gives_no_edge "
        "write_gives_no_edge saturated_gives_no_edge value_written_on_failure again_where_it_sleeps "
        "sleeps_where_again read_wakes_nobody read_wakes_one write_wakes_nobody write_wakes_one "
        "signal_wakes_nobody zero_releases_reader nonblock_releases writers_in_order restart_ignored "
        "never_interrupted interrupted_write_counts interrupted_read_takes semaphore_takes_two read_stores_twice "
        "rare_wake_lost signal_beats_data signal_wraps_early id_leaks_on_failure id_never_reused torn_take "
        "double_take empty_read zero_at_the_ceiling torn_limit admitted_says_again add_in_two_steps stale_count "
        "false_pollout hasty_timeout early_timeout greedy_cancel";
    for (int i = 0; i < static_cast<int>(which); ++i) names.remove_prefix(names.find(' ') + 1);
    return names.substr(0, names.find(' '));
}

std::vector<flaw> flaws(flaw first, flaw last) {
    std::vector<flaw> all;
    for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) all.push_back(static_cast<flaw>(i));
    return all;
}

breakable_eventfd::breakable_eventfd(std::uint64_t initval, unsigned flags, flaw with, bool sleeps)
    : count_(with == flaw::initial_value_cut ? initval & UINT32_MAX : initval), count_before_(count_), flags_(flags),
      flaw_(with), sleeps_(sleeps) {}

breakable_eventfd::breakable_eventfd(const breakable_eventfd& other)
    : count_(other.count_), count_before_(count_), flags_(other.flags_.load()), flaw_(other.flaw_),
      sleeps_(other.sleeps_) {}

int breakable_eventfd::creation_error(std::uint64_t initval, unsigned flags, flaw with) {
    constexpr unsigned known = EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC;
    const bool valid = (flags & ~known) == 0 || with == flaw::flags_unchecked;
    return valid && initval != top ? 0 : EINVAL;
}

int breakable_eventfd::read(std::uint64_t& value, const waits& how) {
    std::uint64_t got = 0;
    const int error = wait_for(
        how, [&](lock& held) { return take(held, got, as_mode); },
        [&] {
            if (is(flaw::interrupted_read_takes)) ++count_;
        });
    std::uint64_t volatile& place = value; // so that each store is one
    if (error == 0) place = got;
    if (error != 0 && is(flaw::value_written_on_failure)) place = 99;
    if (is(flaw::read_stores_twice)) place = got;
    return error;
}

int breakable_eventfd::read_some(std::uint64_t& value, std::uint64_t most, const waits& how) {
    if (most == 0) return EINVAL;
    return wait_for(how, [&](lock& held) { return take(held, value, most); }, [] {});
}

int breakable_eventfd::write(std::uint64_t value, const waits& how) {
    unsigned place = 0;
    {
        const lock held(mutex_);
        if (value == top && !(is(flaw::invalid_after_room) && count_ == largest)) return EINVAL;
        if (value == 0 && is(flaw::zero_refused)) return EINVAL;
        if (is(flaw::writers_in_order) && how.when == waits::kind::as_flagged) order_.push_back(place = ++last_place_);
    }
    const int error = wait_for(
        how, [&](lock& held) { return (place == 0 || order_.front() == place) && add(held, value); },
        [&] {
            if (is(flaw::interrupted_write_counts)) --count_;
        });
    if (place != 0) {
        const lock held(mutex_);
        std::erase(order_, place);
    }
    if (error == 0 && is(flaw::admitted_says_again) && value > 0 && sometimes()) return EAGAIN;
    return error;
}

int breakable_eventfd::signal(bool /*deferred*/) {
    const lock held(mutex_);
    const std::uint64_t limit = is(flaw::signal_stops_below) ? largest : top;
    if (count_ == top && is(flaw::saturated_gives_no_edge)) return 0;
    if (count_ < limit)
        ++count_;
    else if (is(flaw::signal_wraps))
        count_ = 0;
    if (is(flaw::signal_wraps_early) && count_ == top) count_ = 0;
    wake(is(flaw::signal_wakes_nobody) ? 0 : everybody, POLLIN);
    return 0;
}

void breakable_eventfd::set_nonblock(bool on) {
    const lock held(mutex_);
    if (!on && is(flaw::nonblock_sticks)) return;
    flags_ = on ? flags_ | EFD_NONBLOCK : flags_ & ~static_cast<unsigned>(EFD_NONBLOCK);
    if (on && is(flaw::nonblock_releases)) wake(everybody, 0);
}

bool breakable_eventfd::nonblock() const { return (flags_ & EFD_NONBLOCK) != 0; }
bool breakable_eventfd::semaphore() const { return (flags_ & EFD_SEMAPHORE) != 0; }

std::uint64_t breakable_eventfd::count() {
    const lock held(mutex_);
    const std::uint64_t before = std::exchange(count_before_, count_);
    return is(flaw::stale_count) ? before : count_;
}

unsigned breakable_eventfd::poll() {
    const lock held(mutex_);
    const std::uint64_t writable_below = is(flaw::poll_out_at_the_bound) ? top : largest;
    return (count_ > 0 ? POLLIN : 0U) | (count_ < writable_below || is(flaw::false_pollout) ? POLLOUT : 0U) |
           (count_ == top && !is(flaw::poll_without_error) ? POLLERR : 0U);
}

unsigned breakable_eventfd::watch(observer& one, unsigned mask) {
    one = {mask, false};
    {
        const lock held(mutex_);
        observers_.push_back(&one);
    }
    return poll() & (mask | POLLERR);
}

void breakable_eventfd::unwatch(observer& one) {
    const lock held(mutex_);
    std::erase(observers_, &one);
}

unsigned breakable_eventfd::event(observer& one) {
    return std::exchange(one.called, false) ? poll() & (one.mask | POLLERR) : 0;
}

int breakable_eventfd::unwatch_and_read(observer& one, std::uint64_t& value) {
    unwatch(one);
    return read(value, {.when = waits::kind::never});
}

// Tries under the lock until the attempt succeeds, asleep in between; a reason to leave is looked for before each try.
template <class Attempt, class Interrupted>
int breakable_eventfd::wait_for(const waits& how, Attempt attempt, Interrupted interrupted) {
    const bool flagged = how.when == waits::kind::as_flagged && nonblock() && !is(flaw::sleeps_where_again);
    const bool again = how.when == waits::kind::never || flagged || is(flaw::again_where_it_sleeps) ||
                       (how.deadline != nullptr && is(flaw::late_says_again));
    const bool hasty = how.deadline != nullptr && is(flaw::hasty_timeout) && sometimes();
    for (;;) {
        const std::uint32_t before = generation_.load();
        const bool late =
            how.deadline != nullptr && (is(flaw::early_timeout) || std::chrono::steady_clock::now() >= *how.deadline);
        const bool stopped = how.stop != nullptr && how.stop->stop_requested();
        if (!hasty) {
            lock held(mutex_);
            if (attempt(held))
                return is(flaw::greedy_cancel) && how.stop != nullptr && how.stop->stop_requested() ? ECANCELED : 0;
        }
        if (again) return EAGAIN;
        if (late) return ETIMEDOUT;
        if (stopped) return ECANCELED;
        if (!sleeps_) return EDEADLK;
        if (sleep(before, how.deadline != nullptr || how.stop != nullptr)) {
            const lock held(mutex_);
            interrupted();
            return EINTR;
        }
        if (is(flaw::nonblock_releases) && nonblock()) return EAGAIN;
    }
}

// True if a handler ran. A wait with a relative time limit is not restarted by SA_RESTART.
bool breakable_eventfd::sleep(std::uint32_t before, bool looks_again) {
    if (is(flaw::signal_beats_data)) return sleep_for_signals(before);
    constexpr std::timespec long_time{3600, 0};
    constexpr std::timespec moment{0, 100'000};
    const std::timespec* const limit = looks_again ? &moment : is(flaw::restart_ignored) ? &long_time : nullptr;
    const long result = ::syscall(SYS_futex, &generation_, FUTEX_WAIT_PRIVATE, before, limit, nullptr, 0);
    return result < 0 && errno == EINTR && !is(flaw::never_interrupted);
}

// True if a signal is there, whatever else is: looks for pending ones first, then lets them in.
bool breakable_eventfd::sleep_for_signals(std::uint32_t before) {
    sigset_t all;
    sigset_t usual;
    sigset_t pending;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &usual);
    constexpr std::timespec moment{0, 500'000};
    do {
        ::syscall(SYS_futex, &generation_, FUTEX_WAIT_PRIVATE, before, &moment, nullptr, 0);
        ::sigpending(&pending);
    } while (generation_.load() == before && sigisemptyset(&pending) != 0);
    ::pthread_sigmask(SIG_SETMASK, &usual, nullptr);
    return sigisemptyset(&pending) == 0;
}

void breakable_eventfd::wake(int how_many, unsigned key) {
    constexpr unsigned rare = 10'000;
    ++generation_;
    zero_written_ = false;
    for (observer* const one : observers_)
        if ((key & one->mask) != 0) one->called = true;
    if (is(flaw::rare_wake_lost) && ++wakes_ % rare == 0) return;
    if (how_many > 0) ::syscall(SYS_futex, &generation_, FUTEX_WAKE_PRIVATE, how_many, nullptr, nullptr, 0);
}

// The value that a read gives, and how much it takes.
std::uint64_t breakable_eventfd::taken_of(std::uint64_t& value, std::uint64_t most) const {
    if (most != as_mode) {
        value = is(flaw::read_some_takes_all) ? count_ : std::min(most, count_);
        return is(flaw::read_some_leaves_none) ? count_ : value;
    }
    const bool one = semaphore() && !is(flaw::semaphore_takes_all);
    value = one ? 1 : count_;
    if (is(flaw::read_leaves_remainder) && value > 2) return value - 1;
    if (is(flaw::semaphore_takes_two) && one && count_ % 2 == 0 && count_ > 64) return 2;
    return value;
}

bool breakable_eventfd::take(lock& held, std::uint64_t& value, std::uint64_t most) {
    if (count_ == 0) {
        value = 0;
        return (is(flaw::zero_releases_reader) && std::exchange(zero_written_, false)) ||
               (is(flaw::empty_read) && sometimes());
    }
    const std::uint64_t taken = taken_of(value, most);
    if (is(flaw::torn_take) || is(flaw::double_take)) return take_torn(held, value, most, taken);
    count_ -= taken;
    // Who takes one of several units does not pass the wake on either.
    const bool more = is(flaw::write_wakes_one) && count_ > 0 && count_ < largest / 2;
    const int woken = is(flaw::read_wakes_nobody) || more ? 0 : is(flaw::read_wakes_one) ? 1 : everybody;
    wake(woken, is(flaw::read_gives_no_edge) ? 0 : POLLOUT);
    return true;
}

bool breakable_eventfd::take_torn(lock& held, std::uint64_t& value, std::uint64_t most, std::uint64_t taken) {
    const std::uint64_t before = count_;
    give_way(held, [&] { return count_ != before; });
    if (is(flaw::torn_take))
        count_ = before - taken;
    else if (count_ == before)
        count_ -= taken;
    else if (count_ != 0)
        return take(held, value, most);
    wake(everybody, POLLOUT);
    return true;
}

bool breakable_eventfd::fits(std::uint64_t value) const {
    const std::uint64_t room = top - count_;
    if (is(flaw::zero_at_the_ceiling) && value == 0) return true;
    if (is(flaw::bound_too_high)) return value <= room;
    return is(flaw::bound_too_low) ? room > 1 && value < room - 1 : value < room;
}

bool breakable_eventfd::add(lock& held, std::uint64_t value) {
    if (!fits(value)) {
        if (is(flaw::refused_write_counts) && count_ == largest) --count_;
        return false;
    }
    const std::uint64_t before = count_;
    const bool seals = before < packed_limit && before + value >= packed_limit;
    if (is(flaw::torn_limit) && seals) give_way(held, [&] { return count_ != before; });
    if (is(flaw::add_in_two_steps) && value > 1) {
        ++count_;
        give_way(held, [&] { return count_ != before + 1; });
        count_ += value - 1;
    } else {
        count_ = before + value;
    }
    if (is(flaw::loses_one_at_the_seal) && seals) --count_;
    if (is(flaw::upper_half_lost) && before <= UINT32_MAX && value <= UINT32_MAX) count_ &= UINT32_MAX;
    const int woken = is(flaw::write_wakes_nobody) ? 0 : is(flaw::write_wakes_one) ? 1 : everybody;
    wake(woken, is(flaw::write_gives_no_edge) ? 0 : POLLIN);
    zero_written_ = value == 0;
    return true;
}

} // namespace efd::common
