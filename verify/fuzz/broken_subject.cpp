// SPDX-License-Identifier: MIT
// verify/fuzz/broken_subject.cpp: see broken_subject.hpp.
//
// One mutex guards an object; everybody who waits sleeps on one futex word, which each change moves on.
#include "fuzz/broken_subject.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <linux/futex.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace efd::fuzz {
namespace {

constexpr std::uint64_t top = UINT64_MAX;
constexpr std::uint64_t largest = top - 1;
constexpr int everybody = INT32_MAX;

class small_object {
  public:
    small_object(std::uint64_t initval, unsigned flags, flaw with, rest how)
        : count_(with == flaw::initial_value_cut ? initval & UINT32_MAX : initval), flags_(flags), flaw_(with),
          rest_(how) {}
    small_object(const small_object& other)
        : count_(other.count_), flags_(other.flags_.load()), flaw_(other.flaw_), rest_(other.rest_),
          wanted_(other.wanted_) {}
    small_object& operator=(const small_object&) = delete;

    answer read(manner how) {
        answer got;
        got.error = wait_for(
            how, [&] { return take(got.value); },
            [&] {
                if (flaw_ == flaw::interrupted_read_takes) ++count_;
            });
        if (got.error != 0 && flaw_ == flaw::value_written_on_failure) got.value = 99;
        return got;
    }
    answer read_some(std::uint64_t most) {
        answer got;
        if (most == 0) return {EINVAL, 0};
        got.error = wait_for(manner::as_flagged, [&] { return take_some(got.value, most); }, [] {});
        return got;
    }
    int write(std::uint64_t value, manner how) {
        const std::scoped_lock entering(mutex_);
        if (value == top && !(flaw_ == flaw::invalid_after_room && count_ == largest)) return EINVAL;
        if (value == 0 && flaw_ == flaw::zero_refused) return EINVAL;
        return wait_unlocked(value, how);
    }
    void signal() {
        const std::scoped_lock lock(mutex_);
        const std::uint64_t limit = flaw_ == flaw::signal_stops_below ? largest : top;
        if (count_ == top && flaw_ == flaw::saturated_gives_no_edge) return;
        if (count_ < limit)
            ++count_;
        else if (flaw_ == flaw::signal_wraps)
            count_ = 0;
        wake(flaw_ == flaw::signal_wakes_nobody ? 0 : everybody, POLLIN);
    }
    void set_nonblock(bool on) {
        const std::scoped_lock lock(mutex_);
        if (!on && flaw_ == flaw::nonblock_sticks) return;
        flags_ = on ? flags_ | EFD_NONBLOCK : flags_ & ~static_cast<unsigned>(EFD_NONBLOCK);
        if (on && flaw_ == flaw::nonblock_releases) wake(everybody, 0);
    }
    bool nonblock() const { return (flags_ & EFD_NONBLOCK) != 0; }
    std::uint64_t count() {
        const std::scoped_lock lock(mutex_);
        return count_;
    }
    unsigned poll() {
        const std::uint64_t now = count();
        const std::uint64_t writable_below = flaw_ == flaw::poll_out_at_the_bound ? top : largest;
        return (now > 0 ? POLLIN : 0U) | (now < writable_below ? POLLOUT : 0U) |
               (now == top && flaw_ != flaw::poll_without_error ? POLLERR : 0U);
    }
    void watch(unsigned mask) {
        wanted_ = mask;
        fired_ = mask != 0; // what is there is told
    }
    unsigned event() { return std::exchange(fired_, false) ? poll() & (wanted_ | POLLERR) : 0; }

  private:
    int wait_unlocked(std::uint64_t value, manner how) {
        mutex_.unlock();
        const auto place = flaw_ == flaw::writers_in_order && how == manner::as_flagged ? join() : 0;
        const int error = wait_for(
            how, [&] { return my_turn(place) && add(value); },
            [&] {
                if (flaw_ == flaw::interrupted_write_counts) --count_;
            });
        mutex_.lock();
        if (place != 0) std::erase(order_, place);
        return error;
    }
    unsigned join() {
        const std::scoped_lock lock(mutex_);
        order_.push_back(++last_place_);
        return last_place_;
    }
    bool my_turn(unsigned place) const { return place == 0 || order_.front() == place; }

    // Tries under the lock until `attempt` is done with it, asleep in between.
    template <class Attempt, class Interrupted>
    int wait_for(manner how, Attempt attempt, Interrupted interrupted) {
        const bool flagged = nonblock() && flaw_ != flaw::sleeps_where_again;
        const bool again = how == manner::never || (how == manner::as_flagged && flagged) ||
                           (how == manner::expired && flaw_ == flaw::late_says_again);
        for (;;) {
            const std::uint32_t before = turn_.load();
            {
                const std::scoped_lock lock(mutex_);
                if (attempt()) return 0;
            }
            if (again || flaw_ == flaw::again_where_it_sleeps) return EAGAIN;
            if (how == manner::expired) return ETIMEDOUT;
            if (rest_ == rest::refused) return EDEADLK;
            if (sleep(before)) {
                const std::scoped_lock lock(mutex_);
                interrupted();
                return EINTR;
            }
            if (flaw_ == flaw::nonblock_releases && nonblock()) return EAGAIN;
        }
    }

    // True if a handler ran. A wait with a relative time limit is not restarted by SA_RESTART.
    bool sleep(std::uint32_t before) {
        const std::timespec long_time{3600, 0};
        const std::timespec* const limit = flaw_ == flaw::restart_ignored ? &long_time : nullptr;
        const long result = ::syscall(SYS_futex, &turn_, FUTEX_WAIT_PRIVATE, before, limit, nullptr, 0);
        return result < 0 && errno == EINTR && flaw_ != flaw::never_interrupted;
    }

    void wake(int how_many, unsigned key) {
        ++turn_;
        zero_written_ = false;
        if (how_many > 0) ::syscall(SYS_futex, &turn_, FUTEX_WAKE_PRIVATE, how_many, nullptr, nullptr, 0);
        if ((key & wanted_) != 0) fired_ = true;
    }

    bool take(std::uint64_t& value) {
        if (count_ == 0) return flaw_ == flaw::zero_releases_reader && std::exchange(zero_written_, false);
        const bool one = (flags_ & EFD_SEMAPHORE) != 0 && flaw_ != flaw::semaphore_takes_all;
        value = one ? 1 : count_;
        count_ -= flaw_ == flaw::read_leaves_remainder && value > 2 ? value - 1 : value;
        // Who takes one of several units does not pass the wake on either.
        const bool more = flaw_ == flaw::write_wakes_one && count_ > 0 && count_ < largest / 2;
        const bool nobody = flaw_ == flaw::read_wakes_nobody || more;
        wake(nobody                          ? 0
             : flaw_ == flaw::read_wakes_one ? 1
                                             : everybody,
             flaw_ == flaw::read_gives_no_edge ? 0 : POLLOUT);
        return true;
    }

    bool take_some(std::uint64_t& value, std::uint64_t most) {
        if (count_ == 0) return false;
        value = flaw_ == flaw::read_some_takes_all ? count_ : std::min(most, count_);
        count_ = flaw_ == flaw::read_some_leaves_none ? 0 : count_ - value;
        wake(everybody, POLLOUT);
        return true;
    }

    bool add(std::uint64_t value) {
        const std::uint64_t room = top - count_;
        const bool fits = flaw_ == flaw::bound_too_high  ? value <= room
                          : flaw_ == flaw::bound_too_low ? room > 1 && value < room - 1
                                                         : value < room;
        if (!fits && flaw_ == flaw::refused_write_counts && count_ == largest) --count_;
        if (!fits) return false;
        const std::uint64_t before = count_;
        count_ += value;
        constexpr std::uint64_t seal = 1U << 27;
        if (flaw_ == flaw::loses_one_at_the_seal && before < seal && count_ >= seal) --count_;
        if (flaw_ == flaw::upper_half_lost && before <= UINT32_MAX && value <= UINT32_MAX) count_ &= UINT32_MAX;
        const bool nobody = flaw_ == flaw::write_wakes_nobody;
        wake(nobody                           ? 0
             : flaw_ == flaw::write_wakes_one ? 1
                                              : everybody,
             flaw_ == flaw::write_gives_no_edge ? 0 : POLLIN);
        zero_written_ = value == 0;
        return true;
    }

    std::mutex mutex_;
    std::uint64_t count_;
    std::atomic<std::uint32_t> turn_{0};
    std::atomic<unsigned> flags_;
    flaw flaw_;
    rest rest_;
    unsigned wanted_ = 0;
    bool fired_ = false;
    bool zero_written_ = false;
    unsigned last_place_ = 0;
    std::deque<unsigned> order_;
};

class broken_table final : public subject {
  public:
    broken_table(flaw with, rest how) : flaw_(with), rest_(how) {}
    std::string_view name() const override { return all_flaws()[static_cast<std::size_t>(flaw_)].name; }

    int create(unsigned handle, std::uint64_t initval, unsigned flags) override {
        constexpr unsigned known = EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC;
        const bool valid = (flags & ~known) == 0 || flaw_ == flaw::flags_unchecked;
        if (!valid || initval == top) return EINVAL;
        handles_.at(handle) = std::make_shared<small_object>(initval, flags, flaw_, rest_);
        return 0;
    }
    void duplicate(unsigned from, unsigned to) override {
        handles_.at(to) =
            flaw_ == flaw::duplicate_copies ? std::make_shared<small_object>(*handles_.at(from)) : handles_.at(from);
    }
    void close(unsigned handle) override { handles_.at(handle).reset(); }
    answer read(unsigned handle, manner how) override { return handles_.at(handle)->read(how); }
    answer read_some(unsigned handle, std::uint64_t most) override { return handles_.at(handle)->read_some(most); }
    int write(unsigned handle, std::uint64_t value, manner how) override {
        return handles_.at(handle)->write(value, how);
    }
    int signal(unsigned handle, bool /*deferred*/) override {
        handles_.at(handle)->signal();
        return 0;
    }
    void set_nonblock(unsigned handle, bool on) override { handles_.at(handle)->set_nonblock(on); }
    bool nonblock(unsigned handle) override { return handles_.at(handle)->nonblock(); }
    unsigned poll(unsigned handle) override { return handles_.at(handle)->poll(); }
    std::uint64_t count(unsigned handle) override { return handles_.at(handle)->count(); }
    unsigned watch(unsigned handle, unsigned /*object*/, unsigned mask) override {
        handles_.at(handle)->watch(mask);
        return handles_.at(handle)->event();
    }
    void unwatch(unsigned handle, unsigned /*object*/) override { handles_.at(handle)->watch(0); }
    unsigned event(unsigned handle, unsigned /*object*/) override { return handles_.at(handle)->event(); }
    answer unwatch_and_read(unsigned handle, unsigned object) override {
        unwatch(handle, object);
        const answer got = handles_.at(handle)->read(manner::never);
        handles_.at(handle)->event();
        return got;
    }

  private:
    flaw flaw_;
    rest rest_;
    std::array<std::shared_ptr<small_object>, most_handles> handles_;
};

} // namespace

std::span<const flaw_row> all_flaws() {
    static constexpr flaw_row rows[] = {
        {flaw::none, "none", false},
        {flaw::bound_too_high, "bound_too_high", false},
        {flaw::bound_too_low, "bound_too_low", false},
        {flaw::zero_refused, "zero_refused", false},
        {flaw::invalid_after_room, "invalid_after_room", false},
        {flaw::semaphore_takes_all, "semaphore_takes_all", false},
        {flaw::read_leaves_remainder, "read_leaves_remainder", false},
        {flaw::read_some_takes_all, "read_some_takes_all", false},
        {flaw::read_some_leaves_none, "read_some_leaves_none", false},
        {flaw::refused_write_counts, "refused_write_counts", false},
        {flaw::poll_without_error, "poll_without_error", false},
        {flaw::poll_out_at_the_bound, "poll_out_at_the_bound", false},
        {flaw::signal_wraps, "signal_wraps", false},
        {flaw::signal_stops_below, "signal_stops_below", false},
        {flaw::loses_one_at_the_seal, "loses_one_at_the_seal", false},
        {flaw::upper_half_lost, "upper_half_lost", false},
        {flaw::initial_value_cut, "initial_value_cut", false},
        {flaw::flags_unchecked, "flags_unchecked", false},
        {flaw::nonblock_sticks, "nonblock_sticks", false},
        {flaw::duplicate_copies, "duplicate_copies", false},
        {flaw::late_says_again, "late_says_again", false},
        {flaw::read_gives_no_edge, "read_gives_no_edge", false},
        {flaw::write_gives_no_edge, "write_gives_no_edge", false},
        {flaw::saturated_gives_no_edge, "saturated_gives_no_edge", false},
        {flaw::value_written_on_failure, "value_written_on_failure", false},
        {flaw::again_where_it_sleeps, "again_where_it_sleeps", true},
        {flaw::sleeps_where_again, "sleeps_where_again", true},
        {flaw::read_wakes_nobody, "read_wakes_nobody", true},
        {flaw::read_wakes_one, "read_wakes_one", true},
        {flaw::write_wakes_nobody, "write_wakes_nobody", true},
        {flaw::write_wakes_one, "write_wakes_one", true},
        {flaw::signal_wakes_nobody, "signal_wakes_nobody", true},
        {flaw::zero_releases_reader, "zero_releases_reader", true},
        {flaw::nonblock_releases, "nonblock_releases", true},
        {flaw::restart_ignored, "restart_ignored", true, true},
        {flaw::never_interrupted, "never_interrupted", true, true},
        {flaw::interrupted_write_counts, "interrupted_write_counts", true, true},
        {flaw::interrupted_read_takes, "interrupted_read_takes", true, true},
        {flaw::writers_in_order, "writers_in_order", true},
    };
    static_assert(std::size(rows) == static_cast<std::size_t>(flaw::writers_in_order) + 1);
    return rows;
}

std::unique_ptr<subject> broken_subject(flaw with, rest how) { return std::make_unique<broken_table>(with, how); }

} // namespace efd::fuzz
