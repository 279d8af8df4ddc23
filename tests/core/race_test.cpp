// SPDX-License-Identifier: MIT
// Regression tests of races that were found, each forced step by step. The test interposes syscall(2), through which
// the library (linked statically here) reaches the kernel, and holds one thread just before or after its futex call.
#include <efd/eventfd.hpp>

#include "api/internal_access.hpp"
#include "support/called_entry.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdarg>
#include <linux/futex.h>
#include <memory>
#include <semaphore>

namespace {

#if defined(__x86_64__)
#define EFD_TESTS_CAN_INTERPOSE
long raw_syscall(long number, const long (&a)[6]) {
    long result = 0;
    register long r10 asm("r10") = a[3];
    register long r8 asm("r8") = a[4];
    register long r9 asm("r9") = a[5];
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
#define EFD_TESTS_CAN_INTERPOSE
long raw_syscall(long number, const long (&a)[6]) {
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a[0];
    register long x1 asm("x1") = a[1];
    register long x2 asm("x2") = a[2];
    register long x3 asm("x3") = a[3];
    register long x4 asm("x4") = a[4];
    register long x5 asm("x5") = a[5];
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
#define EFD_TESTS_CAN_INTERPOSE
long raw_syscall(long number, const long (&a)[6]) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = a[0];
    register long a1 asm("a1") = a[1];
    register long a2 asm("a2") = a[2];
    register long a3 asm("a3") = a[3];
    register long a4 asm("a4") = a[4];
    register long a5 asm("a5") = a[5];
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}
#endif

} // namespace

#ifdef EFD_TESTS_CAN_INTERPOSE
namespace {

enum class hold_at : unsigned char { nowhere, before_wait, after_wake };
thread_local hold_at hold_here = hold_at::nowhere;
std::atomic<bool> is_kernel_old{false}; // has no futex_waitv
std::binary_semaphore is_held{0};
std::binary_semaphore may_go_on{0};

void hold() {
    hold_here = hold_at::nowhere;
    is_held.release();
    may_go_on.acquire();
}

} // namespace

extern "C" long syscall(long number, ...) noexcept {
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& argument : arguments) argument = va_arg(list, long);
    va_end(list);
    const long command = number == SYS_futex ? arguments[1] & FUTEX_CMD_MASK : -1;
    const bool waits_on_two = number == efd::common::futex_waitv_call;
    if (waits_on_two && is_kernel_old) {
        errno = ENOSYS;
        return -1;
    }
    if ((command == FUTEX_WAIT || waits_on_two) && hold_here == hold_at::before_wait) hold();
    const long result = raw_syscall(number, arguments);
    const bool wake = command == FUTEX_WAKE || command == FUTEX_REQUEUE;
    if (wake && hold_here == hold_at::after_wake) hold();
    if (result >= 0 || result < -4095) return result;
    errno = static_cast<int>(-result);
    return -1;
}

namespace {

using efd::eventfd;
using efd::tests::observed_thread;

// CANCEL: a waiter that has announced itself and not slept yet must not sleep on a word that has become quiet and busy
// again meanwhile. With a word of its own it is the kernel that finds out; without, the stop that came in between found
// no mark to kick.
void stop_between_announcement_and_sleep() {
    eventfd object;
    std::stop_source stop;
    observed_thread cancelled([&] {
        std::uint64_t value = 0;
        hold_here = hold_at::before_wait;
        EXPECT_EQ(object.read(value, stop.get_token()), std::errc::operation_canceled);
    });
    is_held.acquire(); // announced, found not to be cancelled, not asleep
    std::uint64_t value = 0;
    EXPECT_EQ(object.write(1), std::errc{}); // claims, finds nobody, settles
    EXPECT_EQ(object.read(value), std::errc{});
    stop.request_stop();
    observed_thread other([&] {
        std::uint64_t taken = 0;
        EXPECT_EQ(object.read(taken), std::errc{});
    });
    ASSERT_TRUE(other.seen_asleep()); // the mark is there again
    may_go_on.release();
    EXPECT_TRUE(cancelled.seen_done());
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_TRUE(other.seen_done());
    (void)object.write(1); // lets a failed test end
}

TEST(race, a_stop_between_announcement_and_sleep_is_not_lost_to_a_value_that_came_back) {
    stop_between_announcement_and_sleep();
    is_kernel_old = true;
    stop_between_announcement_and_sleep();
    is_kernel_old = false;
}

// LAST_PUT in the sealed regime: what a late signaller does on the state word must not count on a reborn object.
TEST(race, a_late_signaller_of_a_sealed_object_gives_no_unit_to_the_one_born_in_its_place) {
    auto* const dying = efd::core::context::create(std::uint64_t{1} << 40, 0);
    std::uint64_t value = 0;
    ASSERT_EQ(dying->read(value), efd::base::status::ok);
    observed_thread reader([&] {
        std::uint64_t taken = 0;
        EXPECT_EQ(dying->read(taken), efd::base::status::ok);
        dying->put();
    });
    ASSERT_TRUE(reader.seen_asleep());
    observed_thread signaller([&] {
        hold_here = hold_at::after_wake;
        dying->signal();
    });
    is_held.acquire();
    ASSERT_TRUE(reader.seen_done());
    eventfd born;
    ASSERT_EQ(efd::internal_access::context_of(born), dying);
    may_go_on.release();
    ASSERT_TRUE(signaller.seen_done());
    EXPECT_EQ(born.count(), 0U);
}

} // namespace
#endif

namespace {

using entry = efd::tests::called_entry;

// Inside a callback nobody waits for a queue: two callbacks, each removing from the other's object, are both answered.
TEST(race, callbacks_that_remove_from_each_others_objects_do_not_wait_for_each_other) {
    efd::eventfd a;
    efd::eventfd b;
    std::atomic<int> inside{0};
    std::uint32_t ready = 0;
    entry extra_of_a([](std::uint32_t) { return 0; }, 0);
    entry extra_of_b([](std::uint32_t) { return 0; }, 0);
    std::errc from_a{};
    std::errc from_b{};
    const auto meet_then_remove = [&](efd::eventfd& other, entry& which, std::errc& end) {
        return [&](std::uint32_t) {
            ++inside;
            if (efd::tests::eventually([&] { return inside == 2; })) end = other.remove_wait_queue(which);
            return 0;
        };
    };
    entry on_a(meet_then_remove(b, extra_of_b, from_a), efd::core::poll_in);
    entry on_b(meet_then_remove(a, extra_of_a, from_b), efd::core::poll_in);
    ASSERT_EQ(a.add_wait_queue(extra_of_a, ready), std::errc{});
    ASSERT_EQ(b.add_wait_queue(extra_of_b, ready), std::errc{});
    ASSERT_EQ(a.add_wait_queue(on_a, ready), std::errc{});
    ASSERT_EQ(b.add_wait_queue(on_b, ready), std::errc{});
    efd::tests::observed_thread one([&] { a.signal(); });
    efd::tests::observed_thread two([&] { b.signal(); });
    ASSERT_TRUE(one.seen_done());
    ASSERT_TRUE(two.seen_done());
    // At least the first to ask was told; the second may have found the queue free again.
    EXPECT_TRUE(from_a == std::errc::resource_deadlock_would_occur ||
                from_b == std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(b.remove_wait_queue(extra_of_b) == std::errc{}, from_a != std::errc{});
    EXPECT_EQ(a.remove_wait_queue(extra_of_a) == std::errc{}, from_b != std::errc{});
    EXPECT_EQ(a.remove_wait_queue(on_a), std::errc{});
    EXPECT_EQ(b.remove_wait_queue(on_b), std::errc{});
}

// Wakes that pile up behind a running callback are older than an entry that this callback adds.
TEST(race, an_entry_added_in_the_midst_of_a_batch_is_not_called_for_the_rest_of_it) {
    efd::eventfd object;
    std::uint32_t ready = 0;
    int late_calls = 0;
    int calls = 0;
    entry late([&](std::uint32_t) { return ++late_calls, 0; }, efd::core::poll_in);
    entry first(
        [&](std::uint32_t) {
            if (++calls == 1)
                for (int i = 0; i < 3; ++i) (void)object.write(1); // a batch of three
            if (calls == 2) (void)object.add_wait_queue(late, ready);
            return 0;
        },
        efd::core::poll_in);
    ASSERT_EQ(object.add_wait_queue(first, ready), std::errc{});
    object.signal();
    EXPECT_EQ(calls, 4);
    EXPECT_EQ(late_calls, 0);
    object.signal();
    EXPECT_EQ(late_calls, 1);
    EXPECT_EQ(object.remove_wait_queue(first), std::errc{});
    EXPECT_EQ(object.remove_wait_queue(late), std::errc{});
}

// The mask of signal_mask goes beside POLLIN and does not change whose wake it is, even if it names POLLOUT.
TEST(race, signal_mask_is_a_wake_for_readers_whatever_the_mask) {
    efd::eventfd object;
    std::uint32_t ready = 0;
    std::uint32_t got_key = 0;
    entry e([&](std::uint32_t key) { return got_key = key, 0; }, efd::core::poll_in);
    ASSERT_EQ(object.add_wait_queue(e, ready), std::errc{});
    efd::internal_access::context_of(object)->signal_mask(efd::core::poll_out | 0x100);
    EXPECT_EQ(got_key, efd::core::poll_in | efd::core::poll_out | 0x100U);
    EXPECT_EQ(object.remove_wait_queue(e), std::errc{});
}

TEST(race, a_handle_is_made_from_a_literal_zero) { EXPECT_EQ(efd::eventfd(0).count(), 0U); }

} // namespace
