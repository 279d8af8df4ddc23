// SPDX-License-Identifier: MIT
// Linger: the rules are static_asserts in core/linger_rules.hpp; here is what a caller sees. No test reads the clock.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "core/linger_rules.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <sched.h>
#include <string>
#include <vector>

namespace {

using efd::eventfd;
using efd::tests::observed_thread;

TEST(linger, a_lingering_reader_still_sleeps_and_is_still_woken) {
    for (const efd::linger how :
         {efd::linger::off(), efd::linger::automatic(), efd::linger(std::chrono::microseconds(20))}) {
        eventfd object;
        eventfd back;
        object.set_linger(how);
        back.set_linger(how);
        observed_thread peer([&] {
            for (std::uint64_t i = 1; i <= 2000; ++i) {
                std::uint64_t value = 0;
                if (object.read(value) != std::errc{} || value != i) return;
                (void)back.write(i);
            }
        });
        for (std::uint64_t i = 1; i <= 2000; ++i) {
            if (i % 500 == 0) {
                ASSERT_TRUE(peer.seen_asleep()); // however it lingers, in the end it sleeps
            }
            std::uint64_t value = 0;
            ASSERT_EQ(object.write(i), std::errc{});
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

TEST(linger, the_environment_says_off_auto_or_microseconds) {
    const auto parsed = [](const std::string& text) { return efd::core::parse_linger(text.c_str()); };
    EXPECT_EQ(efd::core::parse_linger(nullptr), 0);
    for (const char* off : {"", "off", "aut", "autos", "-1", "1000001", "99999999999999999999", "7us", " 7"})
        EXPECT_EQ(parsed(off), 0) << '"' << off << '"';
    EXPECT_EQ(parsed("auto"), -1);
    EXPECT_EQ(parsed("0"), 0);
    EXPECT_EQ(parsed("20"), 20);
    EXPECT_EQ(parsed("1000000"), 1'000'000);
}

// The processors this process may run on.
std::vector<std::size_t> processors() {
    cpu_set_t allowed;
    std::vector<std::size_t> found;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return found;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &allowed)) found.push_back(cpu);
    return found;
}

void stay_on(std::size_t cpu) {
    cpu_set_t one_cpu;
    CPU_ZERO(&one_cpu);
    CPU_SET(cpu, &one_cpu);
    ::sched_setaffinity(0, sizeof one_cpu, &one_cpu);
}

// Who was woken from another processor looks before it sleeps: in vain, when nothing comes in that time, or not.
TEST(linger, a_reader_that_lingers_takes_what_comes_early_and_sleeps_for_what_comes_late) {
    const std::vector<std::size_t> cpus = processors();
    if (cpus.size() < 2) GTEST_SKIP() << "needs two processors";
    for (const efd::linger how : {efd::linger::automatic(), efd::linger(std::chrono::microseconds(20)),
                                  efd::linger(std::chrono::milliseconds(20))}) {
        constexpr std::uint64_t late = 12;
        constexpr std::uint64_t early = 200;
        eventfd object;
        eventfd back;
        object.set_linger(how);
        observed_thread reader([&] {
            stay_on(cpus[0]);
            for (std::uint64_t i = 1; i <= late + early; ++i) {
                std::uint64_t value = 0;
                EXPECT_EQ(object.read(value), std::errc{});
                EXPECT_EQ(value, i);
                EXPECT_EQ(back.write(1), std::errc{});
            }
        });
        observed_thread writer([&] {
            stay_on(cpus[1]);
            for (std::uint64_t i = 1; i <= late + early; ++i) {
                std::uint64_t value = 0;
                if (i <= late) {
                    EXPECT_TRUE(reader.seen_asleep());
                }
                EXPECT_EQ(object.write(i), std::errc{});
                EXPECT_EQ(back.read(value), std::errc{});
            }
        });
        ASSERT_TRUE(writer.seen_done());
        ASSERT_TRUE(reader.seen_done());
    }
}

} // namespace
