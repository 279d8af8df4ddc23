// SPDX-License-Identifier: MIT
// The descriptor in every kind of event loop: level and armed, for those who read and for those who wait for room.
#include "support/waiting.hpp"
#include "watch/loops.hpp"

#include <efd/eventfd.hpp>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace efd::tests {
namespace {

constexpr std::uint64_t largest = UINT64_MAX - 1;

// A way to watch: told again and again while it is so, or once for each edge.
struct way {
    std::string name;
    bool of_edges;
    std::function<std::unique_ptr<loop>(int fd, std::uint32_t events)> make;
};

template <class Loop, class... More>
way made(const char* name, bool of_edges, std::uint32_t flags, More... more) {
    return {name, of_edges, [=](int fd, std::uint32_t events) -> std::unique_ptr<loop> {
                return std::make_unique<Loop>(fd, events | flags, more...);
            }};
}

const std::vector<way>& ways() {
    static const std::vector<way> all{
        made<epoll_loop>("epoll", false, 0),
        made<epoll_loop>("epollet", true, EPOLLET),
        made<epoll_loop>("epolloneshot", false, EPOLLONESHOT),
        made<epoll_loop>("epollexclusive", false, EPOLLEXCLUSIVE),
        made<epoll_loop>("epollexclusive_et", true, EPOLLEXCLUSIVE | EPOLLET),
        made<nested_loop>("nested", false, 0),
        made<nested_loop>("nested_et", true, EPOLLET),
        made<poll_loop>("poll", false, 0),
        made<select_loop>("select", false, 0),
        made<uring_loop>("io_uring", false, 0, false),
        made<uring_loop>("io_uring_multishot", true, 0, true),
    };
    return all;
}

std::uint64_t take(eventfd& object) {
    std::uint64_t value = 0;
    return object.try_read(value) == std::errc{} ? value : 0;
}

std::uint32_t arm_if(doorbell how, eventfd& object) { return how == doorbell::armed ? object.arm().ready : 0; }

// Asleep in the kernel, but not in a futex call: in its loop.
bool asleep_in_loop(pid_t tid) {
    const efd::common::task_state state = efd::common::look_at_task(tid);
    return state.asleep && (!state.call_known || state.call != efd::common::futex_call);
}

// A thread that sleeps in the loop is woken by what `act` does.
template <class Act>
void expect_woken(loop& watcher, Act act) {
    bool woken = false;
    observed_thread sleeper([&] { woken = watcher.event(bound_ms); });
    ASSERT_TRUE(eventually([&] { return sleeper.tid() != 0 && asleep_in_loop(sleeper.tid()); }));
    act();
    ASSERT_TRUE(sleeper.seen_done());
    EXPECT_TRUE(woken);
}

class loops : public testing::TestWithParam<way> {
  protected:
    // The loop under test, or null where the machine refuses what it is made of.
    std::unique_ptr<loop> watch(int fd, std::uint32_t events) {
        std::unique_ptr<loop> made_now = GetParam().make(fd, events);
        return made_now->refused() == 0 ? std::move(made_now) : nullptr;
    }
    static bool of_edges() { return GetParam().of_edges; }
};
#define WATCH(name, fd, events)                                                                                        \
    const std::unique_ptr<loop> name = watch(fd, events);                                                              \
    if (name == nullptr) GTEST_SKIP() << "this system refuses io_uring"

TEST_P(loops, level_tells_of_each_leaving_of_zero) {
    eventfd object;
    WATCH(watcher, object.fd(), POLLIN);
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(watcher->event(0)) << "nothing is there, round " << round;
        ASSERT_TRUE(object.signal());
        EXPECT_TRUE(watcher->event(0)) << "a unit is there, round " << round;
        EXPECT_EQ(watcher->event(0), !of_edges()) << "it is there still, round " << round;
        ASSERT_TRUE(object.signal());
        EXPECT_EQ(watcher->event(0), !of_edges()) << "more above zero, round " << round;
        EXPECT_EQ(take(object), 2U);
    }
}

TEST_P(loops, level_tells_of_what_was_there_before) {
    eventfd object(1);
    WATCH(watcher, object.fd(), POLLIN);
    EXPECT_TRUE(watcher->event(0));
    EXPECT_EQ(take(object), 1U);
    EXPECT_FALSE(watcher->event(0));
}

TEST_P(loops, level_wakes_a_loop_that_sleeps) {
    eventfd object;
    WATCH(watcher, object.fd(), POLLIN);
    for (int round = 0; round < 3; ++round) {
        expect_woken(*watcher, [&] { EXPECT_TRUE(object.signal()); });
        EXPECT_EQ(take(object), 1U);
    }
}

TEST_P(loops, level_tells_writers_of_room) {
    eventfd object(largest);
    WATCH(watcher, object.fd(), POLLOUT);
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(watcher->event(0)) << "no room, round " << round;
        EXPECT_EQ(take(object), largest);
        EXPECT_TRUE(watcher->event(0)) << "room, round " << round;
        ASSERT_EQ(object.try_write(largest), std::errc{});
    }
    EXPECT_FALSE(watcher->event(0));
}

TEST_P(loops, level_wakes_a_writer_that_sleeps_for_room) {
    eventfd object(largest);
    WATCH(watcher, object.fd(), POLLOUT);
    expect_woken(*watcher, [&] { EXPECT_EQ(take(object), largest); });
    EXPECT_EQ(object.try_write(1), std::errc{});
}

// An armed descriptor is never silenced: who is told while it is readable silences it by a read of its own.
void settle(int fd, bool of_edges) {
    std::uint64_t rings = 0;
    if (!of_edges) {
        EXPECT_EQ(::read(fd, &rings, sizeof rings), ssize_t{sizeof rings});
    }
}

TEST_P(loops, armed_tells_once_for_each_arm) {
    eventfd object;
    const int fd = object.fd(doorbell::armed);
    WATCH(watcher, fd, POLLIN);
    ASSERT_TRUE(object.signal());
    EXPECT_FALSE(watcher->event(0)) << "nobody has armed";
    EXPECT_EQ(object.arm().ready, unsigned{POLLIN}) << "it is there already";
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(take(object), 1U);
        EXPECT_EQ(object.arm().ready, 0U);
        EXPECT_FALSE(watcher->event(0)) << "armed, and nothing came, round " << round;
        ASSERT_TRUE(object.signal());
        EXPECT_TRUE(watcher->event(0)) << "the ring, round " << round;
        settle(fd, of_edges());
        EXPECT_FALSE(watcher->event(0)) << "one ring, round " << round;
        EXPECT_EQ(take(object), 1U);
        ASSERT_TRUE(object.signal());
        EXPECT_FALSE(watcher->event(0)) << "not armed again, round " << round;
    }
}

TEST_P(loops, armed_wakes_a_loop_that_sleeps) {
    eventfd object;
    const int fd = object.fd(doorbell::armed);
    WATCH(watcher, fd, POLLIN);
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(object.arm().ready, 0U);
        expect_woken(*watcher, [&] { EXPECT_TRUE(object.signal()); });
        settle(fd, of_edges());
        EXPECT_EQ(take(object), 1U);
    }
}

TEST_P(loops, armed_tells_writers_of_room) {
    eventfd object(largest);
    const int fd = object.fd(doorbell::armed);
    WATCH(watcher, fd, POLLIN); // the ring makes it readable, whatever it was armed for
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(object.arm(POLLOUT).ready, 0U);
        EXPECT_FALSE(watcher->event(0)) << "no room, round " << round;
        EXPECT_EQ(take(object), largest);
        EXPECT_TRUE(watcher->event(0)) << "room, round " << round;
        settle(fd, of_edges());
        EXPECT_EQ(object.arm(POLLOUT).ready, unsigned{POLLOUT});
        ASSERT_EQ(object.try_write(largest), std::errc{});
        EXPECT_FALSE(watcher->event(0));
    }
}

INSTANTIATE_TEST_SUITE_P(all, loops, testing::ValuesIn(ways()),
                         [](const testing::TestParamInfo<way>& of) { return of.param.name; });

// Two sets watch one descriptor: both are told, level and armed; who comes second finds nothing.
TEST(two_epoll_sets, both_are_told) {
    for (const doorbell how : {doorbell::level, doorbell::armed}) {
        eventfd object;
        const int fd = object.fd(how);
        epoll_loop first(fd, EPOLLIN | EPOLLET);
        epoll_loop second(fd, EPOLLIN | EPOLLET);
        for (int round = 0; round < 3; ++round) {
            ASSERT_EQ(arm_if(how, object), 0U);
            ASSERT_TRUE(object.signal());
            EXPECT_TRUE(first.event(0));
            EXPECT_TRUE(second.event(0));
            EXPECT_EQ(take(object), 1U);
            EXPECT_EQ(take(object), 0U);
            EXPECT_FALSE(first.event(0));
            EXPECT_FALSE(second.event(0));
        }
    }
}

TEST(two_epoll_sets, level_triggered_ones_fall_silent_together) {
    eventfd object;
    epoll_loop first(object.fd(), EPOLLIN);
    epoll_loop second(object.fd(), EPOLLIN);
    ASSERT_TRUE(object.signal());
    EXPECT_TRUE(first.event(0));
    EXPECT_EQ(take(object), 1U);
    EXPECT_FALSE(second.event(0));
    EXPECT_FALSE(first.event(0));
}

// Two loops sleep behind EPOLLEXCLUSIVE: one write wakes one of them, the next write one of them again.
void one_write_wakes_one(doorbell how, std::uint32_t flags) {
    eventfd object;
    const int fd = object.fd(how);
    std::atomic<int> woken{0};
    const auto sleep_once = [&] {
        epoll_loop own(fd, EPOLLIN | EPOLLEXCLUSIVE | flags);
        if (own.event(bound_ms)) ++woken;
    };
    ASSERT_EQ(arm_if(how, object), 0U);
    observed_thread first(sleep_once);
    observed_thread second(sleep_once);
    for (const observed_thread* one : {&first, &second})
        ASSERT_TRUE(eventually([&] { return one->tid() != 0 && asleep_in_loop(one->tid()); }));
    ASSERT_TRUE(object.signal());
    ASSERT_TRUE(eventually([&] { return first.done() || second.done(); }));
    EXPECT_EQ(woken.load(), 1);
    EXPECT_EQ(take(object), 1U);
    ASSERT_EQ(arm_if(how, object), 0U);
    ASSERT_TRUE(object.signal());
    ASSERT_TRUE(first.seen_done());
    ASSERT_TRUE(second.seen_done());
    EXPECT_EQ(woken.load(), 2);
}
TEST(epollexclusive, one_write_wakes_one_loop_level) { one_write_wakes_one(doorbell::level, 0); }
TEST(epollexclusive, one_write_wakes_one_loop_level_by_edges) { one_write_wakes_one(doorbell::level, EPOLLET); }
TEST(epollexclusive, one_write_wakes_one_loop_armed) { one_write_wakes_one(doorbell::armed, EPOLLET); }

// ARM: who armed for room is told of it, although another armed for units beside it and found some.
TEST(armed_race, an_arm_that_finds_its_event_leaves_the_mark_of_another) {
    eventfd object(largest);
    epoll_loop watcher(object.fd(doorbell::armed), EPOLLIN | EPOLLET);
    ASSERT_EQ(object.arm(POLLOUT).ready, 0U);
    ASSERT_EQ(object.arm(POLLIN).ready, unsigned{POLLIN});
    EXPECT_EQ(take(object), largest);
    EXPECT_TRUE(watcher.event(0)) << "the arm for room was forgotten";
}

} // namespace
} // namespace efd::tests
