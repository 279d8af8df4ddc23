// SPDX-License-Identifier: MIT
// Who wakes whom, and what it costs: E5 (no system call when nobody sleeps) and E6 (one wake for one sleep, one reader
// for one unit), counted by the kernel.
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <stop_token>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tuple>
#include <vector>

namespace efd::tests {
namespace {

// From here on the process may exit, and nothing else: any other system call kills it.
void forbid_system_calls() {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const sock_fprog filter{sizeof program / sizeof program[0], program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(99);
}

// Runs `body` in a child that the kernel kills at its first system call; gives the wait status.
template <class Body>
int status_without_system_calls(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        forbid_system_calls();
        body();
        syscall(SYS_exit_group, 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

TEST(free_when_awake, nothing_enters_the_kernel_while_nobody_sleeps) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer makes system calls of its own";
    if (under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    const auto plain = std::make_unique<eventfd>();
    const auto semaphore = std::make_unique<eventfd>(0, flags::semaphore);
    const auto huge = std::make_unique<eventfd>(UINT64_MAX - 1, flags::nonblock);
    const int status = status_without_system_calls([&] {
        std::uint64_t value = 0;
        for (int i = 0; i < 1000; ++i)
            for (eventfd* object : {plain.get(), semaphore.get(), huge.get()}) {
                object->signal();
                (void)object->write(3);
                (void)object->try_read(value);
                (void)object->try_write(70);
                (void)object->read(value);
                (void)object->poll();
            }
        efd_t* const made = efd_create(1, 0);
        efd_put(made);
    });
    ASSERT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 99) << "no seccomp here";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

TEST(free_when_awake, the_oracle_catches_a_system_call) {
    if (under_emulator) GTEST_SKIP() << "qemu-user has no seccomp";
    const int status = status_without_system_calls([] { (void)syscall(SYS_getppid); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << "status " << status;
}

class sleepers {
  public:
    sleepers(eventfd& object, int how_many, int reads_each) {
        for (int i = 0; i < how_many; ++i)
            threads_.push_back(std::make_unique<observed_thread>([this, &object, reads_each] {
                for (int n = 0; n < reads_each; ++n) {
                    std::uint64_t value = 0;
                    if (object.read(value) == std::errc{}) taken_ += value;
                    ++reads_;
                }
            }));
    }
    [[nodiscard]] bool all_asleep() {
        for (auto& thread : threads_)
            if (!thread->seen_asleep_or_done()) return false;
        return true;
    }
    [[nodiscard]] long switches() {
        long sum = 0;
        for (auto& thread : threads_)
            if (!thread->done()) sum += efd::common::voluntary_switches(thread->tid());
        return sum;
    }
    [[nodiscard]] int reads() const { return reads_; }
    [[nodiscard]] std::uint64_t taken() const { return taken_; }

  private:
    std::atomic<int> reads_{0};
    std::atomic<std::uint64_t> taken_{0};
    std::vector<std::unique_ptr<observed_thread>> threads_;
};

// E6: one unit wakes one reader, and nobody else so much as turns over.
TEST(one_wake, one_unit_wakes_one_reader_of_many) {
    for (const flags how : {flags::semaphore, flags::none}) {
        eventfd object(0, how);
        constexpr int writes = 20;
        constexpr int readers = 8;
        sleepers herd(object, readers, writes);
        for (int i = 1; i <= writes; ++i) {
            ASSERT_TRUE(herd.all_asleep());
            const long before = herd.switches();
            ASSERT_TRUE(object.signal());
            ASSERT_TRUE(eventually([&] { return herd.reads() == i; }));
            ASSERT_TRUE(herd.all_asleep());
            // An emulator's own locks make a thread sleep too, now and then.
            if (!under_emulator) {
                EXPECT_EQ(herd.switches() - before, 1) << "write " << i;
            }
        }
        EXPECT_EQ(object.write(1), std::errc{});
        while (herd.reads() < readers * writes) (void)object.signal(); // let them all go
    }
}

TEST(one_wake, n_units_wake_n_readers_of_a_semaphore) {
    eventfd object(0, flags::semaphore);
    sleepers herd(object, 6, 1);
    ASSERT_TRUE(herd.all_asleep());
    ASSERT_EQ(object.write(4), std::errc{});
    ASSERT_TRUE(eventually([&] { return herd.reads() == 4; }));
    ASSERT_TRUE(herd.all_asleep());
    EXPECT_EQ(herd.reads(), 4);
    EXPECT_EQ(object.count(), 0U);
    ASSERT_EQ(object.write(100), std::errc{}); // more than there are sleepers, more than a blind add takes
    ASSERT_TRUE(eventually([&] { return herd.reads() == 6; }));
    EXPECT_EQ(object.count(), 98U);
}

// Readers and writers asleep on one object, each with a token of its own.
class cancellable_sleepers {
  public:
    cancellable_sleepers(eventfd& object, int readers, int writers)
        : stops_(static_cast<std::size_t>(readers + writers)) {
        for (int i = 0; i < readers + writers; ++i)
            threads_.push_back(std::make_unique<observed_thread>([this, &object, readers, i] {
                std::uint64_t value = 0;
                const std::stop_token stop = stops_[static_cast<std::size_t>(i)].get_token();
                const std::errc end = i < readers ? object.read(value, stop) : object.write(1, stop);
                if (end == std::errc::operation_canceled) ++cancelled_;
            }));
    }
    [[nodiscard]] bool all_asleep() {
        return std::all_of(threads_.begin(), threads_.end(), [](auto& one) { return one->seen_asleep_or_done(); });
    }
    [[nodiscard]] long switches() const {
        long sum = 0;
        for (const auto& thread : threads_)
            if (!thread->done()) sum += efd::common::voluntary_switches(thread->tid());
        return sum;
    }
    [[nodiscard]] bool cancel(std::size_t which) {
        stops_[which].request_stop();
        return threads_[which]->seen_done();
    }
    [[nodiscard]] int cancelled() const { return cancelled_; }

  private:
    std::atomic<int> cancelled_{0};
    std::vector<std::stop_source> stops_;
    std::vector<std::unique_ptr<observed_thread>> threads_;
};

// E6: a cancel wakes the thread that is meant, and nobody else so much as turns over.
TEST(one_wake, a_cancel_wakes_the_one_that_is_meant) {
    if (under_emulator) GTEST_SKIP() << "an emulator's own locks make a thread sleep too";
    for (const auto& [count, readers, writers] :
         {std::tuple{std::uint64_t{0}, 6, 0}, std::tuple{UINT64_MAX - 1, 0, 6}}) {
        eventfd object(count);
        cancellable_sleepers herd(object, readers, writers);
        ASSERT_TRUE(herd.all_asleep());
        for (const std::size_t which : {3U, 0U, 5U, 1U, 4U, 2U}) {
            const int before = herd.cancelled();
            const long others = herd.switches();
            ASSERT_TRUE(herd.cancel(which));
            EXPECT_EQ(herd.cancelled(), before + 1);
            ASSERT_TRUE(herd.all_asleep());
            EXPECT_LE(herd.switches(), others) << "cancel of " << which; // the cancelled one is not counted any more
        }
        EXPECT_EQ(object.count(), count);
    }
}

// One call for the wake, and one for the leaving thread's question whether others sleep.
TEST(one_wake, a_cancel_of_a_sleeper_costs_two_system_calls_and_of_one_that_is_not_there_none) {
    eventfd object;
    cancellable_sleepers one(object, 1, 0);
    ASSERT_TRUE(one.all_asleep());
    const std::uint64_t before = efd_system_calls();
    ASSERT_TRUE(one.cancel(0));
    EXPECT_EQ(efd_system_calls() - before, 2U);

    std::stop_source late;
    late.request_stop();
    std::uint64_t value = 0;
    EXPECT_EQ(object.read(value, late.get_token()), std::errc::operation_canceled);
    EXPECT_EQ(efd_system_calls() - before, 3U); // the question alone
    EXPECT_EQ(object.write(1), std::errc{});
    EXPECT_EQ(efd_system_calls() - before, 3U); // no mark was left
}

// E6: the first write of a burst takes the sleeper off; those that follow see nobody and stay out of the kernel. The
// sleeper is stopped from running meanwhile by holding it in a handler that it enters as soon as it is woken.
std::atomic<bool> hold_handler{false};
void held(int) {
    while (hold_handler) {
    }
}

TEST(one_wake, a_burst_to_one_sleeper_costs_one_system_call) {
    for (const flags how : {flags::semaphore, flags::none}) {
        eventfd object(0, how);
        std::uint64_t value = 0;
        observed_thread reader([&] { EXPECT_EQ(object.read(value), std::errc{}); });
        ASSERT_TRUE(reader.seen_asleep());
        const std::uint64_t before = efd_system_calls();
        for (int i = 0; i < 1000; ++i) ASSERT_TRUE(object.signal());
        // The reader, once awake, takes and is done, without another call.
        ASSERT_TRUE(reader.seen_done());
        EXPECT_EQ(efd_system_calls() - before, 1U);
    }
}

TEST(one_wake, a_sleeper_that_a_handler_took_out_of_the_queue_is_not_lost) {
    if (under_tsan) GTEST_SKIP() << "ThreadSanitizer runs handlers later, outside the system call";
    struct sigaction action{};
    action.sa_handler = held;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    eventfd object;
    std::uint64_t value = 0;
    observed_thread reader([&] { EXPECT_EQ(object.read(value), std::errc{}); });
    ASSERT_TRUE(reader.seen_asleep());
    hold_handler = true;
    pthread_kill(reader.native(), SIGUSR1);
    ASSERT_TRUE(eventually([&] { return !asleep_now(reader.tid()); }));
    ASSERT_TRUE(object.signal()); // finds nobody in the kernel's queue, and must change the word all the same
    hold_handler = false;
    ASSERT_TRUE(reader.seen_done());
    EXPECT_EQ(value, 1U);
}

} // namespace
} // namespace efd::tests
