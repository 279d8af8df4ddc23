// SPDX-License-Identifier: MIT
// tests/claims/small_eventfd.cpp: see small_eventfd.hpp.
#include "small_eventfd.hpp"

#include "conformance/framework/counts.hpp"
#include "conformance/framework/task.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <mutex>
#include <poll.h>
#include <set>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace efd::claims {
namespace {

constexpr int everybody = INT32_MAX;

class small_object final : public object {
  public:
    small_object(std::uint64_t initval, int flags, int id, fault with, std::set<int>& ids)
        : count_(initval), flags_(flags), id_(id), fault_(with), ids_(ids) {}
    ~small_object() override {
        if (fault_ != fault::id_never_reused) ids_.erase(id_);
    }

    int read(std::uint64_t& value) override {
        if (fault_ == fault::torn_read && count_.load() > 0) return torn_read(value);
        std::uint64_t taken = 0;
        const int error = wait_for([&] { return take(taken); }, [] {});
        std::uint64_t volatile& place = value; // so that each store is one
        if (error == 0 || fault_ == fault::failed_read_stores) place = taken;
        if (fault_ == fault::read_stores_twice) place = taken;
        return error;
    }
    int write(std::uint64_t value) override {
        if (value == top && !(fault_ == fault::invalid_after_room && count_.load() == largest)) return EINVAL;
        const auto interrupted = [&] {
            if (fault_ == fault::write_adds_when_interrupted) --count_;
        };
        return wait_for([&] { return add(value); }, interrupted);
    }
    int signal() override {
        const std::lock_guard lock(mutex_);
        if (count_.load() != top || fault_ == fault::signal_wraps) ++count_;
        if (fault_ == fault::signal_wraps && count_.load() == top) count_ = 0;
        wake(fault_ == fault::signal_wakes_nobody ? 0 : everybody);
        return 0;
    }
    unsigned poll() override {
        const std::uint64_t now = count_.load();
        const std::uint64_t writable_below = fault_ == fault::poll_out_at_the_bound ? top : largest;
        return (now > 0 ? POLLIN : 0U) | (now < writable_below ? POLLOUT : 0U) |
               (now == top && fault_ != fault::poll_without_error ? POLLERR : 0U);
    }
    std::uint64_t count() override { return count_.load(); }
    int id() override { return id_; }
    bool semaphore() override { return (flags_.load() & EFD_SEMAPHORE) != 0; }
    int set_nonblock(bool on) override {
        on ? flags_.fetch_or(EFD_NONBLOCK) : flags_.fetch_and(~EFD_NONBLOCK);
        return 0;
    }
    bool nonblock() override { return (flags_.load() & EFD_NONBLOCK) != 0; }
    bool has_sleeper(pid_t tid) override {
        const task_state seen = look_at_task(tid);
        if (!seen.asleep || !seen.call_known) return seen.asleep;
        return seen.call == SYS_futex && seen.args[0] == reinterpret_cast<std::uintptr_t>(&turn_);
    }

  private:
    // Tries under the lock until `attempt` is done with it, asleep in between.
    template <class Attempt, class Interrupted>
    int wait_for(Attempt attempt, Interrupted interrupted) {
        bool may_sleep = !nonblock();
        for (;;) {
            const std::uint32_t before = turn_.load();
            {
                const std::lock_guard lock(mutex_);
                if (attempt()) return 0;
            }
            if (fault_ == fault::nonblock_while_asleep) may_sleep = !nonblock();
            if (!may_sleep) return EAGAIN;
            if (!sleep(before) || fault_ == fault::never_interrupted) continue;
            // Whoever was woken before the signal came is not told of it; what the handler wrote is for the next read.
            const std::lock_guard lock(mutex_);
            interrupted();
            return EINTR;
        }
    }

    // True if a signal is there, whatever else is: looks for pending ones first, then lets them in.
    bool sleep_for_signals(std::uint32_t before) {
        sigset_t all;
        sigset_t usual;
        sigset_t pending;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &usual);
        const std::timespec moment{0, 500'000};
        do {
            ::syscall(SYS_futex, &turn_, FUTEX_WAIT_PRIVATE, before, &moment, nullptr, 0);
            ::sigpending(&pending);
        } while (turn_.load() == before && sigisemptyset(&pending) != 0);
        ::pthread_sigmask(SIG_SETMASK, &usual, nullptr);
        return sigisemptyset(&pending) == 0;
    }

    // True if a handler ran. A wait with a relative time limit is not restarted by SA_RESTART.
    bool sleep(std::uint32_t before) {
        if (fault_ == fault::signal_beats_data) return sleep_for_signals(before);
        const std::timespec long_time{3600, 0};
        const std::timespec* const limit = fault_ == fault::interrupted_by_restart ? &long_time : nullptr;
        return ::syscall(SYS_futex, &turn_, FUTEX_WAIT_PRIVATE, before, limit, nullptr, 0) < 0 && errno == EINTR;
    }

    void wake(int how_many) {
        constexpr unsigned rare = 10'000;
        zero_written_ = false;
        ++turn_;
        if (fault_ == fault::rare_wake_lost && ++wakes_ % rare == 0) return;
        if (how_many > 0) ::syscall(SYS_futex, &turn_, FUTEX_WAKE_PRIVATE, how_many, nullptr, nullptr, 0);
    }

    bool take(std::uint64_t& value) {
        const std::uint64_t now = count_.load();
        if (now == 0) return fault_ == fault::zero_releases_reader && zero_written_;
        value = semaphore() && fault_ != fault::semaphore_takes_all ? 1 : now;
        const bool two = semaphore() && fault_ == fault::semaphore_takes_two && now % 2 == 0 && now > 64;
        count_ -= two ? 2 : value;
        const bool nobody = fault_ == fault::read_wakes_nobody || fault_ == fault::write_wakes_one;
        wake(nobody ? 0 : fault_ == fault::read_wakes_one ? 1 : everybody);
        return true;
    }

    int torn_read(std::uint64_t& value) {
        value = count_.load();
        for (int i = 0; i < 1000 && count_.load() == value; ++i) std::this_thread::yield();
        count_.store(0);
        return 0;
    }

    bool add(std::uint64_t value) {
        const std::uint64_t room = top - count_.load();
        const bool fits = fault_ == fault::bound_too_high  ? value <= room
                          : fault_ == fault::bound_too_low ? room > 1 && value < room - 1
                                                           : value < room;
        if (!fits && fault_ == fault::refused_write_counts && count_.load() == largest) --count_;
        if (!fits) return false;
        count_ += value;
        wake(fault_ == fault::write_wakes_nobody ? 0 : fault_ == fault::write_wakes_one ? 1 : everybody);
        zero_written_ = value == 0;
        return true;
    }

    std::mutex mutex_;
    std::atomic<std::uint64_t> count_;
    std::atomic<std::uint32_t> turn_{0};
    std::atomic<int> flags_;
    bool zero_written_ = false;
    unsigned wakes_ = 0;
    int id_;
    fault fault_;
    std::set<int>& ids_;
};

class small final : public backend {
  public:
    explicit small(fault with) : fault_(with) {}
    std::string_view name() const override { return "small"; }
    bool offers(needs what) const override { return what == needs::object; }
    std::unique_ptr<object> make(std::uint64_t initval, int flags, int& error) override {
        constexpr int known = EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC;
        const bool valid = (flags & ~known) == 0 || fault_ == fault::flags_unchecked;
        error = valid && initval != top ? 0 : EINVAL;
        if (error != 0 && fault_ != fault::id_leaks_on_failure) return nullptr;
        int id = 0;
        while (!ids_.insert(id).second) ++id;
        return error != 0 ? nullptr : std::make_unique<small_object>(initval, flags, id, fault_, ids_);
    }

  private:
    fault fault_;
    std::set<int> ids_;
};

} // namespace

std::unique_ptr<backend> small_backend(fault with) { return std::make_unique<small>(with); }

} // namespace efd::claims
