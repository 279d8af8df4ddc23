// tests/core/settings_test.cpp: what can be set on an object that lives, and from when on it holds.
#include <efd/eventfd.hpp>

#include "core/linger_rules.hpp"
#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <deque>
#include <sched.h>
#include <string>
#include <vector>

namespace {

using efd::eventfd;
using efd::core::ceiling;
using efd::tests::called_entry;
using efd::tests::observed_thread;

TEST(settings, nonblock_holds_for_the_next_call_and_not_for_one_that_sleeps) {
    eventfd object;
    observed_thread reader([&] {
        std::uint64_t value = 0;
        EXPECT_EQ(object.read(value), std::errc{});
        EXPECT_EQ(value, 3U);
    });
    ASSERT_TRUE(reader.seen_asleep());
    object.set_nonblock(true);
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value), std::errc::resource_unavailable_try_again);
    EXPECT_FALSE(reader.done());
    EXPECT_EQ(object.write(3), std::errc{});
    ASSERT_TRUE(reader.seen_done());

    EXPECT_EQ(object.write(ceiling - 1), std::errc{});
    EXPECT_EQ(object.write(1), std::errc::resource_unavailable_try_again);
    object.set_nonblock(false);
    observed_thread writer([&] { EXPECT_EQ(object.write(1), std::errc{}); });
    ASSERT_TRUE(writer.seen_asleep());
    EXPECT_EQ(object.read(value), std::errc{});
    EXPECT_EQ(value, ceiling - 1);
    ASSERT_TRUE(writer.seen_done());
    EXPECT_EQ(object.count(), 1U);
}

TEST(settings, the_environment_says_off_auto_or_microseconds) {
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
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(cpu, &here);
    ::sched_setaffinity(0, sizeof here, &here);
}

// Who was woken from another processor looks before it sleeps: in vain, when nothing comes in that time, or not.
TEST(settings, a_reader_that_lingers_takes_what_comes_early_and_sleeps_for_what_comes_late) {
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

// A queue is made by whoever adds the first entry; of two who do so at once both must be served.
TEST(settings, two_first_entries_at_once_join_one_queue) {
    constexpr int rounds = 2000;
    std::deque<eventfd> objects(rounds); // all alive, so that each has a slot, and a queue, of its own
    std::deque<called_entry> entries;
    std::atomic<int> calls{0};
    for (int i = 0; i < 2 * rounds; ++i)
        entries.emplace_back([&calls](std::uint32_t) { return calls.fetch_add(1), 0; }, efd::core::poll_in);
    std::barrier<> both(2);
    const auto add_all = [&](std::size_t which) {
        for (std::size_t i = 0; i < rounds; ++i) {
            std::uint32_t ready = 0;
            both.arrive_and_wait();
            EXPECT_EQ(objects[i].add_wait_queue(entries[2 * i + which], ready), std::errc{});
        }
    };
    {
        observed_thread one([&] { add_all(0); });
        observed_thread other([&] { add_all(1); });
        ASSERT_TRUE(one.seen_done());
        ASSERT_TRUE(other.seen_done());
    }
    for (eventfd& object : objects) (void)object.write(1);
    EXPECT_EQ(calls.load(), 2 * rounds);
    for (std::size_t i = 0; i < 2 * rounds; ++i) EXPECT_EQ(objects[i / 2].remove_wait_queue(entries[i]), std::errc{});
}

} // namespace
