// SPDX-License-Identifier: MIT
// wait_set: taking from many, coming and going, nesting, descriptors, fairness; and that nobody is forgotten.
#include "support/waiting.hpp"
#include "watch/set_parts.hpp"

#include <efd/wait_set.hpp>

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <poll.h>
#include <pthread.h>
#include <random>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

TEST(wait_set, takes_from_a_ready_member_with_its_token) {
    wait_set set;
    eventfd a(3);
    eventfd b;
    set.add(a, 10);
    set.add(b, 20);
    set_event got{};
    ASSERT_EQ(set.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 10U);
    EXPECT_EQ(got.value, 3U);
    EXPECT_EQ(got.events, unsigned{POLLIN});
    EXPECT_EQ(set.try_any(got), eagain);
    ASSERT_EQ(b.write(7), std::errc{});
    ASSERT_EQ(set.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 20U);
    EXPECT_EQ(got.value, 7U);
    EXPECT_EQ(b.count(), 0U);
}

TEST(wait_set, a_semaphore_gives_one_at_a_time_and_its_neighbours_get_their_turn) {
    wait_set set;
    eventfd a(3, efd::flags::semaphore);
    eventfd b(3, efd::flags::semaphore);
    set.add(a, 1);
    set.add(b, 2);
    std::vector<std::uint64_t> order;
    set_event got{};
    while (set.try_any(got) == std::errc{}) order.push_back(got.token);
    EXPECT_EQ(order, (std::vector<std::uint64_t>{1, 2, 1, 2, 1, 2}));
}

TEST(wait_set, what_others_take_is_not_ready_here) {
    wait_set set;
    eventfd a;
    set.add(a, 1);
    const int fd = set.fd();
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(a.signal());
        EXPECT_TRUE(readable(fd));
        std::uint64_t value = 0;
        ASSERT_EQ(a.read(value), std::errc{});
        EXPECT_FALSE(readable(fd));
        set_event got{};
        EXPECT_EQ(set.try_any(got), eagain);
    }
}

TEST(wait_set, a_look_takes_nothing) {
    wait_set set;
    std::vector<eventfd> all(200);
    for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
    for (const std::size_t i : {3U, 77U, 199U}) ASSERT_TRUE(all[i].signal());
    std::array<set_event, 2> room{};
    std::map<std::uint64_t, int> times;
    for (int look = 0; look < 3; ++look) {
        std::size_t number = 0;
        ASSERT_EQ(set.wait_ready(room, number), std::errc{});
        ASSERT_EQ(number, 2U);
        for (const set_event& e : room) ++times[e.token];
    }
    EXPECT_EQ(times, (std::map<std::uint64_t, int>{{3, 2}, {77, 2}, {199, 2}})) << "looks go round";
    EXPECT_EQ(all[3].count(), 1U);
}

TEST(wait_set, times_out_and_is_cancelled_without_taking) {
    wait_set set;
    eventfd a;
    set.add(a, 1);
    set_event got{};
    EXPECT_EQ(set.wait_any_for(got, 1ms), std::errc::timed_out);
    std::stop_source stop;
    observed_thread waiter([&] { EXPECT_EQ(set.wait_any(got, stop.get_token()), std::errc::operation_canceled); });
    ASSERT_TRUE(waiter.seen_asleep());
    stop.request_stop();
    ASSERT_TRUE(waiter.seen_done());
    ASSERT_TRUE(a.signal());
    EXPECT_EQ(set.wait_any(got, stop.get_token()), std::errc{}) << "data beats a stop";
}

TEST(wait_set, a_sleeper_is_woken_by_any_member) {
    wait_set set;
    std::vector<eventfd> all(100);
    for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
    for (const std::size_t which : {0U, 42U, 99U}) {
        set_event got{};
        observed_thread waiter([&] { EXPECT_EQ(set.wait_any(got), std::errc{}); });
        ASSERT_TRUE(waiter.seen_asleep());
        ASSERT_TRUE(all[which].signal());
        ASSERT_TRUE(waiter.seen_done());
        EXPECT_EQ(got.token, which);
    }
}

TEST(wait_set, several_waiters_each_get_a_member) {
    wait_set set;
    std::vector<eventfd> all(3);
    for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
    std::array<set_event, 3> got{};
    std::vector<std::unique_ptr<observed_thread>> waiters;
    for (set_event& own : got)
        waiters.push_back(
            std::make_unique<observed_thread>([&set, &own] { EXPECT_EQ(set.wait_any(own), std::errc{}); }));
    for (auto& waiter : waiters) ASSERT_TRUE(waiter->seen_asleep());
    for (eventfd& one : all) ASSERT_TRUE(one.signal());
    for (auto& waiter : waiters) ASSERT_TRUE(waiter->seen_done());
    EXPECT_EQ(got[0].token + got[1].token + got[2].token, 3U);
}

TEST(wait_set, joins_leaves_and_joins_another) {
    wait_set first;
    wait_set second;
    eventfd a(1, efd::flags::semaphore);
    const int in_first = first.add(a, 1);
    second.add(a, 2);
    ASSERT_TRUE(a.signal());
    set_event got{};
    ASSERT_EQ(second.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 2U);
    EXPECT_EQ(first.size(), 1U);
    ASSERT_EQ(first.remove(in_first), std::errc{});
    EXPECT_EQ(first.remove(in_first), std::errc::invalid_argument);
    EXPECT_EQ(first.try_any(got), eagain);
    ASSERT_EQ(second.try_any(got), std::errc{});
    EXPECT_EQ(second.try_any(got), eagain);
    ASSERT_TRUE(a.signal());
    EXPECT_EQ(second.try_any(got), std::errc{});
    EXPECT_EQ(first.add(a, 3), in_first);
    ASSERT_TRUE(a.signal());
    EXPECT_EQ(first.try_any(got), std::errc{});
    EXPECT_EQ(got.token, 3U);
}

TEST(wait_set, a_member_outlives_its_last_handle) {
    wait_set set;
    {
        eventfd gone(5);
        set.add(gone, 1);
    }
    set_event got{};
    ASSERT_EQ(set.try_any(got), std::errc{});
    EXPECT_EQ(got.value, 5U);
    EXPECT_EQ(set.try_any(got), eagain);
}

TEST(wait_set, grows_over_every_level) {
    wait_set set;
    std::vector<eventfd> all(5000);
    set_event got{};
    for (std::size_t i = 0; i < all.size(); ++i) {
        set.add(all[i], i);
        if (i != 0 && i != 63 && i != 64 && i != 4095 && i != 4096 && i != 4999) continue;
        ASSERT_TRUE(all[0].signal());
        ASSERT_TRUE(all[i].signal());
        ASSERT_EQ(set.try_any(got), std::errc{}) << i;
        EXPECT_EQ(set.try_any(got), i == 0 ? eagain : std::errc{}) << i;
        EXPECT_EQ(set.try_any(got), eagain);
    }
}

TEST(wait_set, sets_stand_in_sets) {
    wait_set outer;
    wait_set middle;
    wait_set inner;
    eventfd a;
    inner.add(a, 7);
    middle.add(inner, 42);
    outer.add(middle, 43);
    EXPECT_THROW(inner.add(outer, 0), std::system_error);
    EXPECT_THROW(inner.add(inner, 0), std::system_error);
    set_event got{};
    EXPECT_EQ(outer.try_any(got), eagain);
    for (int round = 0; round < 3; ++round) {
        observed_thread waiter([&] { EXPECT_EQ(outer.wait_any(got), std::errc{}); });
        ASSERT_TRUE(waiter.seen_asleep());
        ASSERT_TRUE(a.signal());
        ASSERT_TRUE(waiter.seen_done());
        EXPECT_EQ(got.token, 43U);
        EXPECT_EQ(got.origin, 7U);
        EXPECT_EQ(outer.try_any(got), eagain);
    }
}

void* write_once(void* object) {
    EXPECT_EQ(static_cast<eventfd*>(object)->write(1), std::errc{});
    return nullptr;
}

// 32 sets above one another and above each object; a write needs no more stack for it, and finds its way up.
TEST(wait_set, sets_stand_in_sets_up_to_a_bound) {
    constexpr std::size_t most = 32;
    eventfd object;
    std::vector<wait_set> sets(most + 2);
    sets[0].add(object, 7);
    for (std::size_t i = 1; i <= most; ++i) sets[i].add(sets[i - 1], 0);
    const auto refused = [&](wait_set& outer, const wait_set& inner) {
        try {
            outer.add(inner, 0);
        } catch (const std::system_error& error) {
            return error.code() == std::errc::too_many_symbolic_link_levels;
        }
        return false;
    };
    EXPECT_TRUE(refused(sets[most + 1], sets[most]));
    wait_set below;
    EXPECT_TRUE(refused(sets[0], below)) << "the sets above count for who would come below";

    pthread_attr_t small{};
    ::pthread_attr_init(&small);
    ASSERT_EQ(::pthread_attr_setstacksize(&small, std::size_t{64} << 10), 0);
    pthread_t writer{};
    ASSERT_EQ(::pthread_create(&writer, &small, write_once, &object), 0);
    ASSERT_EQ(::pthread_join(writer, nullptr), 0);
    ::pthread_attr_destroy(&small);
    for (const std::size_t above : {most, most / 2, std::size_t{0}}) {
        set_event got{};
        ASSERT_EQ(sets[above].try_any(got), std::errc{});
        EXPECT_EQ(got.origin, 7U);
        EXPECT_EQ(sets[most].try_any(got), eagain);
        ASSERT_TRUE(object.signal());
    }
}

// 15 sets of two, each standing in both of the next two: 2^15 ways up, 30 sets.
TEST(wait_set, diamonds_of_sets_cost_no_more_than_their_sets) {
    constexpr std::size_t stages = 16;
    eventfd object;
    std::array<std::array<wait_set, 2>, stages> sets;
    for (wait_set& set : sets[0]) set.add(object, 7);
    for (std::size_t i = 1; i < stages; ++i)
        for (wait_set& outer : sets.at(i))
            for (const wait_set& inner : sets.at(i - 1)) outer.add(inner, 0);
    EXPECT_THROW(sets[0][0].add(sets[stages - 1][0], 0), std::system_error);
    for (int round = 0; round < 100; ++round) {
        ASSERT_TRUE(object.signal());
        set_event got{};
        ASSERT_EQ(sets[stages - 1][1].try_any(got), std::errc{});
        EXPECT_EQ(sets[stages - 1][0].try_any(got), eagain);
    }
}

TEST(wait_set, kernel_descriptors_are_members_too) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    wait_set set;
    eventfd a;
    set.add(a, 1);
    const int place = set.add(ends[0], EPOLLIN, 2);
    EXPECT_THROW(set.add(ends[0], EPOLLIN, 2), std::system_error);
    EXPECT_THROW(set.add(9999, EPOLLIN, 2), std::system_error);
    set_event got{};
    EXPECT_EQ(set.try_any(got), eagain);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    ASSERT_EQ(set.wait_any(got), std::errc{});
    EXPECT_EQ(got.token, 2U);
    EXPECT_EQ(got.events, unsigned{EPOLLIN});
    ASSERT_TRUE(a.signal());
    int kernel = 0;
    int ours = 0;
    for (int i = 0; i < 200; ++i) { // neither starves
        ASSERT_TRUE(a.signal());
        ASSERT_EQ(set.wait_any(got), std::errc{});
        ++(got.token == 2 ? kernel : ours);
    }
    EXPECT_GT(kernel, 0);
    EXPECT_GT(ours, 100);
    char byte = 0;
    ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    while (set.try_any(got) == std::errc{}) {
    }
    const int fd = set.fd();
    EXPECT_FALSE(readable(fd));
    for (const int which : {0, 1}) {
        observed_thread waiter([&] { EXPECT_EQ(set.wait_any_for(got, 60s), std::errc{}); });
        ASSERT_TRUE(which == 0 ? a.signal() : ::write(ends[1], "x", 1) == 1);
        ASSERT_TRUE(waiter.seen_done());
        EXPECT_EQ(got.token, which == 0 ? 1U : 2U);
    }
    EXPECT_TRUE(readable(fd));
    ASSERT_EQ(set.remove(place), std::errc{});
    EXPECT_FALSE(readable(fd));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(set.wait_any(got, stop.get_token()), std::errc::operation_canceled);
    EXPECT_EQ(set.wait_any_for(got, 1ms), std::errc::timed_out);
    ::close(ends[0]);
    ::close(ends[1]);
}

// Producers on many members, waiters on one set: all units arrive while members come and go.
TEST(wait_set_race, every_unit_arrives_while_members_come_and_go) {
    constexpr std::uint64_t each = 20000;
    wait_set set;
    std::vector<eventfd> steady(130);
    for (std::size_t i = 0; i < steady.size(); ++i) set.add(steady[i], i);
    std::atomic<std::uint64_t> taken{0};
    std::stop_source stop;
    std::vector<std::jthread> waiters;
    for (int w = 0; w < 3; ++w)
        waiters.emplace_back([&] {
            set_event got{};
            while (set.wait_any(got, stop.get_token()) == std::errc{})
                if (got.token < 1000) taken += got.value;
        });
    {
        std::vector<std::jthread> busy;
        for (unsigned p = 0; p < 2; ++p)
            busy.emplace_back([&, p] {
                std::minstd_rand random(p + 1);
                for (std::uint64_t k = 0; k < each; ++k) (void)steady[random() % steady.size()].signal();
            });
        busy.emplace_back([&] {
            for (int k = 0; k < 2000; ++k) {
                eventfd guest(1);
                const int place = set.add(guest, 1000);
                if (k % 3 == 0) (void)guest.signal();
                ASSERT_EQ(set.remove(place), std::errc{});
                ASSERT_LE(guest.count(), 2U);
            }
        });
    }
    EXPECT_TRUE(eventually([&] { return taken.load() == 2 * each; })) << taken.load();
    stop.request_stop();
}

TEST(wait_set_race, at_rest_the_descriptor_is_true) {
    for (int round = 0; round < 200; ++round) {
        wait_set set;
        std::vector<eventfd> all(70);
        for (std::size_t i = 0; i < all.size(); ++i) set.add(all[i], i);
        const int fd = set.fd();
        {
            std::vector<std::jthread> busy;
            for (int t = 0; t < 4; ++t)
                busy.emplace_back([&, t] {
                    std::uint64_t value = 0;
                    set_event got{};
                    for (std::size_t k = 0; k < 60; ++k) {
                        if (t < 2) (void)all[(k * 33) % all.size()].signal();
                        if (t == 2) (void)all[(k * 33) % all.size()].try_read(value);
                        if (t == 3) (void)set.try_any(got);
                    }
                });
        }
        bool any = false;
        for (const eventfd& one : all) any = any || one.count() > 0;
        ASSERT_EQ(readable(fd), any) << "round " << round;
        set_event got{};
        while (set.try_any(got) == std::errc{}) {
        }
        for (const eventfd& one : all) ASSERT_EQ(one.count(), 0U);
        ASSERT_FALSE(readable(fd));
    }
}

} // namespace
} // namespace efd::tests
