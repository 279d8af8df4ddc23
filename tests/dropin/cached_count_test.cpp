// SPDX-License-Identifier: MIT
// Units cached beside a kernel's eventfd: when they are cached, how they come back, and what a stopped thread leaves.
#include "known_eventfd.hpp"

#include "support/sanitizer.hpp"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <thread>

namespace efd::dropin {
namespace {

// Promoted, and the kernel holds one unit.
void fill(known_eventfd& one) {
    ASSERT_TRUE(one.promote_now());
    ASSERT_EQ(one.write(1), 8);
    ASSERT_TRUE(is_filled(one.word()));
}

struct cached : testing::Test {
    void SetUp() override { fill(it); }

    known_eventfd it;
    // The other thread of a test that has one thread.
    static constexpr std::uintptr_t another = 64;
};

TEST_F(cached, the_kernel_keeps_one_and_a_read_takes_all) {
    EXPECT_EQ(it.write(4), 8);
    EXPECT_EQ(it.write(6), 8);
    EXPECT_EQ(it.kernel_count(), 1U);
    EXPECT_TRUE(it.readable());
    EXPECT_EQ(it.read(), 11);
    EXPECT_FALSE(it.readable());
    EXPECT_EQ(it.read(), -EAGAIN);
    EXPECT_EQ(it.counted().cached_writes.load(base::relaxed), 2U);
}

TEST_F(cached, after_a_read_the_next_write_reaches_the_kernel) {
    ASSERT_EQ(it.read(), 1);
    EXPECT_EQ(it.write(1), 8);
    EXPECT_TRUE(it.readable());
    EXPECT_EQ(it.kernel_count(), 1U);
}

TEST_F(cached, an_empty_write_is_an_edge_and_goes_to_the_kernel) {
    EXPECT_EQ(it.write(0), 8);
    EXPECT_EQ(units_of(it.word()), 0U);
    EXPECT_EQ(it.counted().uncached_writes.load(base::relaxed), 2U);
}

TEST_F(cached, the_value_that_no_write_may_have_is_refused) {
    EXPECT_EQ(it.write(UINT64_MAX), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(it.read(), 1);
}

TEST_F(cached, more_than_there_is_room_for) {
    std::int64_t sum = 1;
    for (int i = 0; i < 10; ++i, sum += 6'000'000) ASSERT_EQ(it.write(6'000'000), 8);
    EXPECT_LE(units_of(it.word()), most_units);
    EXPECT_EQ(it.read(), sum);
}

TEST_F(cached, a_huge_write_ends_it) {
    ASSERT_EQ(it.write(7), 8);
    ASSERT_EQ(it.write((1UL << 32)), 8);
    EXPECT_TRUE(is_demoted(it.word()));
    EXPECT_EQ(it.kernel_count(), (1UL << 32) + 8);
}

TEST_F(cached, semaphore_takes_cached_units_first_and_one_each) {
    known_eventfd semaphore(EFD_NONBLOCK | EFD_SEMAPHORE);
    fill(semaphore);
    ASSERT_EQ(semaphore.write(2), 8);
    EXPECT_EQ(semaphore.read(), 1);
    EXPECT_EQ(semaphore.read(), 1);
    if (!tests::under_asan) { // which has locals elsewhere than on the stack: those are the kernel's to write
        EXPECT_EQ(semaphore.kernel_count(), 1U);
        EXPECT_EQ(semaphore.counted().uncached_reads.load(base::relaxed), 0U);
    }
    EXPECT_EQ(semaphore.read(), 1);
    EXPECT_EQ(semaphore.read(), -EAGAIN);
}

TEST_F(cached, what_the_kernel_adds_is_taken_with_the_rest) {
    ASSERT_EQ(it.write(10), 8);
    it.write_unseen(100);
    EXPECT_EQ(it.read(), 111);
}

TEST_F(cached, demoted_for_good_with_the_count_flushed) {
    ASSERT_EQ(it.write(41), 8);
    it.demote_now(reason::passed);
    EXPECT_EQ(it.kernel_count(), 42U);
    EXPECT_FALSE(it.promote_now());
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 43U);
    EXPECT_EQ(it.read_unseen(), 43);
    EXPECT_EQ(it.demoted_for(), reason::passed);
}

TEST_F(cached, units_are_not_lost_to_a_thief) {
    ASSERT_EQ(it.write(5), 8);
    ASSERT_EQ(it.read_unseen(), 1); // unseen, as by an io_uring
    EXPECT_EQ(it.read(), 5);
    EXPECT_TRUE(is_demoted(it.word()));
    EXPECT_EQ(it.demoted_for(), reason::stolen);
}

TEST_F(cached, a_buffer_that_is_not_there_consumes_all) { // K-023
    ASSERT_EQ(it.write(5), 8);
    void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(it.read_into(nowhere, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(it.read(), -EAGAIN);
    ::munmap(nowhere, 4096);
}

TEST_F(cached, a_buffer_of_the_kernel_consumes_nothing) { // K-024
    ASSERT_EQ(it.write(5), 8);
    EXPECT_EQ(it.read_into(reinterpret_cast<void*>(UINTPTR_MAX - 4095), 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(it.read(), 6);
}

TEST_F(cached, too_short_a_buffer_consumes_nothing) { // K-016
    ASSERT_EQ(it.write(5), 8);
    char small[8] = {};
    EXPECT_EQ(it.read_into(small, 7), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(it.read(), 6);
}

TEST_F(cached, a_long_buffer_gets_eight_bytes) { // K-017
    ASSERT_EQ(it.write(5), 8);
    unsigned char large[64];
    std::memset(large, 0xab, sizeof large);
    EXPECT_EQ(it.read_into(large, sizeof large), 8);
    EXPECT_EQ(large[0], 6);
    EXPECT_EQ(large[8], 0xab);
}

TEST_F(cached, a_null_buffer_is_efault) {   // K-035
    const void* volatile nowhere = nullptr; // which the compiler must not see through
    EXPECT_EQ(it.write_from(nowhere), -1);
    EXPECT_EQ(errno, EFAULT);
}

TEST_F(cached, a_reader_left_in_its_read_stops_the_caching_and_nothing_else) {
    ASSERT_EQ(begin_reading(it.slot(), another).way, read_way::counted);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 6U);
    EXPECT_EQ(it.read(), 6);
    EXPECT_EQ(it.demoted_for(), reason::several);
}

TEST_F(cached, a_reader_left_before_its_kernel_call_leaves_the_units) {
    ASSERT_EQ(it.write(9), 8);
    ASSERT_EQ(begin_reading(it.slot(), another).way, read_way::combined);
    EXPECT_EQ(it.read(), 10);
    EXPECT_EQ(it.write(3), 8);
    EXPECT_EQ(it.read(), 3);
}

TEST_F(cached, a_reader_left_behind_its_kernel_call_leaves_what_comes_with_the_next) {
    ASSERT_EQ(it.write(9), 8);
    ASSERT_EQ(begin_reading(it.slot(), another).way, read_way::combined);
    ASSERT_EQ(it.read_unseen(), 1); // the other reader's
    EXPECT_EQ(it.read(), -EAGAIN) << "the cached units are its own, too: it may still take them";
    EXPECT_FALSE(it.readable());
    EXPECT_EQ(it.write(3), 8);
    EXPECT_EQ(it.read(), 12);
}

TEST_F(cached, a_call_of_the_own_thread_that_was_left_leaves_the_units) {
    ASSERT_EQ(it.write(9), 8);
    ASSERT_EQ(begin_reading(it.slot(), this_thread()).way, read_way::combined);
    ASSERT_EQ(it.read_unseen(), 1); // what it had consumed
    EXPECT_EQ(it.read(), 9);
    EXPECT_EQ(it.read(), -EAGAIN);
}

TEST_F(cached, a_thread_stopped_before_its_flush_leaves_the_units) {
    ASSERT_EQ(it.write(9), 8);
    it.slot().word.store(with_demotion(it.word()), base::release);
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 2U) << "nothing is cached any more";
    EXPECT_EQ(it.read(), 11);
}

TEST_F(cached, a_concurrent_demotion_flushes_them) {
    ASSERT_EQ(it.write(9), 8);
    it.slot().word.store(with_demotion(it.word()), base::release);
    it.demote_now();
    EXPECT_EQ(it.kernel_count(), 10U);
}

TEST_F(cached, a_read_that_fails_leaves_the_units) {
    ASSERT_EQ(it.write(9), 8);
    const int other = ::fcntl(it.fd(), F_DUPFD_CLOEXEC, 0);
    const int closed = ::fcntl(it.fd(), F_DUPFD_CLOEXEC, 0);
    ASSERT_EQ(::close(closed), 0);
    std::uint64_t value = 0;
    const auto real = [&] { return ::read(closed, &value, sizeof value); };
    EXPECT_EQ(read_value(it.slot(), closed, &value, sizeof value, real), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(it.read(), 10);
    ASSERT_EQ(::close(other), 0);
}

TEST_F(cached, a_call_within_the_own_is_no_second_reader) { // as of a library that wraps read, and calls __read
    ASSERT_EQ(it.read(), 1);
    const read_ticket outer = begin_reading(it.slot(), this_thread());
    ASSERT_EQ(outer.way, read_way::counted);
    ASSERT_EQ(it.write(3), 8);
    EXPECT_EQ(it.read(), 3);
    end_reading(it.slot(), outer);
    EXPECT_EQ(readers_of(it.word()), 0U);
    EXPECT_FALSE(is_demoted(it.word()));
}

TEST_F(cached, a_handler_inside_a_read_takes_all) {
    ASSERT_EQ(it.write(9), 8);
    const read_ticket outer = begin_reading(it.slot(), this_thread());
    ASSERT_EQ(outer.way, read_way::combined);
    EXPECT_EQ(it.read(), 10); // the handler's
    EXPECT_EQ(take_after_empty_read(it.slot(), outer), 0U);
    ASSERT_EQ(it.write(1), 8);
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(units_of(it.word()), 0U) << "the outer one has still to ask the kernel";
    EXPECT_EQ(it.read_unseen(), 2);
    end_reading(it.slot(), outer);
    EXPECT_EQ(readers_of(it.word()), 0U);
}

TEST_F(cached, units_of_a_demoted_semaphore_come_one_at_a_time) {
    known_eventfd semaphore(EFD_NONBLOCK | EFD_SEMAPHORE);
    fill(semaphore);
    ASSERT_EQ(semaphore.write(3), 8);
    semaphore.slot().word.store(with_demotion(semaphore.word()), base::release);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(semaphore.read(), 1);
    EXPECT_EQ(semaphore.read(), -EAGAIN);
}

TEST_F(cached, a_flush_restores_the_signal_mask) {
    ASSERT_EQ(it.write(9), 8);
    sigset_t before;
    sigset_t after;
    ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &before), 0);
    it.demote_now();
    ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &after), 0);
    for (int number = 1; number < NSIG; ++number) EXPECT_EQ(sigismember(&before, number), sigismember(&after, number));
}

TEST_F(cached, no_descriptor_stays_open_after_a_flush) {
    ASSERT_EQ(it.write(9), 8);
    const auto used = [] {
        int number = 0;
        for (int fd = 0; fd < 1024; ++fd) number += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return number;
    };
    const int before = used();
    it.demote_now();
    EXPECT_EQ(used(), before);
}

TEST_F(cached, units_of_a_number_that_is_closed_go_nowhere) {
    ASSERT_EQ(it.write(9), 8);
    it.slot().word.store(without_note(it.word()), base::release); // as a close does
    it.demote_now();
    EXPECT_EQ(it.kernel_count(), 1U);
}

TEST_F(cached, units_for_which_the_kernel_has_no_room_stay) {
    ASSERT_EQ(it.write(9), 8);
    it.write_unseen(most_count - 5);
    it.demote_now();
    EXPECT_EQ(units_of(it.word()), 9U);
    EXPECT_EQ(static_cast<std::uint64_t>(it.read()), most_count - 4);
    EXPECT_EQ(it.read(), 9);
}

TEST_F(cached, a_value_that_changes_is_looked_at_once) {
    known_eventfd fresh;
    ASSERT_TRUE(fresh.promote_now());
    std::uint64_t value = 1;
    readable_pages.note(address_of(&value));
    const auto changes = [&](const void* from) {
        value = 0; // as another thread might
        return ::write(fresh.fd(), from, value_size);
    };
    ASSERT_EQ(write_value(fresh.slot(), fresh.fd(), &value, value_size, changes), 8);
    EXPECT_EQ(fresh.kernel_count(), 1U);
}

TEST_F(cached, an_initial_value_is_a_unit_in_the_kernel) {
    known_eventfd fresh(EFD_NONBLOCK, 3);
    ASSERT_TRUE(fresh.promote_now());
    ASSERT_EQ(fresh.write(1), 8);
    EXPECT_EQ(units_of(fresh.word()), 1U);
    EXPECT_EQ(fresh.read(), 4);
}

} // namespace
} // namespace efd::dropin
