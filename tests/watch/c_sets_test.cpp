// SPDX-License-Identifier: MIT
// The C face of sets: what it gives, and each errno.
#include <efd/efd.h>

#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace {

#define EXPECT_FAILS(call, error)                                                                                      \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        EXPECT_EQ(call, -1);                                                                                           \
        EXPECT_EQ(errno, error);                                                                                       \
    } while (false)

class c_sets : public testing::Test {
  protected:
    ~c_sets() override {
        efd_wait_set_destroy(set_);
        efd_wait_set_destroy(other_);
        efd_put(a_);
        efd_put(b_);
    }
    efd_wait_set_t* set_ = efd_wait_set_create();
    efd_wait_set_t* other_ = efd_wait_set_create();
    efd_t* a_ = efd_create(0, 0);
    efd_t* b_ = efd_create(0, EFD_SEMAPHORE);
    std::array<efd_wait_set_event, 4> got_{};
};

TEST_F(c_sets, any_ready_and_all) {
    ASSERT_GE(efd_wait_set_add(set_, a_, 1), 0);
    const int b = efd_wait_set_add(set_, b_, 2);
    ASSERT_GE(b, 0);
    EXPECT_FAILS(efd_wait_set_try_any(set_, got_.data()), EAGAIN);
    EXPECT_FAILS(efd_wait_set_wait_any(set_, got_.data(), 1), ETIMEDOUT);
    ASSERT_EQ(efd_write(a_, 5), 0);
    ASSERT_EQ(efd_wait_set_wait_ready(set_, got_.data(), 4, EFD_FOREVER), 1);
    EXPECT_EQ(got_[0].token, 1U);
    EXPECT_FAILS(efd_wait_set_wait_all(set_, got_.data(), 4, 1), ETIMEDOUT);
    ASSERT_EQ(efd_write(b_, 2), 0);
    ASSERT_EQ(efd_wait_set_wait_all(set_, got_.data(), 4, EFD_FOREVER), 2);
    EXPECT_EQ(got_[0].value, 5U);
    EXPECT_EQ(got_[1].value, 1U);
    ASSERT_EQ(efd_wait_set_wait_any(set_, got_.data(), EFD_FOREVER), 0);
    EXPECT_EQ(got_[0].token, 2U);
    EXPECT_EQ(efd_wait_set_remove(set_, b), 0);
    EXPECT_FAILS(efd_wait_set_remove(set_, b), EINVAL);
}

TEST_F(c_sets, descriptors_and_nesting) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ASSERT_GE(efd_wait_set_add_set(set_, other_, 8), 0);
    EXPECT_FAILS(efd_wait_set_add_set(other_, set_, 0), EINVAL);
    EXPECT_FAILS(efd_wait_set_add_fd(other_, ends[0], POLLIN, 9), EINVAL); // it stands in another
    ASSERT_GE(efd_wait_set_add_fd(set_, ends[0], POLLIN, 9), 0);
    EXPECT_FAILS(efd_wait_set_add_fd(set_, ends[0], POLLIN, 9), EEXIST);
    EXPECT_FAILS(efd_wait_set_add_fd(set_, -1, POLLIN, 9), EBADF);
    ASSERT_GE(efd_wait_set_add(other_, a_, 3), 0);
    ASSERT_EQ(efd_signal(a_), 0);
    ASSERT_EQ(efd_wait_set_wait_ready(set_, got_.data(), 4, EFD_FOREVER), 1);
    EXPECT_EQ(got_[0].token, 8U) << "of the member of the set that was asked, whether something was taken or not";
    EXPECT_EQ(got_[0].origin, 8U);
    ASSERT_EQ(efd_wait_set_wait_any(set_, got_.data(), EFD_FOREVER), 0);
    EXPECT_EQ(got_[0].token, 8U);
    EXPECT_EQ(got_[0].origin, 3U) << "of the object that was taken from";
    EXPECT_EQ(got_[0].value, 1U);
    ASSERT_EQ(efd_signal(a_), 0);
    ASSERT_EQ(efd_wait_set_try_any(set_, got_.data()), 0);
    EXPECT_EQ(got_[0].token, 8U);
    EXPECT_EQ(got_[0].origin, 3U);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    pollfd one{efd_wait_set_fd(set_), POLLIN, 0};
    EXPECT_EQ(::poll(&one, 1, 0), 1);
    ASSERT_EQ(efd_wait_set_wait_any(set_, got_.data(), EFD_FOREVER), 0);
    EXPECT_EQ(got_[0].token, 9U);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(c_sets, a_try_takes_from_all_or_from_none) {
    EXPECT_EQ(efd_wait_set_size(set_), 0);
    ASSERT_GE(efd_wait_set_add(set_, a_, 1), 0);
    ASSERT_GE(efd_wait_set_add(set_, b_, 2), 0);
    EXPECT_EQ(efd_wait_set_size(set_), 2);
    ASSERT_EQ(efd_write(a_, 3), 0);
    EXPECT_FAILS(efd_wait_set_try_all(set_, got_.data(), 4), EAGAIN);
    EXPECT_EQ(efd_count(a_), 3U);
    ASSERT_EQ(efd_write(b_, 1), 0);
    EXPECT_EQ(efd_wait_set_try_all(set_, got_.data(), 4), 2);
    EXPECT_EQ(got_[0].value + got_[1].value, 4U);
    EXPECT_EQ(efd_count(a_) + efd_count(b_), 0U);
}

TEST_F(c_sets, what_is_not_there_is_said) {
    EXPECT_FAILS(efd_wait_set_add(nullptr, a_, 0), EBADF);
    EXPECT_FAILS(efd_wait_set_add(set_, nullptr, 0), EBADF);
    EXPECT_FAILS(efd_wait_set_add_set(set_, nullptr, 0), EBADF);
    EXPECT_FAILS(efd_wait_set_add_fd(nullptr, 0, POLLIN, 0), EBADF);
    EXPECT_FAILS(efd_wait_set_remove(nullptr, 0), EBADF);
    EXPECT_FAILS(efd_wait_set_remove(set_, -1), EINVAL);
    EXPECT_FAILS(efd_wait_set_try_any(nullptr, got_.data()), EBADF);
    EXPECT_FAILS(efd_wait_set_try_any(set_, nullptr), EFAULT);
    EXPECT_FAILS(efd_wait_set_wait_ready(set_, nullptr, 1, 0), EFAULT);
    EXPECT_FAILS(efd_wait_set_wait_ready(set_, got_.data(), 0, 0), EINVAL);
    EXPECT_FAILS(efd_wait_set_wait_all(set_, got_.data(), 4, 0), EINVAL);
    EXPECT_FAILS(efd_wait_set_try_all(set_, got_.data(), 4), EINVAL);
    EXPECT_FAILS(efd_wait_set_try_all(nullptr, got_.data(), 4), EBADF);
    EXPECT_FAILS(efd_wait_set_try_all(set_, nullptr, 4), EFAULT);
    EXPECT_FAILS(efd_wait_set_size(nullptr), EBADF);
    const efd_wait_options wrong{0, nullptr, -1, 0, {0, 0}};
    EXPECT_FAILS(efd_wait_set_wait_any_with(set_, got_.data(), &wrong), EINVAL);
    EXPECT_FAILS(efd_wait_set_wait_ready_with(set_, got_.data(), 4, &wrong), EINVAL);
    EXPECT_FAILS(efd_wait_set_wait_all_with(set_, got_.data(), 4, &wrong), EINVAL);
    EXPECT_FAILS(efd_wait_set_wait_any_with(set_, nullptr, &wrong), EFAULT);
    EXPECT_FAILS(efd_wait_set_wait_ready_with(set_, nullptr, 4, &wrong), EFAULT);
    EXPECT_FAILS(efd_wait_set_wait_all_with(set_, nullptr, 4, &wrong), EFAULT);
    EXPECT_FAILS(efd_wait_set_wait_any_with(nullptr, nullptr, &wrong), EBADF);
    EXPECT_FAILS(efd_wait_set_wait_ready_with(nullptr, nullptr, 4, &wrong), EBADF);
    EXPECT_FAILS(efd_wait_set_wait_all_with(nullptr, nullptr, 4, &wrong), EBADF);
    EXPECT_FAILS(efd_wait_set_fd(nullptr), EBADF);
    EXPECT_FAILS(efd_wait_set_set_linger(set_, -2), EINVAL);
    EXPECT_EQ(efd_wait_set_set_linger(set_, EFD_LINGER_AUTO), 0);
    efd_cancel_t* const cancel = efd_cancel_create();
    ASSERT_EQ(efd_cancel_request(cancel), 0);
    ASSERT_GE(efd_wait_set_add(set_, a_, 1), 0);
    efd_wait_options until = EFD_WAIT_OPTIONS_INIT;
    until.cancel = cancel;
    EXPECT_FAILS(efd_wait_set_wait_any_with(set_, got_.data(), &until), ECANCELED);
    EXPECT_FAILS(efd_wait_set_wait_ready_with(set_, got_.data(), 4, &until), ECANCELED);
    EXPECT_FAILS(efd_wait_set_wait_all_with(set_, got_.data(), 4, &until), ECANCELED);
    until.blocking = EFD_BLOCKING_NEVER;
    EXPECT_FAILS(efd_wait_set_wait_any_with(set_, got_.data(), &until), EAGAIN);
    efd_cancel_destroy(cancel);
    efd_wait_set_destroy(nullptr);
}

// <efd/old_names.h>: what was written for 0.1 means the same.
TEST(old_names, of_sets_and_entries_still_work) {
    efd_set_t* const set = efd_set_create();
    efd_set_t* const inner = efd_set_create();
    efd_t* const object = efd_create(1, EFD_NONBLOCK);
    efd_cancel_t* const cancel = efd_cancel_create();
    efd_set_event got{};
    EXPECT_GE(efd_set_add_set(set, inner), 0);
    const int member = efd_set_add(inner, object, 7);
    ASSERT_GE(member, 0);
    EXPECT_EQ(efd_set_wait_any_cancellable(set, &got, EFD_FOREVER, cancel), 0);
    EXPECT_EQ(got.origin, 7U);
    EXPECT_EQ(got.value, 1U);
    EXPECT_EQ(efd_cancel_request(cancel), 0);
    std::uint64_t value = 0;
    EXPECT_FAILS(efd_read_cancellable(object, &value, EFD_FOREVER, cancel), ECANCELED); // sleeps, whatever the flags
    EXPECT_EQ(efd_set_remove(inner, member), 0);
    struct efd_wait_entry entry =
        EFD_WAIT_QUEUE_ENTRY_INIT([](efd_wait_entry*, unsigned) { return 1; }, POLLIN, 0, nullptr);
    EXPECT_EQ(efd_wait_add(object, &entry, nullptr), 0);
    EXPECT_EQ(efd_wait_remove(object, &entry), 0);
    efd_set_destroy(set);
    efd_set_destroy(inner);
    efd_put(object);
    efd_cancel_destroy(cancel);
}

} // namespace
