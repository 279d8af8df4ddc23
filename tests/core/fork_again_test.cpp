// SPDX-License-Identifier: MIT
// A child of a fork forks: what a thread of the first process left half done is repaired in the third.
#include <efd/detail/core/context.hpp>

#include "support/child.hpp"
#include "support/sanitizer.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <semaphore>
#include <thread>
#include <unistd.h>

namespace {

using efd::core::context;
using efd::core::poll_in;
using efd::core::wait_queue_entry;

std::atomic<int> calls{0};
std::binary_semaphore is_inside{0};
std::atomic<bool> holds{false};

// The first call of a process that asks for it never returns: its thread holds the queue.
int count_call(wait_queue_entry& /*entry*/, std::uint32_t /*key*/) {
    if (holds.exchange(false)) {
        is_inside.release();
        for (;;) ::pause();
    }
    ++calls;
    return 0;
}

struct watched {
    context* object = context::create(0, 0);
    wait_queue_entry entry;
    watched() {
        entry.callback = count_call;
        entry.mask = poll_in;
        std::uint32_t ready = 0;
        (void)object->add_wait_queue(entry, ready);
    }
};

// A new thread gets the stack, and the thread-local memory, of the thread that held the queue and is not there. It is
// no other, though it has signed another queue since.
int child_that_forks(watched& held, watched& other) {
    int end = 99;
    std::thread([&] {
        (void)other.object->write(1);
        end = efd::tests::status_of_child([&held] {
            calls = 0;
            (void)held.object->write(1);
            return calls > 0 ? 0 : 1;
        });
    }).join();
    return end;
}

TEST(fork_again, a_holder_that_is_gone_is_known_in_a_childs_child) {
    if (efd::tests::under_tsan) GTEST_SKIP() << "a thread of a forked child is not supported there";
    if (efd::tests::under_emulator) GTEST_SKIP() << "qemu-user ends a forked child whose thread forks";
    EXPECT_EQ(efd::tests::status_of_child([] {
                  ::alarm(60);
                  watched held;
                  watched other;
                  holds = true;
                  std::thread([&] { (void)held.object->write(1); }).detach();
                  is_inside.acquire();
                  return efd::tests::status_of_child([&] { return child_that_forks(held, other); });
              }),
              0);
}

} // namespace
