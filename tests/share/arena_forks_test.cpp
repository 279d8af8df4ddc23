// SPDX-License-Identifier: MIT
// Forks that meet an arena half-way: children without a life line of their own, and forks in handlers beside forks.
#include <efd/arena.hpp>
#include <efd/efd.h>
#include <efd/wait_set.hpp>

#include "share/calls.hpp"
#include "share/processes.hpp"
#include "share/reaped.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/waiting.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace efd::tests {
namespace {

// A child that has the parent's rows lets go of what it inherited, and of the arena. Then a sibling looks for free
// slots.
void expect_the_parents_objects_stay(auto fork_one) {
    arena shared({.slots = 2, .processes = 3});
    eventfd kept = shared.make(3);
    const pid_t child = fork_one();
    if (child == 0) {
        {
            const eventfd gone(std::move(kept));
        }
        {
            const arena gone(std::move(shared));
        }
        ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    process sibling([&] {
        {
            const eventfd gone(std::move(kept));
        }
        const eventfd second = shared.make(5);
        return refused([&] { (void)shared.make(7); }) == std::errc::no_space_on_device ? 0 : 1;
    });
    EXPECT_EQ(sibling.end(), 0);
    EXPECT_EQ(kept.count(), 3U);
    EXPECT_EQ(reaped(shared, 1U), 1U); // the sibling
    EXPECT_EQ(shared.make().count(), 0U);
}

TEST(ArenaForks, a_child_that_no_handler_saw_lets_nothing_of_its_parents_go) {
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer has to see the fork";
    expect_the_parents_objects_stay([] { return ::_Fork(); });
}

TEST(ArenaForks, nor_does_one_for_which_no_descriptor_was_free) {
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer opens files itself";
    expect_the_parents_objects_stay([] {
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit none{3, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
        const pid_t child = ::fork();
        ::setrlimit(RLIMIT_NOFILE, &before);
        return child;
    });
}

void fork_here(int /*unused*/) {
    const int kept = errno;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child > 0) (void)::waitpid(child, nullptr, 0);
    errno = kept;
}

// Whether another thread's fork gets as far as its own handlers while one is in them. A libc that keeps a lock through
// its handlers of fork can let no handler of a signal fork: its thread may have what the first fork waits for.
class fork_lock_of_libc {
  public:
    static bool is_kept_in_handlers() {
        return status_of_child([] {
                   second_thread second([] { // it is there before the first fork, which may take no lock without it
                       await_change(step, 0);
                       fork_here(0);
                   });
                   ask_second = &second;
                   ::pthread_atfork(prepare, nullptr, nullptr);
                   fork_here(0);
                   return 0;
               }) != 0;
    }

  private:
    using second_thread = observed_thread;

    static void prepare() {
        if (step.fetch_add(1) != 0) return;
        const bool is_seen = ask_second->seen_asleep_or_done();
        if (!is_seen || step == 1) ::_exit(1); // the second never ends
    }
    static inline std::atomic<int> step{0}; // 1: the first fork is in its handler; 2: the second is
    static inline second_thread* ask_second = nullptr;
};

// A thread has a lock that forks take, and forks in a handler; another thread's fork waits for that lock, and has
// others.
void fork_beside(void (*make_and_end)()) {
    if (under_sanitizer) GTEST_SKIP() << "a handler of a sanitizer runs later";
    if (fork_lock_of_libc::is_kept_in_handlers()) GTEST_SKIP() << "fork of this libc must not be called in a handler";
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = fork_here;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, &before);
    std::atomic<bool> stop{false};
    std::thread maker([&] {
        while (!stop) make_and_end();
    });
    for (int round = 0; round < 300; ++round) {
        ::pthread_kill(maker.native_handle(), SIGUSR1);
        fork_here(0);
    }
    stop = true;
    maker.join();
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(ArenaForks, in_handlers_and_beside_them_end_while_objects_come_and_go) {
    efd_t* const first = ::efd_create(0, EFD_SHARED);
    fork_beside([] { ::efd_put(::efd_create(1, EFD_SHARED)); });
    ::efd_put(first);
}

// The memory of a set that has ended is used again, so no thread forks in the midst of malloc, which would hang by
// itself.
TEST(ArenaForks, in_handlers_and_beside_them_end_while_sets_come_and_go) {
    ::efd_wait_set_destroy(::efd_wait_set_create());
    fork_beside([] { ::efd_wait_set_destroy(::efd_wait_set_create()); });
}

} // namespace
} // namespace efd::tests
