// SPDX-License-Identifier: MIT
// caller.cpp: a process that makes every call on an arena beside a scribbler. What a call says is not judged; that it
// ends is, and when.
#include "hostile/control.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::hostile {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t patience_of_names_ns = 1000 * ns_per_ms; // of each call that uses a name
constexpr std::size_t most_held = 24;
constexpr std::size_t most_sets = 3;
constexpr std::size_t places = 16;

class caller {
  public:
    caller(arena& shared, control& all, int number, std::uint64_t seed)
        : shared_(shared), all_(all), own_(all.by[number]), dice_(seed) {}

    void run() {
        while (!all_.stop) one(static_cast<call>(any(static_cast<std::uint64_t>(call::number))));
    }
    // A child of fork makes some calls as well.
    void run_some(int calls) {
        for (int i = 0; i < calls; ++i) {
            const auto what = static_cast<call>(any(static_cast<std::uint64_t>(call::number)));
            if (what != call::fork && what != call::stopped_read) one(what);
        }
    }

  private:
    std::uint64_t any(std::uint64_t below) { return dice_() % below; }
    eventfd& object() {
        if (held_.empty()) held_.emplace_back(); // private: calls on it go beside
        return held_[any(held_.size())];
    }
    std::string name() { return "name " + std::to_string(any(12)); }
    std::uint64_t id() {
        switch (any(3)) {
        case 0: return all_.ids[any(16)];
        case 1: return any(64) << 32 | any(slots);
        default: return dice_();
        }
    }
    void hold(eventfd&& fresh) {
        all_.ids[any(16)] = shared_.id(fresh);
        if (held_.size() >= most_held) held_.erase(held_.begin());
        held_.push_back(std::move(fresh));
    }

    // Counts the call. It may take `allowed_ns`; negative: it has no deadline, and may use no more of a processor than
    // any call may.
    template <class Act>
    void timed(call what, std::int64_t allowed_ns, Act act) {
        constexpr std::int64_t without_deadline_ns = 1000 * ns_per_ms;
        call_record& record = own_.calls[static_cast<unsigned>(what)];
        const std::int64_t began = clock_ns(CLOCK_MONOTONIC);
        const std::int64_t busy = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        own_.now = static_cast<std::uint32_t>(what);
        own_.began_ns = began;
        const bool done = act();
        own_.began_ns = 0;
        const std::int64_t busy_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - busy;
        const std::int64_t late_ns =
            clock_ns(CLOCK_MONOTONIC) - began - (allowed_ns < 0 ? without_deadline_ns : allowed_ns);
        ++record.made;
        if (done) ++record.done;
        raise(record.worst_late_ns, late_ns);
        const std::int64_t too_busy_ns = busy_ns - std::max<std::int64_t>(allowed_ns, 0);
        raise(record.worst_busy_ns, too_busy_ns);
        if (late_ns > late_after_ns) ++record.late;
        if (too_busy_ns > busy_after_ns) ++record.busy;
    }
    static void raise(std::atomic<std::int64_t>& worst, std::int64_t value) {
        if (value > worst) worst = value;
    }

    static std::uint64_t amount(std::uint64_t dice) {
        static constexpr std::uint64_t amounts[] = {
            0, 1, 64, 65, std::uint64_t{1} << 27, std::uint64_t{1} << 40, UINT64_MAX - 1};
        return amounts[dice % 7];
    }

    template <class Act>
    static bool is_thrown(Act act) {
        try {
            act();
            return true;
        } catch (const std::system_error&) {
            return false;
        }
    }

    void one(call what) {
        const auto ms = static_cast<std::int64_t>(1 + any(4));
        const std::chrono::milliseconds timeout(ms);
        std::uint64_t value = 0;
        const auto ends_well = [](std::errc how) { return how == std::errc{}; };
        const auto quick = [&](auto act) { timed(what, 0, act); };
        const auto within = [&](auto act) { timed(what, ms * ns_per_ms, act); };
        const auto with_names = [&](auto act) { timed(what, patience_of_names_ns, act); };
        switch (what) {
        case call::signal: return quick([&] { return object().signal(); });
        case call::count: return quick([&] { return object().count() == 0; });
        case call::try_write: return quick([&] { return ends_well(object().try_write(amount(any(7)))); });
        case call::try_read: return quick([&] { return ends_well(object().try_read(value)); });
        case call::write: // that never waits
            return quick([&] { return !held_.empty() && ends_well(own_nonblocking().write(amount(any(7)))); });
        case call::read: return quick([&] { return !held_.empty() && ends_well(own_nonblocking().read(value)); });
        case call::timed_write: return within([&] { return ends_well(object().write_for(amount(any(7)), timeout)); });
        case call::timed_read: return within([&] { return ends_well(object().read_for(value, timeout)); });
        case call::orphan_read:
            return within([&] {
                const auto until = std::chrono::steady_clock::now() + timeout;
                return object().read(value, {.deadline = until, .owner_death = true}) == std::errc::owner_dead;
            });
        case call::timed_read_some:
            return within([&] { return ends_well(object().read_some_for(value, 1 + any(9), timeout)); });
        case call::stopped_read: return within([&] { return read_until_stopped(timeout); });
        case call::make:
            return timed(what, -1, [&] {
                return is_thrown([&] {
                    const flags how = any(2) == 0 ? flags::semaphore : flags::none;
                    hold(shared_.make(amount(any(7)), how | (any(2) == 0 ? flags::nonblock : flags::none)));
                });
            });
        case call::make_named:
            return with_names([&] { return is_thrown([&] { hold(shared_.make(name(), any(9))); }); });
        case call::find: return with_names([&] { return keep(shared_.find(name())); });
        case call::at:
            return timed(what, -1,
                         [&] { return keep(shared_.at(id(), any(2) == 0 ? arena_role::waits : arena_role::signals)); });
        case call::remove: return with_names([&] { return ends_well(shared_.remove(name())); });
        case call::list:
            return with_names([&] {
                return is_thrown([&] {
                    if (shared_.list().size() > names) std::abort();
                });
            });
        case call::reap: return timed(what, -1, [&] { return is_thrown([&] { (void)shared_.reap(); }); });
        case call::drop:
            return timed(what, -1, [&] {
                if (!held_.empty()) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(any(held_.size())));
                return true;
            });
        case call::attach: return timed(what, -1, [&] { return attach(); });
        case call::fork:
            if (any(20) == 0) fork_one();
            return;
        default: return one_of_set(what, timeout);
        }
    }

    void one_of_set(call what, std::chrono::milliseconds timeout) {
        const auto ends_well = [](std::errc how) { return how == std::errc{}; };
        const auto within = [&](auto act) { timed(what, timeout.count() * ns_per_ms, act); };
        switch (what) {
        case call::set_make:
            return timed(what, -1, [&] {
                return is_thrown([&] {
                    if (sets_.size() >= most_sets) sets_.erase(sets_.begin());
                    sets_.push_back(shared_.make_set());
                });
            });
        case call::set_add:
            return timed(what, -1, [&] {
                return !sets_.empty() && is_thrown([&] { places_[any(places)] = set().add(object(), dice_()); });
            });
        case call::set_remove:
            return timed(what, -1, [&] { return !sets_.empty() && ends_well(set().remove(places_[any(places)])); });
        case call::set_try: return timed(what, 0, [&] { return !sets_.empty() && ends_well(set().try_any(got_)); });
        case call::set_wait:
            return within([&] { return !sets_.empty() && ends_well(set().wait_any_for(got_, timeout)); });
        case call::set_fd:
            return timed(what, -1, [&] { return !sets_.empty() && is_thrown([&] { (void)set().fd(); }); });
        case call::set_add_fd:
            return timed(what, -1, [&] {
                return !sets_.empty() && is_thrown([&] { places_[any(places)] = set().add(quiet_, 1, dice_()); });
            });
        case call::set_look: return within([&] { return !sets_.empty() && look_at_set(timeout); });
        default: return;
        }
    }

    wait_set& set() { return sets_[any(sets_.size())]; }
    bool look_at_set(std::chrono::milliseconds timeout) {
        std::array<set_event, 8> room{};
        std::size_t number = 0;
        const std::errc how = set().wait_ready_for(room, number, timeout);
        if (number > room.size() || (how == std::errc{}) != (number > 0)) std::abort();
        return how == std::errc{};
    }
    eventfd& own_nonblocking() {
        if (!nonblocking_ || any(50) == 0) {
            if (!is_thrown([&] { nonblocking_ = shared_.make(0, flags::nonblock); }))
                nonblocking_.emplace(0, flags::nonblock);
        }
        return *nonblocking_;
    }
    bool keep(arena_lookup found) {
        if (!found) return false;
        hold(std::move(found.object));
        return true;
    }
    bool read_until_stopped(std::chrono::milliseconds timeout) {
        std::stop_source source;
        const eventfd& from = object();
        const std::jthread stops([&source, timeout] {
            std::this_thread::sleep_for(timeout); // pace: how long the read goes on
            source.request_stop();
        });
        std::uint64_t value = 0;
        return from.read(value, source.get_token()) == std::errc{};
    }
    bool attach() {
        return is_thrown([&] {
            const arena again = arena::attach(shared_.fd());
            const eventfd made = again.make(any(9));
            made.signal();
            (void)shared_.at(again.id(made));
        });
    }
    // The fork alone has a deadline: each of the child's calls has its own.
    void fork_one() {
        pid_t child = -1;
        timed(call::fork, patience_of_names_ns, [&] { return (child = ::fork()) >= 0; });
        if (child == 0) {
            constexpr unsigned seconds = 30;
            ::alarm(seconds); // a child that hangs ends by a signal
            run_some(20);
            ::_exit(0);
        }
        int status = -1;
        if (child < 0) return;
        if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) std::abort();
    }

    arena& shared_;
    control& all_;
    control::caller& own_;
    std::mt19937_64 dice_;
    std::vector<eventfd> held_;
    std::optional<eventfd> nonblocking_;
    std::vector<wait_set> sets_;
    std::array<int, places> places_{};
    set_event got_{};
    int quiet_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); // a descriptor that is never ready
};

} // namespace

void make_calls(arena& shared, control& all, int number, std::uint64_t seed) {
    caller(shared, all, number, seed).run();
}

} // namespace efd::hostile
