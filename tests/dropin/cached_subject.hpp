// SPDX-License-Identifier: MIT
// tests/dropin/cached_subject.hpp: a kernel's eventfd under the drop-in, in the shape that the recorder works on.
//
// Its first reader promotes it at once, and a later write may demote it. Reads that take cached units, and flushes, run
// one at a time: two at once may divide a count, which the explorer checks. signal() is a write that the drop-in does
// not see. Deadlines, stops and entries, which the kernel's object lacks, are made of other calls.
#pragma once

#include "common/breakable_eventfd.hpp"
#include "known_eventfd.hpp"

#include <efd/detail/core/count.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <sys/uio.h>
#include <thread>

namespace efd::dropin {

void give_way();

// none: as it is. divides: takes from the kernel uncounted, and the cached units after it. reads_around: takes from the
// kernel and does not know of cached units. (Caching beside nothing ends in sleep, not in a wrong order: that is the
// model's and cached_threads_test's to find.)
enum class fault : unsigned char { none, divides, reads_around };

template <fault is>
class cached_subject {
  public:
    struct observer {};
    using waits = common::waits;

    cached_subject(std::uint64_t initial, unsigned flags)
        : it_(static_cast<int>(flags), static_cast<unsigned>(initial)),
          last_change_(20 + static_cast<unsigned>(initial * 7) % 60) {
        it_.slot().useful.store(useful_enough, base::relaxed);
        it_.slot().reads.store(reads_enough, base::relaxed);
        if constexpr (is != fault::none) (void)it_.promote_now();
    }

    // There is always room, so only a read may have to wait.
    int read(std::uint64_t& value, const waits& how) {
        if constexpr (is != fault::none) return mistake(value);
        if (how.when == waits::kind::as_flagged) return read_as_flagged(value);
        for (;;) {
            const bool stopped = how.stop != nullptr && how.stop->stop_requested();
            const bool late = how.deadline != nullptr && std::chrono::steady_clock::now() >= *how.deadline;
            const int error = try_read(value);
            if (error != EAGAIN || how.when == waits::kind::never) return error;
            if (stopped) return ECANCELED;
            if (late) return ETIMEDOUT;
            std::this_thread::yield();
        }
    }
    int write(std::uint64_t n, const waits& /*how*/) {
        change();
        const ssize_t done = write_value(it_.slot(), it_.fd(), &n, sizeof n, [&](const void* from) {
            give_way();
            const ssize_t moved = ::write(it_.fd(), from, sizeof n);
            give_way();
            return moved;
        });
        return done == 8 ? 0 : errno;
    }
    void signal() { it_.write_unseen(1); }

    // What fdinfo says, and what is cached beside it, at a moment without a call between the two.
    std::uint64_t count() {
        for (;;) {
            const std::scoped_lock alone(one_at_a_time_);
            const cached_word before = it_.word();
            const std::uint64_t found = it_.kernel_count();
            if (it_.word() == before) return found + units_of(before);
        }
    }
    unsigned poll() {
        pollfd asked{it_.fd(), POLLIN | POLLOUT, 0};
        (void)::poll(&asked, 1, 0);
        return static_cast<unsigned>(asked.revents);
    }
    unsigned watch(observer& /*unused*/, unsigned /*mask*/) { return poll(); }
    int unwatch_and_read(observer& /*unused*/, std::uint64_t& value) { return read(value, {waits::kind::never}); }

  private:
    int try_read(std::uint64_t& value) {
        std::uint64_t got = 0;
        const iovec place{&got, sizeof got};
        const ssize_t end = read_one(got, [&] { return ::preadv2(it_.fd(), &place, 1, -1, RWF_NOWAIT); });
        return result_of(end, got, value);
    }
    int read_as_flagged(std::uint64_t& value) {
        std::uint64_t got = 0;
        const ssize_t end = read_one(got, [&] { return ::read(it_.fd(), &got, sizeof got); });
        return result_of(end, got, value);
    }
    template <class Ask>
    ssize_t read_one(std::uint64_t& got, Ask ask) {
        std::unique_lock alone(one_at_a_time_);
        return read_value(it_.slot(), it_.fd(), &got, sizeof got, [&] {
            alone.unlock();
            give_way();
            const ssize_t moved = ask();
            const int why = errno;
            give_way();
            alone.lock();
            errno = why;
            return moved;
        });
    }
    // A step of a mistaken kind; what the word was.
    template <class Change>
    cached_word step(Change change_word) {
        cached_word word = it_.word();
        while (!it_.slot().word.compare_exchange_weak(word, change_word(word), base::acq_rel, base::acquire)) {
        }
        return word;
    }
    static int result_of(ssize_t end, std::uint64_t got, std::uint64_t& value) {
        if (end != 8) return errno;
        value = got;
        return 0;
    }
    int mistake(std::uint64_t& value) {
        const std::int64_t got = it_.read_unseen();
        give_way();
        std::uint64_t cached = 0;
        if constexpr (is == fault::divides)
            cached = units_of(step([](cached_word w) { return without_units(w) & ~filled_mark; }));
        if (got < 0 && cached == 0) return EAGAIN;
        value = cached + static_cast<std::uint64_t>(std::max<std::int64_t>(got, 0));
        return 0;
    }
    void change() {
        const unsigned number = changes_.fetch_add(1, std::memory_order_relaxed);
        if (is != fault::none || number != last_change_ || last_change_ % 3 != 0) return;
        const std::scoped_lock alone(one_at_a_time_);
        it_.demote_now();
    }

    known_eventfd it_;
    std::mutex one_at_a_time_;
    std::atomic<unsigned> changes_{0};
    unsigned last_change_;
};

} // namespace efd::dropin
