// SPDX-License-Identifier: MIT
// The handle and its forms: what it says of itself, and that every form of a wait keeps to the one with options.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto cancelled = std::errc::operation_canceled;

TEST(handle, says_whether_it_means_an_object_and_which) {
    eventfd a;
    const eventfd b;
    const eventfd again = a.duplicate();
    EXPECT_TRUE(a);
    EXPECT_EQ(a, again);
    EXPECT_NE(a, b);
    const eventfd moved = std::move(a);
    EXPECT_FALSE(a); // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved)
    EXPECT_EQ(moved, again);
    EXPECT_NE(a, moved);
    static_assert(!std::is_convertible_v<eventfd, bool> && std::is_constructible_v<bool, eventfd>);
    static_assert((flags::nonblock & (flags::nonblock | flags::semaphore)) == flags::nonblock &&
                  (flags::nonblock & flags::semaphore) == flags::none);
}

TEST(handle, comes_from_c_and_goes_there) {
    const eventfd object = eventfd::from_c(efd_create(3, 0));
    EXPECT_EQ(efd_count(object.as_c()), 3U);
    const eventfd again = eventfd::from_c(efd_get(object.as_c()));
    EXPECT_EQ(again, object);
    ASSERT_EQ(efd_write(again.as_c(), 2), 0);
    EXPECT_EQ(object.count(), 5U);
    const eventfd none = eventfd::from_c(nullptr);
    EXPECT_FALSE(none);
    EXPECT_EQ(none.as_c(), nullptr);
    efd_t* kept = nullptr;
    {
        const eventfd passing(7);
        kept = efd_get(passing.as_c());
    }
    EXPECT_EQ(efd_count(kept), 7U) << "a reference of its own";
    efd_put(kept);
}

TEST(handle, the_process_is_asked_in_cpp_too) {
    EXPECT_EQ(efd::renew_descriptors(), std::errc{});
    const std::uint64_t before = efd::system_calls();
    EXPECT_EQ(efd_system_calls(), before);
    EXPECT_EQ(eventfd().read({.deadline = steady_clock::now() + 1ms}).error, std::errc::timed_out);
    EXPECT_GT(efd::system_calls(), before);
}

TEST(handle, max_is_the_most_that_a_write_can_bring) {
    const eventfd object;
    static_assert(eventfd::max() == EFD_COUNT_MAX);
    EXPECT_EQ(object.write(eventfd::max()), std::errc{});
    EXPECT_EQ(object.try_write(1), eagain);
    EXPECT_EQ(object.count(), eventfd::max());
    EXPECT_EQ(object.try_read(), (efd::read_result{std::errc{}, eventfd::max()}));
    EXPECT_EQ(object.write(eventfd::max() + 1), std::errc::invalid_argument);
}

TEST(handle, a_read_gives_its_value_in_the_result) {
    const eventfd object(7);
    const auto [error, value] = object.read();
    EXPECT_EQ(error, std::errc{});
    EXPECT_EQ(value, 7U);
    EXPECT_EQ(object.try_read(), (efd::read_result{eagain, 0}));
    EXPECT_FALSE(object.try_read());
    ASSERT_EQ(object.write(5), std::errc{});
    EXPECT_EQ(object.read_some(2), (efd::read_result{std::errc{}, 2}));
    EXPECT_TRUE(object.read_some(3));
    EXPECT_EQ(object.read({.deadline = steady_clock::now()}).error, std::errc::timed_out);
    EXPECT_EQ(object.read_some(0).error, std::errc::invalid_argument);
}

TEST(handle, options_and_short_forms_end_alike) {
    const eventfd empty;
    const eventfd full(eventfd::max());
    std::stop_source stopped;
    stopped.request_stop();
    const std::stop_token stop = stopped.get_token();
    std::uint64_t value = 77;
    const auto ends_as = [&](std::errc wanted, const auto&... how) {
        EXPECT_EQ(empty.read(value, how...), wanted);
        EXPECT_EQ(empty.read_some(value, 3, how...), wanted);
        EXPECT_EQ(full.write(1, how...), wanted);
    };
    ends_as(cancelled, stop);
    ends_as(cancelled, wait_options{.stop = stop});
    ends_as(cancelled, wait_options{.deadline = steady_clock::now() + 1h, .stop = stop});
    ends_as(std::errc::timed_out, wait_options{.deadline = steady_clock::now()});
    ends_as(std::errc::timed_out, wait_options{.deadline = {}, .blocking = blocking::always});
    ends_as(eagain, wait_options{.stop = stop, .blocking = blocking::never});
    EXPECT_EQ(empty.read_for(value, 1h, stop), cancelled);
    EXPECT_EQ(empty.read_some_for(value, 3, 1h, stop), cancelled);
    EXPECT_EQ(full.write_for(1, 1h, stop), cancelled);
    EXPECT_EQ(empty.read_for(value, 0ns, std::stop_token{}), std::errc::timed_out);
    EXPECT_EQ(value, 77U);
}

TEST(handle, a_stop_token_leaves_it_to_the_flags_whether_to_sleep) {
    const eventfd empty(0, flags::nonblock);
    const eventfd full(eventfd::max(), flags::nonblock);
    const std::stop_source nobody_stops;
    const std::stop_token stop = nobody_stops.get_token();
    std::uint64_t value = 0;
    EXPECT_TRUE(empty.nonblock());
    EXPECT_EQ(empty.read(value, stop), eagain);
    EXPECT_EQ(empty.read_some(value, 2, stop), eagain);
    EXPECT_EQ(full.write(1, stop), eagain);
    EXPECT_EQ(empty.read({.stop = stop}).error, eagain);
    EXPECT_EQ(empty.read({.deadline = steady_clock::now(), .blocking = blocking::always}).error, std::errc::timed_out);
    EXPECT_EQ(empty.read_until(value, steady_clock::now()), std::errc::timed_out) << "names its own time";
    empty.set_nonblock(false);
    EXPECT_FALSE(empty.nonblock());
    std::stop_source source;
    observed_thread reader([&] { EXPECT_EQ(empty.read(value, source.get_token()), cancelled); });
    ASSERT_TRUE(reader.seen_asleep());
    source.request_stop();
    ASSERT_TRUE(reader.seen_done());
}

TEST(handle, options_in_c_are_those_of_cpp) {
    efd_t* const object = efd_create(0, EFD_NONBLOCK);
    efd_wait_options how = EFD_WAIT_OPTIONS_INIT;
    std::uint64_t value = 0;
    EXPECT_EQ(efd_read_with(object, &value, &how), -1);
    EXPECT_EQ(errno, EAGAIN);
    how.blocking = EFD_BLOCKING_ALWAYS;
    how.deadline_ns = 0;
    EXPECT_EQ(efd_read_with(object, &value, &how), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    EXPECT_EQ(efd_write_with(object, 3, nullptr), 0);
    EXPECT_EQ(efd_read_some_with(object, &value, 2, &how), 0);
    EXPECT_EQ(value, 2U);
    EXPECT_EQ(efd_read_with(object, &value, &how), 0);
    EXPECT_EQ(value, 1U);
    EXPECT_EQ(efd_version(), unsigned{EFD_VERSION_NUMBER});
    efd_put(object);
}

TEST(handle, no_function_of_c_throws) {
    std::uint64_t value = 0;
    static_assert(noexcept(efd_read(nullptr, &value)) && noexcept(efd_create(0, 0)) && noexcept(efd_put(nullptr)) &&
                  noexcept(efd_wait_set_wait_all(nullptr, nullptr, 0, 0)) && noexcept(efd_fd_close(0)));
    EXPECT_EQ(value, 0U);
}

} // namespace
} // namespace efd::tests
