// SPDX-License-Identifier: MIT
// adapters/coroutine.hpp: co_await a read of an eventfd.
//
// Header-only; needs nothing but libefd. Owns nothing beyond the awaiting coroutine's frame, but for one small piece of
// memory for each read that is to be resumed on an executor other than the inline one.
//
//     efd::read_result got = co_await efd::async_read(jobs, executor);
//     if (got.error == std::errc{}) use(got.value);
//
// Invariant: every unit that a co_await takes is handed to the coroutine that awaited it, or goes back into the object.
#pragma once

#include <efd/detail/adapters/pending_wait.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace efd::EFD_ABI {

/// Resumes where the read ended: inside the write, signal or stop request that ended it, once that has let go of
/// everything, and after everything else that it caused was handed to its executor. So the coroutine is a callback of
/// the signaller: it runs on that thread and stack, within its locks, and the signaller does not go on before the
/// coroutine suspends. One signal resumes its coroutines one after the other: a coroutine that blocks holds up those
/// behind it. An exception that leaves the coroutine ends the program. What the coroutine signals is resumed inside it,
/// 32 deep; deeper chains go on when the inner ones suspend. For coroutines that are short and do not block; name an
/// executor for any other.
struct inline_executor {
    /// Calls the function.
    template <class F>
    void execute(F what) const {
        what();
    }
};

/// @cond internal
namespace detail {

// Hands a function to an executor: by execute, by post, or by calling it.
template <class Executor, class F>
void run_on(Executor& executor, F what) {
    if constexpr (requires { executor.execute(what); }) {
        executor.execute(what);
    } else if constexpr (requires { executor.post(what); }) {
        executor.post(what);
    } else {
        executor(what);
    }
}

// The function that resumes a coroutine, with the units that it gets. Copyable, as many executors want it; called once.
// If the last copy ends uncalled, or the coroutine ends first, the units go back into the object; a call after the
// coroutine's end does nothing.
class resumption {
  public:
    struct state {
        std::coroutine_handle<> waiter;
        std::optional<taken_units> taken;
        base::atomic<bool> claimed{false}; // by the call, or by the coroutine's end
        // Pairs with called(), and with itself: one of two claims.
        [[nodiscard]] bool claim() noexcept { return !claimed.exchange(true, base::acq_rel); }
    };
    explicit resumption(std::shared_ptr<state> from) noexcept : state_(std::move(from)) {}
    void operator()() const {
        const std::shared_ptr<state> alive = state_;
        if (alive->claim()) alive->waiter.resume();
    }
    [[nodiscard]] bool called() const noexcept { return state_->claimed.load(base::acquire); }

  private:
    std::shared_ptr<state> state_;
};

template <class Executor>
class read_awaiter : private pending_wait {
  public:
    read_awaiter(const eventfd& object, Executor executor, std::stop_token stop)
        : pending_wait(object, intent::take, core::poll_in, &finished, runs_inline ? &core::defer : &core::hand_over),
          executor_(std::move(executor)), stop_(std::move(stop)) {}
    ~read_awaiter() {
        if (const auto sent = sent_.lock(); sent != nullptr && sent->claim()) sent->taken.reset();
    }

    [[nodiscard]] bool await_ready() noexcept { return try_once(); }
    bool await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        if constexpr (!runs_inline) resumes_ = std::make_shared<resumption::state>();
        if (stop_.stop_possible()) on_stop_.emplace(std::move(stop_), canceller{this});
        if (!start()) return true; // this may be gone
        on_stop_.reset();
        return false;
    }
    [[nodiscard]] read_result await_resume() noexcept {
        const auto sent = sent_.lock();
        return sent != nullptr ? sent->taken->hand_over() : result();
    }

  private:
    static constexpr bool runs_inline = std::is_same_v<Executor, inline_executor>;
    struct canceller {
        read_awaiter* owner;
        void operator()() const noexcept { owner->cancel(); }
    };
    // By the thread that ended it, outside of callbacks. After the hand-over this may be gone.
    static void finished(pending_wait& ended) {
        auto& self = static_cast<read_awaiter&>(ended);
        self.on_stop_.reset(); // waits for a cancel that is under way on another thread
        if constexpr (runs_inline) {
            self.waiter_.resume();
        } else {
            self.resumes_->waiter = self.waiter_;
            self.resumes_->taken.emplace(self.object(), self.result());
            self.sent_ = self.resumes_;
            hand_to(std::move(self.executor_), resumption(std::move(self.resumes_)));
        }
    }
    // An executor that throws has dropped the function; unless that was called in place, and the exception is its own.
    static void hand_to(Executor executor, resumption what) {
#ifdef __cpp_exceptions
        const resumption kept = what;
        try {
            run_on(executor, std::move(what));
        } catch (...) {
            if (kept.called()) std::terminate();
        }
#else
        run_on(executor, std::move(what));
#endif
    }

    Executor executor_;
    std::stop_token stop_;
    std::coroutine_handle<> waiter_;
    std::optional<std::stop_callback<canceller>> on_stop_;
    std::shared_ptr<resumption::state> resumes_; // until it is handed to the executor
    std::weak_ptr<resumption::state> sent_;      // from then on
};

} // namespace detail
/// @endcond

/// Reads as eventfd::read: takes the whole count, or one in semaphore mode. If there is something at once the coroutine
/// goes on where it is; else it is resumed on `executor`, a copyable object to which a function is handed by
/// executor.execute(f), executor.post(f) or executor(f), from any thread. If the executor throws, or destroys the
/// function uncalled, the units go back into the object and the coroutine stays suspended. Awaiters are served in the
/// order of their coming. With a stop token: operation_canceled once a stop is requested, unless there was something to
/// take at the last look; nothing was taken then. Else not_enough_memory; and std::bad_alloc is thrown where the
/// executor is not inline_executor. The object lives for as long as it is awaited. Not handler-safe; and while it is
/// awaited the object may not be signalled from signal handlers, as the executor would run there. A coroutine that is
/// awaiting may be destroyed only if no thread signals or cancels meanwhile; one whose function was handed to the
/// executor may be at any time but while the function is called.
///
/// A coroutine that waits keeps no work on an executor but what the executor object itself keeps, which lives until the
/// function was handed over: with asio::prefer(context.get_executor(), asio::execution::outstanding_work.tracked) the
/// context's run() goes on while the coroutine waits, with context.get_executor() it may end. The context lives until
/// the function was handed over; where it may end first, adapters/asio.hpp is the way.
template <class Executor = inline_executor>
[[nodiscard]] detail::read_awaiter<Executor> async_read(const eventfd& object, Executor executor = {},
                                                        const std::stop_token& stop = {}) {
    return {object, std::move(executor), stop};
}

} // namespace efd::EFD_ABI
