// SPDX-License-Identifier: MIT
// tests/dropin/limits/cached_limits_test.cpp: two limits of the drop-in that need another thread at one moment, shown
// by the rules beside a kernel whose every call may be another thread's turn.
#include "dropin/rules/kernel_side.hpp"

#include "dropin/known_eventfd.hpp"

#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>

namespace efd::dropin {
namespace {

bool has_free_number = true;
std::function<void()> before_adding; // what another thread does

} // namespace

// The door to the kernel, in the place of table/kernel_side.cpp.
long read_now(int fd, void* to, std::size_t length) noexcept {
    const ssize_t got = ::read(fd, to, length);
    return got < 0 ? -errno : got;
}
int private_dup(int fd) noexcept { return has_free_number ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1; }
void close_private_dup(int dup) noexcept { (void)::close(dup); }
bool add_units(int fd, std::uint64_t n) noexcept {
    before_adding();
    return ::write(fd, &n, sizeof n) == sizeof n;
}
signals_blocked::signals_blocked() noexcept = default;
signals_blocked::~signals_blocked() = default;
void promote_if_welcome(fd_slot& /*slot*/, int /*fd*/) noexcept {}

namespace {

// Kernel 1, cached 4.
void put_five(known_eventfd& it) {
    ASSERT_TRUE(it.promote_now());
    for (int i = 0; i < 5; ++i) ASSERT_EQ(it.write(1), 8);
    ASSERT_EQ(it.kernel_count(), 1U);
}

// Another thread closes the number and opens a file, as units are on their way back: the size of the file then.
off_t bytes_in_a_file_opened_meanwhile(known_eventfd& it) {
    int file = -1;
    before_adding = [&] {
        ::close(it.fd());
        file = ::memfd_create("another", MFD_CLOEXEC);
        ASSERT_EQ(file, it.fd()) << "the lowest that is free";
    };
    it.demote_now();
    return ::lseek(file, 0, SEEK_END);
}

TEST(cached_limits, units_reach_a_file_where_no_number_is_free) {
    known_eventfd it;
    put_five(it);
    has_free_number = false;
    EXPECT_EQ(bytes_in_a_file_opened_meanwhile(it), 8);
}

TEST(cached_limits, units_never_reach_a_file_where_a_number_is_free) {
    known_eventfd it;
    put_five(it);
    has_free_number = true;
    EXPECT_EQ(bytes_in_a_file_opened_meanwhile(it), 0);
}

TEST(cached_limits, two_readers_divide_what_one_would_have_got_where_a_write_comes_between) {
    constexpr std::uintptr_t first = 64;
    constexpr std::uintptr_t second = 128;
    known_eventfd it;
    put_five(it);
    const read_ticket one = begin_reading(it.slot(), first);
    ASSERT_EQ(it.read_unseen(), 1);
    it.write_unseen(2);
    const read_ticket other = begin_reading(it.slot(), second);
    ASSERT_EQ(it.read_unseen(), 2);
    EXPECT_EQ(2 + take_cached(it.slot(), other), 6U);
    EXPECT_EQ(1 + take_cached(it.slot(), one), 1U) << "of the kernel alone: 5 and 2, or 7 and nothing";
    EXPECT_TRUE(is_demoted(it.word())) << "once in its life";
}

} // namespace
} // namespace efd::dropin
