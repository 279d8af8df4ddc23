// SPDX-License-Identifier: MIT
// The border: null pointers, wrong flags, values no object takes, errno kept on success, exceptions from creation.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <poll.h>

namespace {

constexpr std::uint64_t ceiling = UINT64_MAX;

#define EXPECT_ERRNO(call, error)                                                                                      \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        EXPECT_EQ((call), -1);                                                                                         \
        EXPECT_EQ(errno, (error));                                                                                     \
    } while (false)

TEST(border, a_null_object_is_a_bad_descriptor) {
    std::uint64_t value = 0;
    unsigned ready = 0;
    efd_wait_queue_entry entry =
        EFD_WAIT_QUEUE_ENTRY_INIT([](efd_wait_queue_entry*, unsigned) { return 0; }, 0, 0, nullptr);
    efd_cancel_t* const cancel = efd_cancel_create();
    EXPECT_ERRNO(efd_read(nullptr, &value), EBADF);
    EXPECT_ERRNO(efd_write(nullptr, 1), EBADF);
    EXPECT_ERRNO(efd_try_read(nullptr, &value), EBADF);
    EXPECT_ERRNO(efd_try_write(nullptr, 1), EBADF);
    EXPECT_ERRNO(efd_read_until(nullptr, &value, 0), EBADF);
    EXPECT_ERRNO(efd_write_until(nullptr, 1, 0), EBADF);
    EXPECT_ERRNO(efd_read_for(nullptr, &value, 0), EBADF);
    EXPECT_ERRNO(efd_write_for(nullptr, 1, 0), EBADF);
    const efd_wait_options at_once{0, cancel, EFD_BLOCKING_ALWAYS, 0, {0, 0}};
    EXPECT_ERRNO(efd_read_with(nullptr, &value, &at_once), EBADF);
    EXPECT_ERRNO(efd_read_some_with(nullptr, &value, 1, &at_once), EBADF);
    EXPECT_ERRNO(efd_write_with(nullptr, 1, &at_once), EBADF);
    EXPECT_ERRNO(efd_signal(nullptr), EBADF);
    EXPECT_ERRNO(efd_signal_deferred(nullptr), EBADF);
    EXPECT_ERRNO(efd_poll(nullptr), EBADF);
    EXPECT_ERRNO(efd_id(nullptr), EBADF);
    EXPECT_ERRNO(efd_flags(nullptr), EBADF);
    EXPECT_ERRNO(efd_set_nonblock(nullptr, 1), EBADF);
    EXPECT_ERRNO(efd_set_linger(nullptr, 0), EBADF);
    EXPECT_ERRNO(efd_wait_queue_add(nullptr, &entry, &ready), EBADF);
    EXPECT_ERRNO(efd_wait_queue_remove(nullptr, &entry), EBADF);
    EXPECT_ERRNO(efd_wait_queue_remove_and_read(nullptr, &entry, &value), EBADF);
    EXPECT_ERRNO(efd_cancel_request(nullptr), EBADF);
    errno = 0;
    EXPECT_EQ(efd_get(nullptr), nullptr);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(efd_count(nullptr), 0U);
    efd_put(nullptr);
    efd_cancel_destroy(nullptr);
    efd_cancel_destroy(cancel);
}

TEST(border, a_null_place_for_a_value_is_efault_and_takes_nothing) {
    efd_t* const object = efd_create(5, 0);
    EXPECT_ERRNO(efd_read(object, nullptr), EFAULT);
    EXPECT_ERRNO(efd_try_read(object, nullptr), EFAULT);
    EXPECT_ERRNO(efd_read_until(object, nullptr, 0), EFAULT);
    EXPECT_ERRNO(efd_read_for(object, nullptr, 0), EFAULT);
    EXPECT_ERRNO(efd_wait_queue_add(object, nullptr, nullptr), EFAULT);
    EXPECT_ERRNO(efd_wait_queue_remove(object, nullptr), EFAULT);
    EXPECT_ERRNO(efd_defer(nullptr), EFAULT);
    efd_work nothing{};
    EXPECT_ERRNO(efd_defer(&nothing), EINVAL);
    std::uint64_t value = 0;
    const efd_wait_options wrong{0, nullptr, EFD_BLOCKING_ALWAYS + 1, 0, {0, 0}};
    EXPECT_ERRNO(efd_read_with(object, &value, &wrong), EINVAL);
    EXPECT_ERRNO(efd_read_some_with(object, &value, 1, &wrong), EINVAL);
    EXPECT_ERRNO(efd_write_with(object, 1, &wrong), EINVAL);
    const efd_wait_options later{0, nullptr, EFD_BLOCKING_ALWAYS, 0, {0, 1}};
    EXPECT_ERRNO(efd_read_with(object, &value, &later), EINVAL);
    EXPECT_ERRNO(efd_read_with(object, nullptr, nullptr), EFAULT);
    EXPECT_ERRNO(efd_read_with(object, nullptr, &wrong), EFAULT);
    EXPECT_ERRNO(efd_read_some_with(object, nullptr, 1, &wrong), EFAULT);
    EXPECT_ERRNO(efd_read_with(nullptr, nullptr, &wrong), EBADF);
    EXPECT_ERRNO(efd_read_some_with(nullptr, &value, 1, &wrong), EBADF);
    EXPECT_ERRNO(efd_write_with(nullptr, 1, &wrong), EBADF);
    EXPECT_EQ(efd_count(object), 5U);
    efd_put(object);
}

TEST(border, every_flag_but_the_four_is_refused) {
    for (int combination = 0; combination < 8; ++combination) {
        const int flags = (combination & 1 ? EFD_SEMAPHORE : 0) | (combination & 2 ? EFD_NONBLOCK : 0) |
                          (combination & 4 ? EFD_CLOEXEC : 0);
        efd_t* const object = efd_create(0, flags);
        ASSERT_NE(object, nullptr);
        EXPECT_EQ(efd_flags(object), flags);
        efd_put(object);
    }
    for (unsigned bit = 0; bit < 32; ++bit) {
        const unsigned flag = 1U << bit;
        if (flag == EFD_SEMAPHORE || flag == EFD_NONBLOCK || flag == EFD_CLOEXEC || flag == EFD_SHARED) continue;
        errno = 0;
        EXPECT_EQ(efd_create(0, static_cast<int>(flag)), nullptr);
        EXPECT_EQ(errno, EINVAL);
        EXPECT_EQ(efd_create(0, static_cast<int>(flag | EFD_NONBLOCK)), nullptr);
        EXPECT_THROW(efd::eventfd(0, static_cast<efd::flags>(flag)), std::system_error);
    }
    EXPECT_EQ(efd_create(0, -1), nullptr);
}

TEST(border, the_ceiling_is_no_value_to_start_with_nor_to_write) {
    errno = 0;
    EXPECT_EQ(efd_create(ceiling, 0), nullptr);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_THROW(efd::eventfd{ceiling}, std::system_error);
    efd_t* const object = efd_create(ceiling - 1, 0);
    EXPECT_ERRNO(efd_write(object, ceiling), EINVAL);
    EXPECT_ERRNO(efd_write_for(object, ceiling, 0), EINVAL);
    EXPECT_ERRNO(efd_try_write(object, 1), EAGAIN);
    EXPECT_EQ(efd_count(object), ceiling - 1);
    efd_put(object);
}

TEST(border, errno_is_kept_on_success) {
    errno = 4711;
    efd_t* const object = efd_create(1, 0);
    std::uint64_t value = 0;
    EXPECT_EQ(efd_read(object, &value), 0);
    EXPECT_EQ(efd_write(object, 1), 0);
    EXPECT_EQ(efd_write(object, 1'000'000), 0);
    EXPECT_EQ(efd_signal(object), 0);
    EXPECT_EQ(efd_poll(object), POLLIN | POLLOUT);
    efd_put(object);
    EXPECT_EQ(errno, 4711);
}

TEST(border, c_entries_are_called_removed_and_read) {
    struct counted {
        efd_wait_queue_entry entry;
        int calls;
    };
    counted one{};
    one.entry.callback = [](efd_wait_queue_entry* entry, unsigned key) {
        static_cast<counted*>(entry->context)->calls += key == POLLIN ? 1 : 100;
        return 0;
    };
    one.entry.mask = POLLIN;
    one.entry.context = &one;
    efd_t* const object = efd_create(2, EFD_SEMAPHORE);
    unsigned ready = 0;
    ASSERT_EQ(efd_wait_queue_add(object, &one.entry, &ready), 0);
    EXPECT_EQ(ready, static_cast<unsigned>(POLLIN | POLLOUT));
    EXPECT_ERRNO(efd_wait_queue_add(object, &one.entry, &ready), EINVAL);
    EXPECT_EQ(efd_signal(object), 0);
    EXPECT_EQ(one.calls, 1);
    std::uint64_t count = 0;
    EXPECT_EQ(efd_wait_queue_remove_and_read(object, &one.entry, &count), 0);
    EXPECT_EQ(count, 1U);
    EXPECT_ERRNO(efd_wait_queue_remove(object, &one.entry), EINVAL);
    EXPECT_EQ(efd_signal_allowed(), 1);
    ASSERT_EQ(efd_wait_queue_add(object, &one.entry, nullptr), 0); // an entry may come back
    EXPECT_EQ(efd_wait_queue_remove(object, &one.entry), 0);
    efd_put(object);
}

} // namespace
