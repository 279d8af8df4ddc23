// SPDX-License-Identifier: MIT
// What a program must not do, and what it is told then: each ends with a sentence that names it.
#define EFD_NAMES_MISUSE 1
#include "support/called_entry.hpp"
#include "support/sanitizer.hpp"

#include <efd/efd.h>
#include <efd/eventfd.hpp>
#include <efd/wait_set.hpp>

#include <atomic>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <stdexcept>
#include <thread>

namespace {

using efd::eventfd;
using entry = efd::tests::called_entry;

class misuse : public testing::Test {
  protected:
    misuse() { GTEST_FLAG_SET(death_test_style, efd::tests::death_test_style); }
    void add(efd::wait_queue_entry& e) {
        std::uint32_t ready = 0;
        ASSERT_EQ(object_.add_wait_queue(e, ready), std::errc{});
    }
    eventfd object_;
};

TEST_F(misuse, an_exception_that_leaves_a_callback) {
    EXPECT_DEATH(
        {
            entry e([](std::uint32_t) -> int { throw std::runtime_error("out of it"); });
            add(e);
            object_.signal();
        },
        "efd: an exception left a callback");
}

// POSIX does not say what becomes of the frames of C++ above pthread_exit; some libcs leave them as they are.
bool pthread_exit_unwinds() {
    static std::atomic<bool> unwound{false};
    struct frame {
        ~frame() { unwound = true; }
    };
    pthread_t thread;
    const auto body = [](void*) -> void* {
        const frame inside;
        ::pthread_exit(nullptr);
    };
    return ::pthread_create(&thread, nullptr, body, nullptr) == 0 && ::pthread_join(thread, nullptr) == 0 && unwound;
}

TEST_F(misuse, pthread_exit_in_a_callback) {
    if (!pthread_exit_unwinds())
        GTEST_SKIP() << "pthread_exit of this libc does not unwind, so nobody sees that it left";
    EXPECT_DEATH(
        {
            entry e([](std::uint32_t) -> int { ::pthread_exit(nullptr); });
            add(e);
            object_.signal();
        },
        "efd: pthread_exit or a cancellation left a callback");
}

TEST_F(misuse, an_exception_that_leaves_deferred_work) {
    struct throwing : efd::deferred_work {
    } work;
    work.callback = [](efd::deferred_work&) { throw std::runtime_error("out of it"); };
    EXPECT_DEATH(
        {
            entry e([&](std::uint32_t) {
                efd::defer(work);
                return 0;
            });
            add(e);
            object_.signal();
        },
        "efd: an exception left a callback or deferred work");
    EXPECT_DEATH(efd::defer(work), "efd: an exception left a callback or deferred work");
}

TEST_F(misuse, a_handle_that_was_moved_from) {
    eventfd other(std::move(object_));
    std::uint64_t value = 0;
    EXPECT_DEATH((void)object_.write(1), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)object_.try_read(value), "efd: a handle that was moved from is used");
    EXPECT_DEATH(object_.signal(), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)object_.fd(), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)object_.arm(POLLIN), "efd: a handle that was moved from is used");
    const efd::wait_set set;
    EXPECT_DEATH((void)set.add(object_, 1), "efd: a handle that was moved from is used");
    object_ = std::move(other);
    EXPECT_TRUE(object_.signal());
}

TEST_F(misuse, a_set_that_was_moved_from) {
    efd::wait_set set;
    efd::wait_set other(std::move(set));
    efd::set_event got{};
    EXPECT_DEATH((void)set.try_any(got), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)set.wait_any(got), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)set.wait_any(got, efd::wait_options{}), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)set.add(object_, 1), "efd: a handle that was moved from is used");
    EXPECT_DEATH((void)other.add(set, 1), "efd: a handle that was moved from is used");
    set = std::move(other);
    EXPECT_EQ(set.size(), 0U);
}

} // namespace
