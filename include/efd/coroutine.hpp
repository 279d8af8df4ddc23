// efd/coroutine.hpp: co_await a read of an eventfd.
//
// Header-only; needs nothing but libefd. Owns nothing beyond the awaiting coroutine's frame.
//
//     efd::read_result got = co_await efd::async_read(jobs, executor);
//     if (got.error == std::errc{}) use(got.value);
//
// Invariant: every unit that a co_await takes is handed to the coroutine that awaited it.
#pragma once

#include <efd/pending_wait.hpp>

#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

namespace efd {

// Resumes where the read ended: inside the signaller's write or signal, once it has let go of everything.
struct inline_executor {
    template <class F>
    void execute(F what) const {
        what();
    }
};

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

template <class Executor>
class read_awaiter : private pending_wait {
  public:
    read_awaiter(const eventfd& object, Executor executor, std::stop_token stop)
        : pending_wait(object, intent::take, core::poll_in, &finished), executor_(std::move(executor)),
          stop_(std::move(stop)) {}

    [[nodiscard]] bool await_ready() noexcept { return attempt(); }
    bool await_suspend(std::coroutine_handle<> waiter) noexcept {
        waiter_ = waiter;
        if (stop_.stop_possible()) on_stop_.emplace(std::move(stop_), canceller{this});
        if (!start()) return true; // this may be gone
        on_stop_.reset();
        return false;
    }
    [[nodiscard]] read_result await_resume() const noexcept { return result(); }

  private:
    struct canceller {
        read_awaiter* owner;
        void operator()() const noexcept { owner->cancel(); }
    };
    // By whoever ended it, outside of callbacks. After the hand-over this may be gone.
    static void finished(pending_wait& ended) {
        auto& self = static_cast<read_awaiter&>(ended);
        self.on_stop_.reset(); // waits for a cancel that is under way on another thread
        const std::coroutine_handle<> waiter = self.waiter_;
        Executor executor = std::move(self.executor_);
        run_on(executor, waiter);
    }

    Executor executor_;
    std::stop_token stop_;
    std::coroutine_handle<> waiter_;
    std::optional<std::stop_callback<canceller>> on_stop_;
};

// Reads as eventfd::read: takes the whole count, or one in semaphore mode. If there is something at once the coroutine
// goes on where it is; else it is resumed on `executor`, a copyable object to which a function is handed by
// executor.execute(f), executor.post(f) or executor(f), from any thread and without an exception. Awaiters are served
// in the order of their coming. With a stop token: operation_canceled once a stop is requested, unless there was
// something to take at the last look; nothing was taken then. Else not_enough_memory. The object lives for as long as
// it is awaited. Not handler-safe; and while it is awaited the object may not be signalled from signal handlers, as the
// executor would run there. A coroutine that is awaiting may be destroyed only if nobody signals or cancels meanwhile.
template <class Executor = inline_executor>
[[nodiscard]] read_awaiter<Executor> async_read(const eventfd& object, Executor executor = {},
                                                const std::stop_token& stop = {}) {
    return {object, std::move(executor), stop};
}

} // namespace efd
