// SPDX-License-Identifier: MIT
// The descriptor of an arena's set, and kernel descriptors beside objects of the arena.
#include <efd/arena.hpp>
#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"

#include <array>
#include <atomic>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

using std::chrono::milliseconds;

TEST_F(arena_bell, is_readable_while_a_peers_signal_is_not_taken) {
    EXPECT_EQ(set_.fd(), fd_);
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(is_readable(fd_));
        ringer peer(object_);
        EXPECT_TRUE(peer.signals());
        EXPECT_TRUE(is_readable(fd_));
        EXPECT_EQ(taken(set_), 1U);
        EXPECT_EQ(taken(set_), 0U);
        EXPECT_FALSE(is_readable(fd_));
        EXPECT_TRUE(peer.signals());
        EXPECT_TRUE(is_readable(fd_));
        peer.kill();
        EXPECT_EQ(taken(set_), 1U);
        while (is_readable(fd_)) EXPECT_EQ(taken(set_), 0U);
    }
}

TEST_F(arena_bell, a_look_for_ready_members_silences_what_rang_for_units_that_are_gone) {
    EXPECT_TRUE(object_.signal());
    EXPECT_TRUE(is_readable(fd_));
    EXPECT_EQ(taken(object_), 1U);
    std::array<set_event, 2> room{};
    std::size_t number = 0;
    EXPECT_EQ(set_.wait_ready(room, number, {.blocking = efd::blocking::never}), eagain);
    EXPECT_FALSE(is_readable(fd_));
}

TEST_F(arena_bell, shows_units_from_before_and_signals_of_its_own_process) {
    const eventfd before = shared_.make(2);
    const eventfd own;
    set_.add(before, 3);
    set_.add(own, 2);
    EXPECT_TRUE(is_readable(fd_));
    EXPECT_EQ(taken(set_), 3U);
    EXPECT_EQ(taken(set_), 0U);
    for (const eventfd* one : {&object_, &own, &object_}) {
        EXPECT_FALSE(is_readable(fd_));
        EXPECT_TRUE(one->signal());
        EXPECT_TRUE(is_readable(fd_));
        EXPECT_EQ(taken(set_), one == &own ? 2U : 1U);
        EXPECT_EQ(taken(set_), 0U);
    }
    EXPECT_FALSE(is_readable(fd_));
}

TEST(ArenaBell, wakes_a_poller_and_an_epoll_of_either_kind) {
    const arena shared;
    const eventfd object = shared.make();
    for (const std::uint32_t kind : {0U, std::uint32_t{EPOLLET}}) {
        byte_line line;
        process owner([&] {
            const wait_set set = shared.make_set();
            set.add(object, 1);
            const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
            ::epoll_event event{EPOLLIN | kind, {}};
            if (::epoll_ctl(epoll, EPOLL_CTL_ADD, set.fd(), &event) != 0) return 1;
            for (int round = 0; round < 20; ++round) {
                line.say(1);
                if (::epoll_wait(epoll, &event, 1, patience_ms) != 1) return 2;
                if (taken(set) != 1) return 3;
                if (taken(set) != 0) return 4;
            }
            line.say(1);
            ::pollfd asked{set.fd(), POLLIN, 0};
            return ::poll(&asked, 1, patience_ms) == 1 && taken(set) == 1 ? 0 : 5;
        });
        for (int round = 0; round < 21; ++round) {
            ASSERT_EQ(owner.hear(line), 'x');
            EXPECT_TRUE(object.signal());
        }
        EXPECT_EQ(owner.end(), 0);
    }
}

TEST(ArenaBell, many_signals_ring_once) {
    constexpr int many = 64;
    const arena shared({.first_look = {}, .last_look = {}});
    std::vector<eventfd> objects;
    for (int i = 0; i < many; ++i) objects.push_back(shared.make());
    byte_line line;
    process owner([&] {
        const wait_set set = shared.make_set();
        for (const eventfd& one : objects) set.add(one, 1);
        const int fd = set.fd();
        line.say(1);
        if (line.hear(1) != 'x' || !is_readable(fd)) return 1;
        for (int i = 0; i < many; ++i)
            if (taken(set) != 1) return 2;
        return taken(set) == 0 && !is_readable(fd) ? 0 : 3;
    });
    ASSERT_EQ(owner.hear(line), 'x');
    const std::uint64_t before = ::efd_system_calls();
    for (const eventfd& one : objects) EXPECT_TRUE(one.signal());
    EXPECT_EQ(::efd_system_calls() - before, 1U);
    line.say(0);
    EXPECT_EQ(owner.end(), 0);
}

TEST(ArenaBell, members_left_behind_by_one_try_keep_it_readable) {
    const arena shared;
    const wait_set set = shared.make_set();
    std::vector<eventfd> objects;
    for (std::uint64_t i = 0; i < 3; ++i) {
        objects.push_back(shared.make());
        set.add(objects.back(), 1);
    }
    const int fd = set.fd();
    for (int round = 0; round < 3; ++round) {
        by_a_peer([&] {
            for (const eventfd& one : objects) (void)one.signal();
            return true;
        });
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(is_readable(fd)) << i;
            EXPECT_EQ(taken(set), 1U);
        }
        EXPECT_EQ(taken(set), 0U);
        while (is_readable(fd)) EXPECT_EQ(taken(set), 0U); // the peer's end
    }
    std::array<set_event, 8> room{};
    std::size_t number = 0;
    EXPECT_TRUE(objects[0].signal());
    EXPECT_EQ(set.wait_ready(room, number), std::errc{});
    EXPECT_EQ(number, 1U);
    EXPECT_TRUE(is_readable(fd));
}

TEST(ArenaBell, kernel_descriptors_stand_beside_objects_of_the_arena) {
    const arena shared;
    const eventfd object = shared.make();
    byte_line line;
    process owner([&] {
        const wait_set set = shared.make_set();
        const int other = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        set.add(object, 1);
        const int place = set.add(other, EPOLLIN, 2);
        set_event got{};
        if (set.try_any(got) != eagain) return 1;
        line.say(1);
        if (set.wait_any(got) != std::errc{} || got.token != 1 || got.value != 5) return 2; // a peer's, asleep
        if (::eventfd_write(other, 1) != 0) return 3;
        if (set.wait_any(got) != std::errc{} || got.token != 2) return 4;
        if (!is_readable(set.fd())) return 5;
        ::eventfd_t value = 0;
        if (::eventfd_read(other, &value) != 0 || set.try_any(got) != eagain || is_readable(set.fd())) return 6;
        if (set.wait_any_for(got, milliseconds(1)) != std::errc::timed_out) return 7;
        if (set.remove(place) != std::errc{}) return 8;
        line.say(1);
        return set.wait_any(got) == std::errc{} && got.token == 1 ? 0 : 9; // on the bed again
    });
    ASSERT_EQ(owner.hear(line), 'x');
    EXPECT_EQ(object.write(5), std::errc{});
    ASSERT_EQ(owner.hear(line), 'x');
    EXPECT_TRUE(owner.seen_asleep());
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(owner.end(), 0);
}

TEST(ArenaBell, a_waiter_hears_a_descriptor_that_joins_while_it_sleeps) {
    const arena shared({.first_look = {}, .last_look = {}});
    const wait_set set = shared.make_set();
    const eventfd object = shared.make();
    set.add(object, 1);
    std::atomic<pid_t> tid{0};
    std::uint64_t token = 0;
    std::thread waiter([&] {
        tid = this_tid();
        set_event got{};
        if (set.wait_any(got) == std::errc{}) token = got.token;
    });
    EXPECT_TRUE(eventually([&] { return tid != 0 && asleep_now(tid); }));
    const int other = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    set.add(other, EPOLLIN, 2);
    waiter.join();
    EXPECT_EQ(token, 2U);
    ::close(other);
}

TEST_F(arena_bell, a_child_of_fork_is_a_peer_and_has_nothing_of_the_set) {
    const int other = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    set_.add(other, EPOLLIN, 2);
    by_a_peer([&] {
        const bool is_stale =
            refused([&] { (void)set_.fd(); }) == stale && refused([&] { set_.add(0, 1, 1); }) == stale;
        return is_stale && object_.signal();
    });
    EXPECT_TRUE(is_readable(fd_));
    EXPECT_EQ(taken(set_), 1U);
    EXPECT_EQ(::eventfd_write(other, 1), 0);
    EXPECT_EQ(taken(set_), 2U); // the child has taken nothing out of the parent's epoll
    EXPECT_EQ(refused([&] { (void)set_.fd(); }), std::error_code{});
    ::close(other);
}

TEST(ArenaBell, a_later_set_in_the_same_place_is_rung_by_the_same_peer) {
    const arena shared({.sets = 1});
    const eventfd object = shared.make();
    ringer peer(object);
    for (int round = 0; round < 4; ++round) {
        const wait_set set = shared.make_set();
        set.add(object, 1);
        const int fd = set.fd();
        EXPECT_FALSE(is_readable(fd));
        EXPECT_TRUE(peer.signals());
        EXPECT_TRUE(is_readable(fd)) << round;
        EXPECT_EQ(taken(set), 1U);
    }
}

TEST(ArenaBell, c_has_it_too) {
    efd_arena_t* const shared = efd_arena_create(nullptr, nullptr);
    ASSERT_NE(shared, nullptr);
    efd_wait_set_t* const set = efd_arena_set(shared);
    efd_t* const object = efd_arena_make(shared, nullptr, 0, 0);
    ASSERT_NE(object, nullptr);
    EXPECT_GE(efd_wait_set_add(set, object, 7), 0);
    const int fd = efd_wait_set_fd(set);
    ASSERT_GE(fd, 0);
    by_a_peer([&] { return efd_signal(object) == 0; });
    EXPECT_TRUE(is_readable(fd));
    efd_wait_set_event got{};
    EXPECT_EQ(efd_wait_set_try_any(set, &got), 0);
    EXPECT_EQ(got.token, 7U);
    const int other = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    EXPECT_GE(efd_wait_set_add_fd(set, other, EPOLLIN, 8), 0);
    EXPECT_EQ(efd_wait_set_try_any(set, &got), 0);
    EXPECT_EQ(got.token, 8U);
    efd_put(object);
    efd_wait_set_destroy(set);
    efd_arena_close(shared);
    ::close(other);
}

TEST(ArenaBell, owner_and_peers_keep_no_descriptor_when_all_is_over) {
    const auto descriptors = [] {
        int number = 0;
        for (int fd = 0; fd < 1024; ++fd) number += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return number;
    };
    { // what a process makes once
        const arena first;
        const wait_set set = first.make_set();
        (void)set.fd();
    }
    const int before = descriptors();
    {
        const arena shared;
        const eventfd object = shared.make();
        const wait_set set = shared.make_set();
        set.add(object, 1);
        const int fd = set.fd();
        byte_line line;
        process owner([&] {
            const wait_set own = shared.make_set();
            own.add(object, 1);
            const int own_fd = own.fd();
            line.say(1);
            return is_readable(own_fd, patience_ms) ? 0 : 1;
        });
        EXPECT_EQ(owner.hear(line), 'x');
        EXPECT_TRUE(object.signal()); // rings another process's set, and this one's
        EXPECT_EQ(owner.end(), 0);
        EXPECT_TRUE(is_readable(fd));
    }
    EXPECT_EQ(descriptors(), before);
}

} // namespace
} // namespace efd::tests
