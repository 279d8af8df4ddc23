// Units parked beside a kernel's eventfd: when, how they come back, and who may die in the midst of it.
#include "known_eventfd.hpp"

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>

namespace efd::dropin {
namespace {

struct parked : testing::Test {
    // Promoted, and the kernel holds one unit.
    static void fill(known_eventfd& it) {
        promote(it.there());
        ASSERT_EQ(it.write(1), 8);
        ASSERT_TRUE(is_filled(it.word()));
    }
    // Ends a child in the midst of something.
    template <class Act>
    static void die_after(Act act) {
        const pid_t child = ::fork();
        if (child == 0) {
            learn_process();
            act();
            ::kill(::getpid(), SIGKILL);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
    }
};

TEST_F(parked, nothing_before_promotion) {
    known_eventfd it;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(it.write(5), 8);
    EXPECT_EQ(units_of(it.word()), 0U);
    EXPECT_EQ(it.kernel_count(), 15U);
    EXPECT_EQ(it.read(), 15);
}

TEST_F(parked, promotion_needs_reads_and_writes_that_change_nothing_for_pollers) {
    known_eventfd it;
    for (int i = 0; i < 100; ++i) ASSERT_EQ(it.write(1), 8);
    EXPECT_FALSE(is_promoted(it.word())) << "never read: perhaps watched for edges";
    for (int i = 0; i < 8; ++i) {
        ASSERT_GT(it.read(), 0);
        for (int k = 0; k < 4; ++k) ASSERT_EQ(it.write(1), 8);
    }
    EXPECT_TRUE(is_promoted(it.word()));
}

TEST_F(parked, one_write_at_a_time_is_no_evidence) {
    known_eventfd it;
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(it.write(1), 8);
        ASSERT_EQ(it.read(), 1);
    }
    EXPECT_FALSE(is_promoted(it.word()));
}

TEST_F(parked, the_kernel_keeps_one_and_a_read_takes_all) {
    known_eventfd it;
    fill(it);
    EXPECT_EQ(it.write(4), 8);
    EXPECT_EQ(it.write(6), 8);
    EXPECT_EQ(it.kernel_count(), 1U);
    EXPECT_TRUE(it.readable());
    EXPECT_EQ(it.read(), 11);
    EXPECT_FALSE(it.readable());
    EXPECT_EQ(it.read(), -EAGAIN);
    EXPECT_EQ(it.there().counted.parked_writes.load(base::relaxed), 2U);
}

TEST_F(parked, after_a_read_the_next_write_reaches_the_kernel) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.read(), 1);
    EXPECT_EQ(it.write(1), 8);
    EXPECT_TRUE(it.readable());
    EXPECT_EQ(it.kernel_count(), 1U);
}

TEST_F(parked, an_empty_write_is_an_edge_and_goes_to_the_kernel) {
    known_eventfd it;
    fill(it);
    EXPECT_EQ(it.write(0), 8);
    EXPECT_EQ(writes_of(it.word()), 0U);
    EXPECT_EQ(it.there().counted.asked_writes.load(base::relaxed), 2U);
}

TEST_F(parked, the_value_that_no_write_may_have_is_refused) {
    known_eventfd it;
    fill(it);
    EXPECT_EQ(it.write(UINT64_MAX), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(it.read(), 1);
}

TEST_F(parked, more_than_there_is_room_for) {
    known_eventfd it;
    fill(it);
    std::int64_t sum = 1;
    for (int i = 0; i < 10; ++i, sum += 60'000) ASSERT_EQ(it.write(60'000), 8);
    EXPECT_LE(units_of(it.word()), most_units);
    EXPECT_EQ(it.read(), sum);
}

TEST_F(parked, a_huge_write_ends_it) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(7), 8);
    ASSERT_EQ(it.write(huge_write), 8);
    EXPECT_TRUE(is_demoted(it.word()));
    EXPECT_EQ(it.kernel_count(), huge_write + 8);
}

TEST_F(parked, semaphore_takes_parked_units_first_and_one_each) {
    known_eventfd it(EFD_NONBLOCK | EFD_SEMAPHORE);
    fill(it);
    ASSERT_EQ(it.write(2), 8);
    EXPECT_EQ(it.read(), 1);
    EXPECT_EQ(it.read(), 1);
    if (!tests::under_asan) { // which has locals elsewhere than on the stack: those are the kernel's to write
        EXPECT_EQ(it.kernel_count(), 1U);
        EXPECT_EQ(it.there().counted.asked_reads.load(base::relaxed), 0U);
    }
    EXPECT_EQ(it.read(), 1);
    EXPECT_EQ(it.read(), -EAGAIN);
}

TEST_F(parked, what_the_kernel_adds_is_taken_with_the_rest) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(10), 8);
    it.write_unseen(100);
    EXPECT_EQ(it.read(), 111);
}

TEST_F(parked, handed_back_it_is_what_fdinfo_shows) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(41), 8);
    hand_back(it.there(), it.fd());
    EXPECT_EQ(it.kernel_count(), 42U);
    EXPECT_EQ(units_of(it.word()), 0U);
    EXPECT_TRUE(is_promoted(it.word()));
    EXPECT_EQ(it.read(), 42);
}

TEST_F(parked, demoted_for_good_with_the_count_handed_back) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(41), 8);
    demote(it.there(), it.fd(), reason::passed);
    EXPECT_EQ(it.kernel_count(), 42U);
    promote(it.there());
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 43U);
    EXPECT_EQ(it.read_unseen(), 43);
    EXPECT_EQ(it.there().demoted_for.load(base::relaxed), reason::passed);
}

TEST_F(parked, units_are_not_lost_to_a_thief) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(5), 8);
    ASSERT_EQ(it.read_unseen(), 1); // whom nobody saw: an io_uring
    EXPECT_EQ(it.read(), 5);
    EXPECT_TRUE(is_demoted(it.word()));
    EXPECT_EQ(it.there().demoted_for.load(base::relaxed), reason::stolen);
}

TEST_F(parked, a_buffer_that_is_not_there_consumes_all) { // K-023
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(5), 8);
    void* const nowhere = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(it.read_into(nowhere, 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(it.read(), -EAGAIN);
    ::munmap(nowhere, 4096);
}

TEST_F(parked, a_buffer_of_the_kernel_consumes_nothing) { // K-024
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(5), 8);
    EXPECT_EQ(it.read_into(reinterpret_cast<void*>(UINTPTR_MAX - 4095), 8), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(it.read(), 6);
}

TEST_F(parked, too_short_a_buffer_consumes_nothing) { // K-016
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(5), 8);
    char small[8] = {};
    EXPECT_EQ(it.read_into(small, 7), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(it.read(), 6);
}

TEST_F(parked, a_long_buffer_gets_eight_bytes) { // K-017
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(5), 8);
    unsigned char large[64];
    std::memset(large, 0xab, sizeof large);
    EXPECT_EQ(it.read_into(large, sizeof large), 8);
    EXPECT_EQ(large[0], 6);
    EXPECT_EQ(large[8], 0xab);
}

TEST_F(parked, a_null_buffer_is_efault) { // K-035
    known_eventfd it;
    fill(it);
    const void* volatile nowhere = nullptr; // which the compiler must not see through
    EXPECT_EQ(it.write_from(nowhere), -1);
    EXPECT_EQ(errno, EFAULT);
}

TEST_F(parked, a_reader_killed_in_its_read_stops_the_parking_and_nothing_else) {
    known_eventfd it;
    fill(it);
    die_after([&] { (void)begin_asking(it.there(), it.fd()); });
    for (int i = 0; i < 5; ++i) ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 6U);
    EXPECT_EQ(it.read(), 6);
}

TEST_F(parked, a_taker_killed_in_its_section_leaves_the_units) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    die_after([&] { EXPECT_EQ(begin_reading(it.there(), it.fd()).way, read_way::together); });
    EXPECT_EQ(it.read(), 10);
    EXPECT_EQ(it.write(3), 8);
    EXPECT_EQ(it.read(), 3);
}

TEST_F(parked, who_hands_back_and_is_killed_leaves_them_too) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    die_after([&] {
        const read_ticket claim = begin_reading(it.there(), it.fd());
        it.there().state.store(handing(claim.mine), base::release);
    });
    EXPECT_EQ(it.read(), 10);
}

TEST_F(parked, a_read_that_fails_leaves_the_units) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    const int other = ::fcntl(it.fd(), F_DUPFD_CLOEXEC, 0);
    const int closed = ::fcntl(it.fd(), F_DUPFD_CLOEXEC, 0);
    ASSERT_EQ(::close(closed), 0);
    std::uint64_t value = 0;
    const auto real = [&] { return ::read(closed, &value, sizeof value); };
    EXPECT_EQ(read_value(it.there(), closed, &value, sizeof value, real), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(it.read(), 10);
    ASSERT_EQ(::close(other), 0);
}

TEST_F(parked, a_handler_inside_a_section_takes_over) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    const read_ticket outer = begin_reading(it.there(), it.fd());
    ASSERT_EQ(outer.way, read_way::together);
    EXPECT_EQ(it.read(), 10); // the handler's
    EXPECT_FALSE(end_together(it.there(), outer.mine));
    EXPECT_EQ(it.read(), -EAGAIN);
}

TEST_F(parked, semaphore_units_of_a_killed_taker_come_one_at_a_time) {
    known_eventfd it(EFD_NONBLOCK | EFD_SEMAPHORE);
    fill(it);
    ASSERT_EQ(it.write(3), 8);
    die_after([&] {
        it.there().owner.store(myself(), base::relaxed);
        it.there().state.store(handing(claimed(it.word())), base::release);
    });
    for (int i = 0; i < 4; ++i) EXPECT_EQ(it.read(), 1);
    EXPECT_EQ(it.read(), -EAGAIN);
}

known_eventfd* interrupted = nullptr;
std::int64_t read_in_handler = 0;
std::atomic<bool> handler_ran{false};

// The kernel has no room for them, so that handing back sleeps; the handler makes room.
TEST_F(parked, a_handler_inside_a_handing_back_does_not_wait) {
    if (tests::under_tsan) GTEST_SKIP() << "ThreadSanitizer lets no handler run inside of a call that it does not know";
    known_eventfd it(0);
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    it.write_unseen(refused_value - 1 - 5);
    interrupted = &it;
    handler_ran = false;
    struct sigaction way{};
    way.sa_handler = [](int) {
        read_in_handler = interrupted->read();
        handler_ran = true;
    };
    struct sigaction before{};
    ASSERT_EQ(::sigaction(SIGUSR1, &way, &before), 0); // without SA_RESTART
    std::atomic<pid_t> tid{0};
    std::thread hander([&] {
        tid = tests::this_tid();
        EXPECT_TRUE(hand_back(it.there(), it.fd()));
    });
    EXPECT_TRUE(tests::eventually([&] { return is_handing(it.word()) && tests::sleeps_now(tid); }));
    ASSERT_EQ(::pthread_kill(hander.native_handle(), SIGUSR1), 0);
    hander.join();
    ::sigaction(SIGUSR1, &before, nullptr);
    EXPECT_TRUE(handler_ran);
    EXPECT_EQ(static_cast<std::uint64_t>(read_in_handler),
              refused_value - 1 - 4); // the kernel's; the rest is on its way
    EXPECT_EQ(it.read(), 9);
}

TEST_F(parked, units_for_which_the_kernel_has_no_room_stay) {
    known_eventfd it;
    fill(it);
    ASSERT_EQ(it.write(9), 8);
    it.write_unseen(refused_value - 1 - 5);
    EXPECT_FALSE(hand_back(it.there(), it.fd()));
    demote(it.there(), it.fd(), reason::denied);
    EXPECT_EQ(units_of(it.word()), 9U);
    EXPECT_FALSE(is_demoted(it.word()));
    EXPECT_EQ(static_cast<std::uint64_t>(it.read()), refused_value - 1 - 4);
    EXPECT_EQ(it.read(), 9);
}

TEST_F(parked, counted_from_the_start_so_that_promotion_meets_no_reader_unseen) {
    known_eventfd it;
    ASSERT_TRUE(begin_asking(it.there(), it.fd()));
    promote(it.there());
    ASSERT_EQ(it.write(1), 8);
    EXPECT_FALSE(is_filled(it.word())) << "a reader is in the kernel";
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(it.kernel_count(), 2U);
    end_asking(it.there());
    ASSERT_EQ(it.write(1), 8);
    EXPECT_TRUE(is_filled(it.word()));
}

TEST_F(parked, an_initial_value_is_a_unit_in_the_kernel) {
    known_eventfd it(EFD_NONBLOCK, 3);
    promote(it.there());
    ASSERT_EQ(it.write(1), 8);
    EXPECT_EQ(units_of(it.word()), 1U);
    EXPECT_EQ(it.read(), 4);
}

} // namespace
} // namespace efd::dropin
