// SPDX-License-Identifier: MIT
// adapters/sender.hpp: a read of an eventfd as a sender of P2300 (std::execution of C++26, or stdexec).
//
// Header-only; empty unless the program has senders. With a standard library that has them there is nothing to do; with
// another implementation define EFD_EXECUTION as its namespace, after its header and before this one:
//
//     #include <stdexec/execution.hpp>
//     #define EFD_EXECUTION stdexec
//     #include <efd/adapters/sender.hpp>
//     auto work = efd::senders::async_read(jobs) | stdexec::continues_on(scheduler) | stdexec::then(use);
//
// Owns nothing beyond the operation state that the receiver's side keeps.
// Invariant: every unit that an operation takes is given to its receiver by set_value.
#pragma once

#include <efd/detail/adapters/pending_wait.hpp>

#ifndef EFD_EXECUTION
#include <version>
#ifdef __cpp_lib_senders
#include <execution>
#define EFD_EXECUTION std::execution
#define EFD_EXECUTION_IS_OF_STD
#endif
#endif

#ifdef EFD_EXECUTION

#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace efd::EFD_ABI::senders {

/// @cond internal
namespace names {
using namespace EFD_EXECUTION;
#ifdef EFD_EXECUTION_IS_OF_STD
using std::get_stop_token;
#endif
} // namespace names

template <class Receiver>
class read_operation : private efd::detail::pending_wait {
  public:
    using operation_state_concept = names::operation_state_t;

    read_operation(const eventfd& object, Receiver receiver)
        : pending_wait(object, intent::take, core::poll_in, &finished, &core::defer), receiver_(std::move(receiver)) {}

    void start() & noexcept {
        if (try_once()) return complete();
        auto token = names::get_stop_token(names::get_env(receiver_));
        if (token.stop_possible()) on_stop_.emplace(std::move(token), canceller{this});
        if (!pending_wait::start()) return; // this may be gone
        on_stop_.reset();
        complete();
    }

  private:
    struct canceller {
        read_operation* owner;
        void operator()() const noexcept { owner->cancel(); }
    };
    using stop_token_of =
        std::decay_t<decltype(names::get_stop_token(names::get_env(std::declval<const Receiver&>())))>;
    template <class Token, class = void>
    struct callback_of {
        using type = std::stop_callback<canceller>;
    };
    template <class Token>
    struct callback_of<Token, std::void_t<typename Token::template callback_type<canceller>>> {
        using type = typename Token::template callback_type<canceller>;
    };

    // By the thread that ended it, outside of callbacks.
    static void finished(efd::detail::pending_wait& ended) {
        auto& self = static_cast<read_operation&>(ended);
        self.on_stop_.reset(); // waits for a cancel that is under way on another thread
        self.complete();
    }
    void complete() noexcept { // last touch
        const read_result got = result();
        if (got.error == std::errc{}) return names::set_value(std::move(receiver_), got.value);
        if (got.error == std::errc::operation_canceled) return names::set_stopped(std::move(receiver_));
        names::set_error(std::move(receiver_), got.error);
    }

    Receiver receiver_;
    std::optional<typename callback_of<stop_token_of>::type> on_stop_;
};

/// @endcond

/// What async_read gives, to be connected to a receiver.
class read_sender {
  public:
    using sender_concept = names::sender_t; ///< P2300's.
    /// set_value(std::uint64_t), set_error(std::errc), set_stopped().
    using completion_signatures = names::completion_signatures<names::set_value_t(std::uint64_t),
                                                               names::set_error_t(std::errc), names::set_stopped_t()>;

    /// As async_read.
    explicit read_sender(const eventfd& object) noexcept : object_(object.duplicate()) {}
    /// The operation, to be started.
    template <class Receiver>
    [[nodiscard]] read_operation<Receiver> connect(Receiver receiver) const {
        return {object_, std::move(receiver)};
    }

  private:
    eventfd object_;
};

/// Reads as eventfd::read: set_value gets the whole count, or one in semaphore mode. set_stopped once the receiver's
/// stop token says so, unless there was something to take at the last look; nothing was taken then. set_error:
/// not_enough_memory. Readers are served in the order of their start. Completes within start(), or inside the write,
/// signal or stop request that ended it, as efd::inline_executor resumes: continues_on takes it to a scheduler. Not
/// handler-safe; and while an operation waits its object may not be signalled from signal handlers.
[[nodiscard]] inline read_sender async_read(const eventfd& object) { return read_sender(object); }

} // namespace efd::EFD_ABI::senders

#endif
