// SPDX-License-Identifier: MIT
// adapters/pending_wait.hpp: one asynchronous wait for an object, the ground of the coroutine and the Asio adapter.
//
// Owns an entry of the object's wait queue and a reference to the object. It ends exactly once: by taking (or, if it
// only looks, by finding what it looks for), cancelled, or failed. The take is made inside the entry's callback, which
// runs with the queue held, and a cancel leaves the queue first: so the one that finds the entry in the queue decides,
// and no unit is taken by a wait that says it was cancelled. A taker that leaves units behind has the next one asked,
// so one write of n wakes n. The callback is handed over to core::defer or core::hand_over before anything of the
// user's runs: `finished` is called by the thread that signalled, or cancelled, but never inside a callback, and never
// while a queue is held. Invariant: parties_ counts the calls that will still look at this: the one that starts it, the
// one that ends it, and a deferred cancel.
#pragma once

#include <efd/detail/base/atomic.hpp>
#include <efd/eventfd.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace efd::EFD_ABI::detail {

// Units that were taken for a reader and not handed over yet; if they never are, they go back into the object.
class taken_units {
  public:
    taken_units(const eventfd& from, const read_result& result) : from_(from.duplicate()), result_(result) {}
    taken_units(taken_units&&) noexcept = default;
    taken_units& operator=(taken_units&&) = delete;
    ~taken_units() {
        if (from_ && result_ && result_.value != 0) (void)from_.try_write(result_.value);
    }
    [[nodiscard]] read_result hand_over() noexcept { return std::exchange(result_, {}); }

  private:
    eventfd from_;
    read_result result_;
};

class pending_wait : private wait_queue_entry {
  public:
    enum class intent : unsigned char { take, look };
    using function = void (*)(pending_wait& ended);
    using deferral = void (*)(deferred_work& work) noexcept;

    // Waits for one of `events` (POLLIN, POLLOUT). `finished` is called once if start said false; it may destroy this.
    // core::defer as the last argument says that `finished` runs code of the user's, core::hand_over that it does not.
    pending_wait(const eventfd& object, intent what, std::uint32_t events, function finished,
                 deferral by = &core::hand_over) noexcept
        : object_(object.duplicate()), finished_(finished), put_off_(by), what_(what) {
        callback = &on_wake;
        mask = events;
        exclusive = what == intent::take;
    }
    // While it waits only if no thread can end it at the same time, and outside of callbacks; else the program stops,
    // as a unit would be lost.
    ~pending_wait() {
        if (started_ && parties_.load(base::acquire) != 0 && object_.remove_wait_queue(*this) != std::errc{})
            std::terminate();
    }
    pending_wait(const pending_wait&) = delete;
    pending_wait& operator=(const pending_wait&) = delete;

    // One look, without waiting. True: result() holds.
    [[nodiscard]] bool try_once() noexcept {
        if (what_ == intent::look) return (object_.poll() & mask) != 0;
        return object_.try_read(result_.value) == std::errc{};
    }

    // True: it is over already, result() holds, `finished` is not called. False: it waits; this may be gone. Not
    // handler-safe. Inside a callback the start is put off until that returned.
    [[nodiscard]] bool start() noexcept {
        started_ = true;
        if (signal_allowed()) {
            join();
            return leave_parties();
        }
        put_off(work_, [](deferred_work& work) {
            pending_wait& self = *static_cast<owned_work&>(work).owner;
            self.join();
            self.finish_if_last();
        });
        return false;
    }

    // Ends it with operation_canceled, unless there was something at the last look. From any thread, also inside
    // callbacks, and when it is over; the caller sees to it that this is alive until the call returned.
    void cancel() noexcept {
        cancel_.fetch_or(asked, base::acq_rel); // PENDING_CANCEL, ask
        if (signal_allowed()) return withdraw();
        if ((cancel_.fetch_or(put_off_mark, base::acq_rel) & put_off_mark) != 0) return; // PENDING_CANCEL, put off
        if (!join_parties()) return;
        put_off(cancel_work_, [](deferred_work& work) {
            pending_wait& self = *static_cast<owned_work&>(work).owner;
            self.withdraw();
            self.finish_if_last();
        });
    }

    [[nodiscard]] const read_result& result() const noexcept { return result_; }
    [[nodiscard]] eventfd& object() noexcept { return object_; }

  private:
    static constexpr std::uint32_t asked = 1;
    static constexpr std::uint32_t put_off_mark = 2;

    struct owned_work : deferred_work {
        pending_wait* owner = nullptr;
    };

    void put_off(owned_work& work, deferred_work::function what) noexcept {
        work.owner = this;
        work.callback = what;
        put_off_(work);
    }

    // Into the queue, and out of it again if there is something, or a cancel that could not find us there.
    void join() noexcept {
        for (;;) {
            std::uint32_t ready = 0;
            if (const auto end = object_.add_wait_queue(*this, ready); end != std::errc{}) return end_here(end);
            // PENDING_CANCEL, look: a step like the request's own, so that one of the two sees the other.
            const bool cancelled = cancel_.fetch_or(0, base::acq_rel) != 0;
            if ((ready & mask) == 0 && !cancelled) return;
            if (object_.remove_wait_queue(*this) != std::errc{}) return; // another has decided
            if (try_once()) return end_here(std::errc{});
            if (cancelled) return end_here(std::errc::operation_canceled);
        }
    }
    // Ends it from within start, whose caller looks at it.
    void end_here(std::errc end) noexcept {
        result_.error = end;
        (void)leave_parties(); // not the last: the call that started it still looks
    }

    void withdraw() noexcept {
        if (object_.remove_wait_queue(*this) != std::errc{}) return; // over, or join will see the request
        result_.error = try_once() ? std::errc{} : std::errc::operation_canceled;
        finish_if_last();
    }

    // Runs with the queue held. The result says whether the next taker need not be asked.
    static int on_wake(wait_queue_entry& entry, std::uint32_t) {
        auto& self = static_cast<pending_wait&>(entry);
        if (!self.try_once()) return 0;
        (void)self.object_.remove_wait_queue(entry); // this thread holds the queue: done at once
        const bool nothing_left = self.object_.count() == 0;
        self.put_off(self.work_, [](deferred_work& work) { static_cast<owned_work&>(work).owner->finish_if_last(); });
        return nothing_left ? 1 : 0;
    }

    // Pairs with itself in another party: the last one sees what all have written.
    [[nodiscard]] bool leave_parties() noexcept { return parties_.fetch_sub(1, base::acq_rel) == 1; }
    void finish_if_last() noexcept {
        if (leave_parties()) finished_(*this);
    }
    [[nodiscard]] bool join_parties() noexcept {
        std::uint32_t parties = parties_.load(base::relaxed);
        while (parties != 0) {
            // Pairs with leave_parties().
            if (parties_.compare_exchange_weak(parties, parties + 1, base::acq_rel, base::relaxed)) return true;
        }
        return false;
    }

    eventfd object_;
    function finished_;
    deferral put_off_;
    read_result result_;
    owned_work work_;
    owned_work cancel_work_;
    base::atomic<std::uint32_t> parties_{2};
    base::atomic<std::uint32_t> cancel_{0};
    bool started_ = false;
    intent what_;
};

} // namespace efd::EFD_ABI::detail
