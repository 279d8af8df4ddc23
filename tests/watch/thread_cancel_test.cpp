// SPDX-License-Identifier: MIT
// pthread_cancel, deferred as it is by default: a call that does not sleep by contract is no cancellation point, and
// does all that it does before the thread ends. An asynchronous one, or pthread_exit in a handler, ends the thread
// inside the call, as a jump would, and the program goes on.
#include <efd/efd.h>

#include "support/sanitizer.hpp"

#include <atomic>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>

namespace {

// Runs `call` in a thread for which a cancellation is pending, and says how the thread ended. Where a cancellation
// leaves a function that is noexcept, the program ends here.
void* end_of_thread_with(std::function<void()> call) {
    pthread_t thread{};
    void* result = nullptr;
    const auto body = [](void* what) -> void* {
        ::pthread_cancel(::pthread_self());
        (*static_cast<std::function<void()>*>(what))();
        ::pthread_testcancel();
        return nullptr;
    };
    EXPECT_EQ(::pthread_create(&thread, nullptr, body, &call), 0);
    EXPECT_EQ(::pthread_join(thread, &result), 0);
    return result;
}

class thread_cancel : public testing::Test {
  protected:
    thread_cancel() { EXPECT_EQ(::pipe(ends_), 0); }
    ~thread_cancel() override {
        efd_wait_set_destroy(set_);
        efd_put(object_);
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    efd_t* object_ = efd_create(0, 0);
    efd_wait_set_t* set_ = efd_wait_set_create();
    efd_wait_set_event got_{};
    int ends_[2] = {-1, -1};
    std::uint64_t count_ = 0;
};

TEST_F(thread_cancel, a_signal_that_rings_and_a_read_that_silences) {
    const int fd = efd_fd(object_, EFD_LEVEL);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(end_of_thread_with([&] { efd_signal(object_); }), PTHREAD_CANCELED);
    pollfd asked{fd, POLLIN, 0};
    EXPECT_EQ(::poll(&asked, 1, 0), 1);
    EXPECT_EQ(end_of_thread_with([&] { EXPECT_EQ(efd_try_read(object_, &count_), 0); }), PTHREAD_CANCELED);
    EXPECT_EQ(count_, 1U);
    EXPECT_EQ(::poll(&asked, 1, 0), 0);
}

TEST_F(thread_cancel, an_armed_ring) {
    ASSERT_GE(efd_fd(object_, EFD_ARMED), 0);
    EXPECT_EQ(end_of_thread_with([&] {
                  EXPECT_EQ(efd_arm(object_, POLLIN), 0);
                  efd_signal(object_);
              }),
              PTHREAD_CANCELED);
    pollfd asked{efd_fd(object_, EFD_ARMED), POLLIN, 0};
    EXPECT_EQ(::poll(&asked, 1, 0), 1);
}

TEST_F(thread_cancel, a_set_with_a_descriptor) {
    EXPECT_EQ(end_of_thread_with([&] {
                  EXPECT_EQ(efd_wait_set_add(set_, object_, 1), 0);
                  EXPECT_EQ(efd_wait_set_add_fd(set_, ends_[0], EPOLLIN, 2), 1);
                  EXPECT_EQ(efd_wait_set_try_any(set_, &got_), -1);
                  EXPECT_EQ(efd_wait_set_wait_any(set_, &got_, 1), -1); // a deadline long past
              }),
              PTHREAD_CANCELED);
}

TEST_F(thread_cancel, a_set_that_finds_a_descriptor_and_forgets_it) {
    ASSERT_EQ(efd_wait_set_add_fd(set_, ends_[0], EPOLLIN, 2), 0);
    ASSERT_EQ(::write(ends_[1], "x", 1), 1);
    EXPECT_EQ(end_of_thread_with([&] {
                  EXPECT_EQ(efd_wait_set_wait_any(set_, &got_, EFD_FOREVER), 0);
                  EXPECT_EQ(efd_wait_set_remove(set_, 0), 0);
                  efd_wait_set_destroy(set_);
                  set_ = nullptr;
              }),
              PTHREAD_CANCELED);
    EXPECT_EQ(got_.token, 2U);
}

TEST_F(thread_cancel, the_last_put) {
    const int fd = efd_fd(object_, EFD_LEVEL);
    EXPECT_EQ(end_of_thread_with([&] { efd_put(object_); }), PTHREAD_CANCELED);
    object_ = nullptr;
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "the descriptor is open still";
}

TEST_F(thread_cancel, the_calls_on_numbers) {
    EXPECT_EQ(end_of_thread_with([&] {
                  const int fd = efd_eventfd(0, EFD_NONBLOCK);
                  const int other = efd_fd_dup(fd);
                  count_ = 1;
                  EXPECT_EQ(efd_fd_write(fd, &count_, 8), 8);
                  EXPECT_EQ(efd_fd_read(other, &count_, 8), 8);
                  EXPECT_EQ(efd_fd_fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
                  EXPECT_EQ(efd_fd_close(other), 0);
                  EXPECT_EQ(efd_fd_close(fd), 0);
              }),
              PTHREAD_CANCELED);
}

// Plain functions, as in C: a frame of C++ with something to destroy ends the program where a thread leaves a call that
// is noexcept.
struct shared_things {
    efd_t* object;
    efd_wait_set_t* set;
    int number;
    std::atomic<bool> begun{false};
};

void* sleep_in_a_read(void* given) {
    auto& things = *static_cast<shared_things*>(given);
    std::uint64_t count = 0;
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    things.begun = true;
    efd_read(things.object, &count);
    return nullptr;
}

void* sleep_in_a_set(void* given) {
    auto& things = *static_cast<shared_things*>(given);
    efd_wait_set_event got{};
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    things.begun = true;
    efd_wait_set_wait_any(things.set, &got, EFD_FOREVER);
    return nullptr;
}

void* sleep_until_a_deadline(void* given) {
    auto& things = *static_cast<shared_things*>(given);
    std::uint64_t count = 0;
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    things.begun = true;
    efd_read_for(things.object, &count, UINT64_C(3600'000'000'000));
    return nullptr;
}

void* write_and_read(void* given) {
    auto& things = *static_cast<shared_things*>(given);
    std::uint64_t count = 1;
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    for (things.begun = true;;) {
        efd_signal(things.object);
        efd_try_read(things.object, &count);
        efd_fd_write(things.number, &count, sizeof count);
        efd_fd_read(things.number, &count, sizeof count);
    }
}

TEST(thread_end, inside_a_call_leaves_the_program_alone) {
    if (efd::tests::under_tsan) GTEST_SKIP() << "a thread may end inside its runtime, which has locks of its own";
    for (void* (*const body)(void*) : {sleep_in_a_read, sleep_in_a_set, sleep_until_a_deadline, write_and_read}) {
        for (int round = 0; round < 20; ++round) {
            shared_things things{efd_create(0, 0), efd_wait_set_create(), efd_eventfd(0, EFD_NONBLOCK)};
            ASSERT_GE(efd_wait_set_add(things.set, things.object, 1), 0);
            ASSERT_GE(efd_fd(things.object, EFD_LEVEL), 0);
            efd_put(efd_fd_ctx(things.number)); // the first call that names it
            pthread_t thread{};
            ASSERT_EQ(::pthread_create(&thread, nullptr, body, &things), 0);
            while (!things.begun) std::this_thread::yield();
            ASSERT_EQ(::pthread_cancel(thread), 0);
            void* result = nullptr;
            ASSERT_EQ(::pthread_join(thread, &result), 0);
            EXPECT_EQ(result, PTHREAD_CANCELED);
            EXPECT_EQ(efd_fd_close(things.number), 0);
        }
    }
}

} // namespace
