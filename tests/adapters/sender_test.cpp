// SPDX-License-Identifier: MIT
// adapters/sender.hpp with the few names of P2300 that it needs, as Debian 12 has no implementation: a receiver is
// given each unit once, and a stop takes none.
#include <concepts>
#include <cstdint>
#include <stop_token>
#include <system_error>
#include <utility>

// The names, as the draft has them: tags, and customisation points that call members.
namespace minimal {
struct sender_t {};
struct operation_state_t {};
struct receiver_t {};
template <class...>
struct completion_signatures {};
inline constexpr struct set_value_t {
    template <class Receiver, class... Values>
    void operator()(Receiver&& to, Values&&... values) const noexcept {
        static_assert(noexcept(std::forward<Receiver>(to).set_value(std::forward<Values>(values)...)));
        std::forward<Receiver>(to).set_value(std::forward<Values>(values)...);
    }
} set_value{};
inline constexpr struct set_error_t {
    template <class Receiver, class Error>
    void operator()(Receiver&& to, Error error) const noexcept {
        std::forward<Receiver>(to).set_error(error);
    }
} set_error{};
inline constexpr struct set_stopped_t {
    template <class Receiver>
    void operator()(Receiver&& to) const noexcept {
        std::forward<Receiver>(to).set_stopped();
    }
} set_stopped{};
inline constexpr struct get_env_t {
    template <class Receiver>
    auto operator()(const Receiver& of) const noexcept {
        return of.get_env();
    }
} get_env{};
inline constexpr struct get_stop_token_t {
    template <class Environment>
    auto operator()(const Environment& of) const noexcept {
        return of.query(*this);
    }
} get_stop_token{};
} // namespace minimal
#define EFD_EXECUTION minimal
#include <efd/adapters/sender.hpp>

#include "adapters/race.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

namespace efd::tests {
namespace {

struct outcome {
    std::uint64_t value = 0;
    std::errc error{};
    bool stopped = false;
    std::atomic<int> times{0};
};
struct receiver {
    struct environment {
        std::stop_token stop;
        [[nodiscard]] std::stop_token query(minimal::get_stop_token_t) const noexcept { return stop; }
    };
    using receiver_concept = minimal::receiver_t;
    outcome* to;
    std::stop_token stop;
    [[nodiscard]] environment get_env() const noexcept { return {stop}; }
    void set_value(std::uint64_t value) && noexcept { to->value = value, ++to->times; }
    void set_error(std::errc error) && noexcept { to->error = error, ++to->times; }
    void set_stopped() && noexcept { to->stopped = true, ++to->times; }
};

static_assert(std::derived_from<efd::senders::read_sender::sender_concept, minimal::sender_t>);
static_assert(std::move_constructible<efd::senders::read_sender>);
static_assert(!std::move_constructible<efd::senders::read_operation<receiver>>);

TEST(sender, connected_it_does_nothing_and_started_it_gives_what_is_written) {
    eventfd object;
    outcome out;
    auto operation = efd::senders::async_read(object).connect(receiver{&out, {}});
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(object.count(), 1U);
    operation.start();
    EXPECT_EQ(out.value, 1U);
    outcome later;
    auto waits = efd::senders::async_read(object).connect(receiver{&later, {}});
    waits.start();
    EXPECT_EQ(later.times, 0);
    EXPECT_EQ(object.write(6), std::errc{});
    EXPECT_EQ(later.value, 6U);
    EXPECT_EQ(later.times, 1);
}

TEST(sender, a_stop_ends_it_and_takes_nothing) {
    eventfd object;
    for (const bool before_start : {false, true}) {
        std::stop_source stop;
        outcome out;
        if (before_start) stop.request_stop();
        auto operation = efd::senders::async_read(object).connect(receiver{&out, stop.get_token()});
        operation.start();
        EXPECT_EQ(out.times, before_start ? 1 : 0);
        stop.request_stop();
        EXPECT_TRUE(out.stopped);
        EXPECT_EQ(out.times, 1);
    }
    EXPECT_TRUE(object.signal());
    EXPECT_EQ(object.count(), 1U);
}

TEST(sender, a_stop_that_races_a_signal_loses_no_unit) {
    eventfd object;
    std::uint64_t taken = 0;
    race writer([&] { (void)object.signal(); });
    for (int round = 0; round < race_rounds / 4; ++round) {
        std::stop_source stop;
        outcome out;
        auto operation = efd::senders::async_read(object).connect(receiver{&out, stop.get_token()});
        operation.start();
        writer.go(round % 64);
        stop.request_stop();
        ASSERT_TRUE(eventually([&] { return out.times == 1; })) << "round " << round;
        writer.join();
        taken += out.value;
        ASSERT_EQ(taken + object.count(), static_cast<std::uint64_t>(round) + 1);
    }
}

} // namespace
} // namespace efd::tests
