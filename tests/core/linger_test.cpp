// Linger: the rules are static_asserts in core/linger_rules.hpp; here is what a caller sees. No test reads the clock.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/waiting.hpp"

#include <gtest/gtest.h>

namespace {

using efd::eventfd;
using efd::tests::observed_thread;

TEST(linger, a_lingering_reader_still_sleeps_and_is_still_woken) {
    for (const efd::linger how :
         {efd::linger::off(), efd::linger::automatic(), efd::linger(std::chrono::microseconds(20))}) {
        eventfd there;
        eventfd back;
        there.set_linger(how);
        back.set_linger(how);
        observed_thread peer([&] {
            for (std::uint64_t i = 1; i <= 2000; ++i) {
                std::uint64_t value = 0;
                if (there.read(value) != std::errc{} || value != i) return;
                (void)back.write(i);
            }
        });
        for (std::uint64_t i = 1; i <= 2000; ++i) {
            if (i % 500 == 0) {
                ASSERT_TRUE(peer.seen_asleep()); // however it lingers, in the end it sleeps
            }
            std::uint64_t value = 0;
            ASSERT_EQ(there.write(i), std::errc{});
            ASSERT_EQ(back.read(value), std::errc{});
            ASSERT_EQ(value, i);
        }
        ASSERT_TRUE(peer.seen_done());
    }
}

TEST(linger, settings_are_checked_at_the_border) {
    efd_t* const object = efd_create(0, 0);
    EXPECT_EQ(efd_set_linger(object, EFD_LINGER_OFF), 0);
    EXPECT_EQ(efd_set_linger(object, EFD_LINGER_AUTO), 0);
    EXPECT_EQ(efd_set_linger(object, 1'000'000), 0);
    for (const long wrong : {-2L, 1'000'001L}) {
        EXPECT_EQ(efd_set_linger(object, wrong), -1);
        EXPECT_EQ(errno, EINVAL);
    }
    efd_put(object);
    eventfd in_cpp;
    using namespace std::chrono_literals;
    for (const efd::linger right : {efd::linger::off(), efd::linger::automatic(), efd::linger(0us), efd::linger(1s),
                                    efd::linger(1ns), efd::linger(std::chrono::duration<double>(0.5))})
        EXPECT_EQ(in_cpp.set_linger(right), std::errc{});
    for (const efd::linger wrong : {efd::linger(-1us), efd::linger(1'000'001us), efd::linger(std::chrono::hours::max()),
                                    efd::linger(std::chrono::nanoseconds::min())})
        EXPECT_EQ(in_cpp.set_linger(wrong), std::errc::invalid_argument);
}

} // namespace
