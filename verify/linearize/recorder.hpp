// SPDX-License-Identifier: MIT
// verify/linearize/recorder.hpp: runs threads, or processes, on one object and records what each call returned and
// when.
//
// Owns the workers of one history and their logs; each worker writes its own, and they are read after all have ended.
// One log more belongs to the feeder, the thread that records: it feeds workers that would wait for ever, so that every
// history ends, and its calls count like all others. A worker that does not end is reported (lost), never waited for
// without bound.
#pragma once

#include "linearize/history.hpp"
#include "linearize/plan.hpp"

#include "common/breakable_eventfd.hpp"
#include "linearize/workers.hpp"

#include <efd/detail/core/count.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>

namespace efd::linearize {

inline constexpr std::chrono::seconds longest_history{60};
// Of the feeder, between two looks. A feeder that never paused longer would fill its log before the threads of a busy
// machine came to run; once half of its log is full it takes the longest pause only.
inline constexpr std::chrono::microseconds shortest_pause{30};
inline constexpr std::chrono::microseconds longest_pause{20'000};
// The most room that a write which may wait for ever needs in semaphore mode, where a read makes room for one
// (plan.cpp).
inline constexpr std::uint64_t most_room = 4;

inline std::int64_t clock_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// A full barrier that both compilers and ThreadSanitizer know: no look of the object is made before the time stamp.
inline void after_stamp() {
    thread_local std::atomic<unsigned> own{0};
    own.exchange(1, std::memory_order_seq_cst);
}

// A subject has the shape of the breakable eventfd; some have no read_some.
template <class Subject>
concept reads_some = requires(Subject& object, std::uint64_t& value, const common::waits& how) {
    object.read_some(value, std::uint64_t{1}, how);
};

// A subject that lives in shared memory: each worker is a process. A stop request does not reach another process, and
// such an object has no wait queue; those calls are made another way.
template <class Subject>
concept in_shared_memory = requires { requires Subject::in_shared_memory; };

template <class Subject>
class recorder {
  public:
    // The rest is for the subject.
    template <class... More>
    explicit recorder(const plan& p, More... more)
        : plan_(p),
          object_(p.initial, (p.semaphore ? unsigned{EFD_SEMAPHORE} : 0) | (p.nonblock ? unsigned{EFD_NONBLOCK} : 0),
                  more...),
          dice_(p.seed + 1) {
        for (std::size_t t = 0; t < p.threads; ++t) slots_.emplace_back(p, t);
    }
    ~recorder() = default;
    recorder& operator=(recorder&&) = delete; // neither copied nor moved

    // False: some thread did not end although it was fed. Then the object and the threads must be left alone.
    [[nodiscard]] bool run() {
        for (thread_slot& s : slots_) s.own.start([this, &s] { work(s); });
        const auto end = std::chrono::steady_clock::now() + longest_history;
        std::uint64_t before = 0;
        std::chrono::microseconds pause = shortest_pause;
        while (!all_done()) {
            std::this_thread::sleep_for(pause); // pace: between two looks at what moves
            std::uint64_t moved = 0;
            for (const thread_slot& s : slots_) moved += s.log->moved.load(std::memory_order_relaxed);
            const bool at_rest = moved == before; // or no thread has a processor: then there is time
            const std::chrono::microseconds least = fed_.size() < most_calls / 2 ? shortest_pause : longest_pause;
            pause = at_rest ? std::min(2 * pause, longest_pause) : least;
            if (at_rest) feed();
            before = moved;
            if (std::chrono::steady_clock::now() > end || fed_.size() > most_calls - 2 || somebody_died()) return false;
        }
        for (thread_slot& s : slots_)
            if (!s.own.join()) return false;
        fed_.push_back(perform_look(act::count));
        return true;
    }

    [[nodiscard]] history result() {
        history h{.regime = std::string(name_of(plan_.where)),
                  .seed = plan_.seed,
                  .initial = plan_.initial,
                  .semaphore = plan_.semaphore,
                  .nonblock = plan_.nonblock,
                  .threads = {}};
        for (thread_slot& s : slots_) h.threads.push_back(s.log->calls());
        h.threads.push_back(std::move(fed_));
        return h;
    }

    // Of a history that did not end: how far each thread came, and what is there.
    [[nodiscard]] std::string lost() {
        std::string text = "did not end: regime " + std::string(name_of(plan_.where)) + ", seed " +
                           std::to_string(plan_.seed) + ", count " + std::to_string(object_.count()) + ", calls ended:";
        for (const thread_slot& s : slots_)
            text += " " + std::to_string(s.log->moved.load()) + (s.log->done.load() ? " (all)" : " (waits)");
        return text + "\n";
    }

  private:
    using waits = common::waits;

    // One stop for one cancellable call. requested_at is set before the first request.
    struct stop_spot {
        std::stop_source source;
        std::atomic<std::int64_t> requested_at{0};
        void request() {
            std::int64_t none = 0;
            requested_at.compare_exchange_strong(none, clock_ns());
            source.request_stop();
        }
    };
    static constexpr std::size_t most_stops = 24;
    using worker = std::conditional_t<in_shared_memory<Subject>, worker_process, worker_thread>;

    struct thread_slot {
        thread_slot(const plan& p, std::size_t t)
            : number(t), own_dice(p.seed * 31 + t), stops(new stop_spot[most_stops]) {}
        std::size_t number;
        dice own_dice;
        shared_memory<worker_log> log;
        std::unique_ptr<stop_spot[]> stops;
        std::size_t stops_used = 0;
        std::atomic<int> stoppable{-1}; // which of the stops the current call listens to
        typename Subject::observer entry;
        bool joined = false;
        worker own;
    };

    [[nodiscard]] bool all_done() const {
        for (const thread_slot& s : slots_)
            if (!s.log->done.load()) return false;
        return true;
    }
    [[nodiscard]] bool somebody_died() const {
        return std::any_of(slots_.begin(), slots_.end(),
                           [](const thread_slot& s) { return s.own.has_ended() && !s.log->done.load(); });
    }

    void work(thread_slot& s) {
        arrived_->fetch_add(1);
        while (arrived_->load() < slots_.size()) std::this_thread::yield();
        for (std::size_t i = 0; i < plan_.calls; ++i) {
            order o = draw_order(plan_, s.own_dice);
            if (!reads_some<Subject> && o.what == act::read) o.argument = 0;
            if constexpr (in_shared_memory<Subject>) {
                if (o.how == manner::queue || (o.how == manner::cancellable && !o.stopped_before))
                    o.how = manner::at_once;
            }
            s.log->add(o.how == manner::queue ? perform_queue(s) : perform(s, o));
            s.log->moved.fetch_add(1, std::memory_order_relaxed);
            if (s.own_dice.one_in(8)) stop_somebody(s.own_dice);
            if (s.own_dice.one_in(5)) std::this_thread::yield();
        }
        if (s.joined) s.log->add(perform_queue(s));
        s.log->done.store(true);
    }

    void stop_somebody(dice& d) {
        thread_slot& s = slots_[d.below(slots_.size())];
        const int which = s.stoppable.load();
        if (which >= 0) s.stops[static_cast<std::size_t>(which)].request();
    }

    // A thread may wait: for a unit, for room, or for a stop. Near the bound only reads help, at zero only writes; a
    // coin alone would write as much as it reads, and the room for three would be rare.
    void feed() {
        stop_somebody(dice_);
        const std::uint64_t count = object_.count();
        const bool read = count > core::ceiling - 1 - most_room || (count > 0 && dice_.one_in(2));
        order o{.what = read ? act::read : act::write, .how = manner::at_once};
        if (!read) o.argument = 1 + dice_.below(2);
        fed_.push_back(perform_now(o));
    }

    template <class Body>
    static void timed(call& c, Body body) {
        c.from = clock_ns();
        after_stamp();
        body();
        c.until = clock_ns();
    }

    // An argument of 0: a read that takes as the mode says.
    void read_or_write(call& c, const waits& how) {
        if (c.what == act::write) {
            c.end = std::errc{object_.write(c.argument, how)};
            return;
        }
        if constexpr (reads_some<Subject>) {
            if (c.argument != 0) {
                c.end = std::errc{object_.read_some(c.value, c.argument, how)};
                return;
            }
        }
        c.end = std::errc{object_.read(c.value, how)};
    }

    call perform_look(act what) {
        call c{.what = what, .how = manner::at_once};
        timed(c, [&] { c.value = what == act::count ? object_.count() : object_.poll(); });
        return c;
    }

    call perform_queue(thread_slot& s) {
        call c{.what = s.joined ? act::read : act::poll, .how = manner::queue};
        if (s.joined)
            timed(c, [&] { c.end = std::errc{object_.unwatch_and_read(s.entry, c.value)}; });
        else
            timed(c, [&] { c.value = object_.watch(s.entry, POLLIN | POLLOUT); });
        s.joined = !s.joined;
        return c;
    }

    call perform_now(const order& o) {
        call c{.what = o.what, .how = o.how, .argument = o.argument};
        const waits how{.when = o.how == manner::blocking ? waits::kind::as_flagged : waits::kind::never};
        switch (o.what) {
        case act::read:
        case act::write: timed(c, [&] { read_or_write(c, how); }); break;
        case act::signal: timed(c, [&] { object_.signal(); }); break;
        case act::count:
        case act::poll: return perform_look(o.what);
        }
        return c;
    }

    call perform(thread_slot& s, order o) {
        if (o.how == manner::cancellable && s.stops_used == most_stops) o.how = manner::at_once;
        if (o.how == manner::timed) return perform_timed(o);
        if (o.how == manner::cancellable) return perform_cancellable(s, o);
        return perform_now(o);
    }

    // A timeout is said by a look after the deadline.
    call perform_timed(const order& o) {
        call c{.what = o.what, .how = o.how, .argument = o.argument};
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(o.timeout_ns);
        timed(c, [&] { read_or_write(c, {.when = waits::kind::always, .deadline = &deadline}); });
        if (c.end == std::errc::timed_out) c.from = std::max(c.from, deadline.time_since_epoch().count());
        return c;
    }

    // A cancellation is said by a look after the stop was requested; without a request it is impossible.
    call perform_cancellable(thread_slot& s, const order& o) {
        call c{.what = o.what, .how = o.how, .argument = o.argument};
        const std::size_t which = s.stops_used++;
        stop_spot& spot = s.stops[which];
        const std::stop_token token = spot.source.get_token();
        if (o.stopped_before) spot.request();
        s.stoppable.store(static_cast<int>(which));
        timed(c, [&] { read_or_write(c, {.when = waits::kind::always, .stop = &token}); });
        s.stoppable.store(-1);
        if (c.end == std::errc::operation_canceled) {
            const std::int64_t requested = spot.requested_at.load();
            c.from = requested == 0 ? INT64_MAX : std::max(c.from, requested);
        }
        return c;
    }

    plan plan_;
    Subject object_;
    std::deque<thread_slot> slots_;
    shared_memory<std::atomic<std::size_t>> arrived_;
    dice dice_;
    std::vector<call> fed_;
};

} // namespace efd::linearize
