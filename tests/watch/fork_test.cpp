// SPDX-License-Identifier: MIT
// The child of a fork: sets with kernel descriptors, members in the midst of a change, queues that another thread
// holds. What the child does is not seen in the parent.
#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace efd::tests {
namespace {

using namespace std::chrono_literals;

class fork_with_a_set : public testing::Test {
  protected:
    fork_with_a_set() {
        EXPECT_EQ(::pipe(ends_), 0);
        set_.add(object_, 1);
        set_.add(ends_[0], EPOLLIN, 2);
    }
    ~fork_with_a_set() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    int ends_[2] = {-1, -1};
    eventfd object_;
    wait_set set_;
    set_event got_{};
};

TEST_F(fork_with_a_set, the_parent_hears_after_the_childs_end) {
    EXPECT_EQ(status_of_child([&] {
                  {
                      const wait_set ends_here(std::move(set_));
                  }
                  return 0;
              }),
              0);
    ASSERT_EQ(::write(ends_[1], "x", 1), 1);
    EXPECT_EQ(set_.wait_any_for(got_, 10s), std::errc{});
    EXPECT_EQ(got_.token, 2U);
}

TEST_F(fork_with_a_set, the_child_takes_no_edge_of_the_parents) {
    int edges[2] = {-1, -1};
    ASSERT_EQ(::pipe(edges), 0);
    set_.add(edges[0], EPOLLIN | EPOLLET, 3);
    ASSERT_EQ(::write(edges[1], "x", 1), 1);
    EXPECT_EQ(status_of_child([&] { return set_.try_any(got_) == std::errc{} && got_.token == 3 ? 0 : 1; }), 0);
    EXPECT_EQ(set_.try_any(got_), std::errc{});
    EXPECT_EQ(got_.token, 3U);
    ::close(edges[0]);
    ::close(edges[1]);
}

TEST_F(fork_with_a_set, a_childs_wait_hears_of_the_childs_members) {
    EXPECT_EQ(status_of_child([&] {
                  set_event got{};
                  {
                      observed_thread waiter([&] { (void)set_.wait_any_for(got, 10s); });
                      if (!eventually([&] { return sleeps_now(waiter.tid()); })) return 1;
                      object_.signal();
                      if (!waiter.seen_done()) return 2;
                  }
                  return got.token == 1 ? 0 : 3;
              }),
              0);
    EXPECT_EQ(object_.count(), 0U);
}

// A waiter of the parent sleeps; in the child nobody does, and nobody is counted as if.
TEST_F(fork_with_a_set, a_sleeper_is_not_in_the_child) {
    observed_thread waiter([&] { (void)set_.wait_any_for(got_, 20s); });
    ASSERT_TRUE(eventually([&] { return waiter.tid() != 0 && sleeps_now(waiter.tid()); }));
    EXPECT_EQ(status_of_child([&] {
                  set_event got{};
                  object_.signal();
                  return set_.wait_any_for(got, 10s) == std::errc{} && got.token == 1 ? 0 : 1;
              }),
              0);
    EXPECT_FALSE(waiter.done());
    object_.signal();
    ASSERT_TRUE(waiter.seen_done());
    EXPECT_EQ(got_.token, 1U);
}

// The same without fork handlers: a child by the system call alone.
TEST_F(fork_with_a_set, a_child_by_the_system_call_alone) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer must hear of a fork";
    const int fd = object_.fd();
    ASSERT_TRUE(object_.signal());
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (child == 0) {
        std::uint64_t value = 0;
        const bool right = set_.wait_any_for(got_, 10s) == std::errc{} && got_.token == 1 &&
                           object_.try_read(value) == std::errc::resource_unavailable_try_again;
        ::_exit(right ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    pollfd asked{fd, POLLIN, 0};
    EXPECT_EQ(::poll(&asked, 1, 0), 1) << "the child took the parent's ring";
}

// One thread writes to a member and takes from it at full speed; a child whose copy has a count finds it.
TEST(fork_amid, a_write_to_a_member) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer allows a child little";
    eventfd object;
    wait_set set;
    set.add(object, 1);
    std::atomic<bool> over{false};
    std::jthread writer([&] {
        std::uint64_t value = 0;
        while (!over) {
            (void)object.write(1);
            (void)object.try_read(value);
        }
    });
    for (int child = 0; child < 300; ++child)
        EXPECT_EQ(status_of_child([&] {
                      set_event got{};
                      if (object.count() == 0) return 0;
                      if (child % 2 == 0) return set.try_any(got) == std::errc{} ? 0 : 1;
                      return set.wait_any_for(got, 10s) == std::errc{} ? 0 : 2;
                  }),
                  0);
    over = true;
}

// As fork_with_a_set.a_child_by_the_system_call_alone, beside such a thread: nothing is done in the child before its
// first look.
TEST(fork_amid, a_write_to_a_member_by_the_system_call_alone) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer must hear of a fork";
    std::array<eventfd, 40> objects;
    wait_set set;
    for (std::size_t i = 0; i < objects.size(); ++i) set.add(objects[i], i);
    std::atomic<bool> over{false};
    std::jthread writer([&] {
        std::uint64_t value = 0;
        for (std::size_t i = 0; !over; ++i) {
            eventfd& next = objects[i % objects.size()];
            (void)next.write(1);
            (void)next.try_read(value);
        }
    });
    for (int round = 0; round < 1000; ++round) {
        const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        if (child == 0) {
            set_event got{};
            const bool any = std::any_of(objects.begin(), objects.end(), [](eventfd& one) { return one.count() > 0; });
            ::_exit(!any || set.try_any(got) == std::errc{} ? 0 : 1);
        }
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << round;
        if (status != 0) break;
    }
    over = true;
}

// One thread takes from two objects at once; a child may read, look and signal.
TEST(fork_amid, a_take_of_many) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer allows a child little";
    eventfd one;
    eventfd two;
    wait_set set;
    set.add(one, 1);
    set.add(two, 2);
    std::atomic<bool> over{false};
    std::jthread taker([&] {
        set_event got[2];
        while (!over) {
            (void)one.write(1);
            (void)two.write(1);
            (void)set.try_all(got);
        }
    });
    for (int child = 0; child < 300; ++child)
        EXPECT_EQ(status_of_child([&] {
                      ::alarm(20);
                      std::uint64_t value = 0;
                      (void)one.try_read(value);
                      (void)two.poll();
                      return two.signal() ? 0 : 1;
                  }),
                  0);
    over = true;
}

// One thread is inside a callback, for as long as the child lives; the child's queue is its own.
TEST(fork_amid, a_callback) {
    struct holding : efd::wait_queue_entry {
        std::atomic<bool> entered{false};
        std::atomic<bool> may_return{false};
        pid_t of = ::getpid();
        int calls = 0;
    } entry;
    entry.mask = POLLIN;
    entry.callback = [](efd::wait_queue_entry& which, std::uint32_t) {
        auto& self = static_cast<holding&>(which);
        ++self.calls;
        if (self.of != ::getpid()) return 0;
        self.entered = true;
        while (!self.may_return) std::this_thread::yield();
        return 0;
    };
    eventfd object;
    std::uint32_t ready = 0;
    ASSERT_EQ(object.add_wait_queue(entry, ready), std::errc{});
    std::jthread signaller([&] { object.signal(); });
    while (!entry.entered) std::this_thread::yield();
    EXPECT_EQ(status_of_child([&] {
                  ::alarm(20);
                  const int before = entry.calls;
                  object.signal();
                  if (entry.calls == before) return 1;
                  return object.remove_wait_queue(entry) == std::errc{} ? 0 : 2;
              }),
              0);
    entry.may_return = true;
    signaller.join();
    EXPECT_EQ(object.remove_wait_queue(entry), std::errc{});
}

} // namespace
} // namespace efd::tests
