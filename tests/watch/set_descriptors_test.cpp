// SPDX-License-Identifier: MIT
// Kernel descriptors in a wait_set: told once means told, fairness, numbers that are closed and come back, nesting; and
// a set that is destroyed while somebody is busy with a member.
#include "api/internal_access.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"
#include "watch/set_parts.hpp"

#include <efd/wait_set.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <set>
#include <stop_token>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

class told_once : public testing::TestWithParam<std::uint32_t> {};

TEST_P(told_once, each_of_several_is_told_by_takes_and_by_looks) {
    for (const bool by_look : {false, true}) {
        wait_set set;
        std::array<pipe_ends, 5> pipes;
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            set.add(pipes[i].reader(), EPOLLIN | GetParam(), i);
            pipes[i].fill();
        }
        std::set<std::uint64_t> told;
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            set_event got{};
            std::size_t number = 0;
            ASSERT_EQ(by_look ? set.wait_ready_for(std::span(&got, 1), number, 10s) : set.wait_any_for(got, 10s),
                      std::errc{});
            told.insert(got.token);
        }
        EXPECT_EQ(told.size(), pipes.size());
        EXPECT_EQ(look(set), std::nullopt) << "and only once";
    }
}
INSTANTIATE_TEST_SUITE_P(set_descriptors, told_once, testing::Values(EPOLLET, EPOLLONESHOT),
                         [](const auto& one) { return one.param == EPOLLONESHOT ? "one_shot" : "edge"; });

TEST(set_descriptors, a_look_tells_them_although_objects_fill_its_room) {
    wait_set set;
    eventfd a(1);
    eventfd b(1);
    pipe_ends pipe;
    set.add(a, 1);
    set.add(b, 2);
    set.add(pipe.reader(), EPOLLIN, 3);
    pipe.fill();
    std::array<int, 4> told{};
    for (int i = 0; i < 1000; ++i) {
        std::array<set_event, 2> room{};
        std::size_t number = 0;
        ASSERT_EQ(set.wait_ready(room, number), std::errc{});
        for (std::size_t k = 0; k < number; ++k) ++told.at(room.at(k).token);
    }
    EXPECT_GE(told[3], 10);
    EXPECT_GT(told[1], 900);
    EXPECT_GT(told[2], 900);
}

TEST(set_descriptors, the_heir_of_a_closed_number_is_a_member_of_its_own) {
    wait_set set;
    auto gone = std::make_optional<pipe_ends>();
    const int number = gone->reader();
    const int dead = set.add(number, EPOLLIN, 1);
    gone->close_reader();
    pipe_ends heir;
    ASSERT_EQ(heir.reader(), number) << "the smallest free number";
    const int alive = set.add(number, EPOLLIN, 2);
    ASSERT_EQ(set.remove(dead), std::errc{});
    heir.fill();
    EXPECT_EQ(look(set), 2U);
    ASSERT_EQ(set.remove(alive), std::errc{});
    EXPECT_EQ(look(set), std::nullopt);
    EXPECT_GE(set.add(number, EPOLLIN, 3), 0);
    EXPECT_EQ(look(set), 3U);
}

// The file lives on in a duplicate, under a number that nobody can name any more: removed, it is told no more, no wait
// spins on it, and the other members and a foreign loop notice nothing.
TEST(set_descriptors, a_removed_number_that_lives_in_a_duplicate_is_forgotten) {
    wait_set set;
    eventfd object;
    pipe_ends ghost;
    pipe_ends edge;
    pipe_ends once;
    pipe_ends plain;
    set.add(object, 1);
    const int place = set.add(ghost.reader(), EPOLLIN, 2);
    set.add(edge.reader(), EPOLLIN | EPOLLET, 3);
    set.add(once.reader(), EPOLLIN | EPOLLONESHOT, 4);
    set.add(plain.reader(), EPOLLIN, 5);
    once.fill();
    ASSERT_EQ(look(set), 4U);
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event interest{};
    interest.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(loop, EPOLL_CTL_ADD, set.fd(), &interest), 0);

    const int duplicate = ::dup(ghost.reader());
    ghost.close_reader();
    ASSERT_EQ(set.remove(place), std::errc{});
    ghost.fill();
    set_event got{};
    EXPECT_EQ(set.wait_any_for(got, 1ms), std::errc::timed_out);
    EXPECT_EQ(look(set), std::nullopt) << "the fired one-shot stays silent";
    EXPECT_FALSE(readable(set.fd()));
    EXPECT_FALSE(readable(loop));

    edge.fill();
    EXPECT_TRUE(readable(loop)) << "a foreign loop goes on hearing the set";
    EXPECT_EQ(look(set), 3U);
    plain.fill();
    EXPECT_EQ(set.wait_any_for(got, 10s), std::errc{});
    EXPECT_EQ(got.token, 5U);
    plain.drain();
    ASSERT_TRUE(object.signal());
    EXPECT_EQ(look(set), 1U);
    EXPECT_EQ(look(set), std::nullopt);
    ::close(duplicate);
    ::close(loop);
}

// At the same place stands another descriptor now: it is not told for the dead one.
TEST(set_descriptors, the_next_at_a_place_does_not_hear_for_the_last) {
    wait_set set;
    pipe_ends ghost;
    pipe_ends next;
    const int place = set.add(ghost.reader(), EPOLLIN, 1);
    const int duplicate = ::dup(ghost.reader());
    ghost.close_reader();
    ASSERT_EQ(set.remove(place), std::errc{});
    ASSERT_EQ(set.add(next.reader(), EPOLLIN, 2), place);
    ghost.fill();
    EXPECT_EQ(look(set), std::nullopt);
    next.fill();
    EXPECT_EQ(look(set), 2U);
    ::close(duplicate);
}

TEST(set_descriptors, who_has_left_another_set_takes_them_and_who_has_none_left_goes_into_one) {
    wait_set outer;
    wait_set inner;
    pipe_ends pipe;
    const int nested = outer.add(inner, 0);
    EXPECT_THROW(inner.add(pipe.reader(), EPOLLIN, 5), std::system_error);
    ASSERT_EQ(outer.remove(nested), std::errc{});
    const int place = inner.add(pipe.reader(), EPOLLIN, 5);
    pipe.fill();
    EXPECT_EQ(look(inner), 5U);
    EXPECT_THROW(outer.add(inner, 0), std::system_error);
    ASSERT_EQ(inner.remove(place), std::errc{});
    outer.add(inner, 9);
    eventfd object(1);
    inner.add(object, 6);
    EXPECT_EQ(look(outer), 9U);
}

TEST(set_descriptors, of_nesting_and_a_first_descriptor_at_once_one_is_refused) {
    pipe_ends pipe;
    pipe.fill();
    std::atomic<wait_set*> asked{nullptr};
    std::atomic<int> answers{0};
    bool joined = false;
    std::jthread adder([&](const std::stop_token& stop) {
        for (int round = 1; !stop.stop_requested(); ++round) {
            wait_set* inner = nullptr;
            while ((inner = asked.exchange(nullptr)) == nullptr)
                if (stop.stop_requested())
                    return;
                else
                    std::this_thread::yield();
            joined = true;
            try {
                inner->add(pipe.reader(), EPOLLIN, 7);
            } catch (const std::system_error&) {
                joined = false;
            }
            answers = round;
        }
    });
    for (int round = 1; round <= 300; ++round) {
        wait_set outer;
        wait_set inner;
        asked = &inner;
        bool nested = true;
        try {
            outer.add(inner, 0);
        } catch (const std::system_error&) {
            nested = false;
        }
        ASSERT_TRUE(eventually([&] { return answers == round; }));
        ASSERT_NE(nested, joined) << "round " << round;
    }
}

// A callback destroys a set while another thread is busy with the callbacks of a member.
TEST(set_descriptors, a_set_that_ends_in_a_callback_leaves_nobody_behind) {
    struct entry : efd::core::wait_queue_entry {
        std::function<void()> act;
    };
    const auto called = [](efd::core::wait_queue_entry& told, std::uint32_t /*key*/) {
        static_cast<entry&>(told).act();
        return 0;
    };
    eventfd trigger;
    eventfd member;
    auto set = std::make_optional<wait_set>();
    set->add(member, 4242);
    std::atomic<bool> busy{false};
    std::atomic<bool> destroyed{false};
    entry keeper;
    entry destroyer;
    keeper.act = [&] {
        busy = true;
        EXPECT_TRUE(eventually([&] { return destroyed.load(); }));
    };
    destroyer.act = [&] {
        set.reset();
        destroyed = true;
    };
    for (entry* one : {&keeper, &destroyer}) {
        one->callback = called;
        one->mask = efd::core::poll_in;
    }
    std::uint32_t ready = 0;
    ASSERT_EQ(efd::internal_access::context_of(member)->add_wait_queue(keeper, ready), efd::base::status::ok);
    ASSERT_EQ(efd::internal_access::context_of(trigger)->add_wait_queue(destroyer, ready), efd::base::status::ok);
    {
        std::jthread writer([&] { (void)member.write(1); });
        ASSERT_TRUE(eventually([&] { return busy.load(); }));
        ASSERT_TRUE(trigger.signal());
    }
    wait_set fresh;
    EXPECT_EQ(fresh.size(), 0U);
    EXPECT_EQ(look(fresh), std::nullopt);
    EXPECT_EQ(member.count(), 1U);
    (void)efd::internal_access::context_of(member)->remove_wait_queue(keeper);
    (void)efd::internal_access::context_of(trigger)->remove_wait_queue(destroyer);
}

// A wait with a token needs a number of its own; where none is free it waits all the same.
int wait_at_the_limit() {
    eventfd member;
    wait_set set;
    pipe_ends pipe;
    set.add(member, 1);
    set.add(pipe.reader(), EPOLLIN, 2);
    rlimit few{};
    ::getrlimit(RLIMIT_NOFILE, &few);
    few.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &few);
    while (::dup(pipe.reader()) >= 0) {
    }
    std::stop_source stop;
    set_event got{};
    if (set.wait_any_for(got, 1ms, stop.get_token()) != std::errc::timed_out) return 1;
    std::jthread other([&] { member.signal(); });
    if (set.wait_any(got, stop.get_token()) != std::errc{} || got.token != 1) return 2;
    other = std::jthread([&] { stop.request_stop(); });
    return set.wait_any(got, stop.get_token()) == std::errc::operation_canceled ? 0 : 3;
}

TEST(set_descriptors, a_wait_with_a_token_at_the_limit) {
    if (under_asan) GTEST_SKIP() << "its runtime wants a free number to look at a type";
    EXPECT_EQ(status_of_child(wait_at_the_limit), 0) << "the step that failed";
}

} // namespace
} // namespace efd::tests
