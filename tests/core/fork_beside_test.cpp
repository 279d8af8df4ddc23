// SPDX-License-Identifier: MIT
// tests/core/fork_beside_test.cpp: the process forks while another thread is in the midst of a call, and the child,
// which has no such thread, makes the same call.
//
// The test stands between the library and libc (--wrap): it stops the thread at each of the calls that it makes there,
// one after the other, and forks then. Each time this happens in a process that has not used the library before, so
// that whatever is made at the first use is being made. A fork may wait for the thread: then it goes on. The child must
// wait for nobody.
#include <efd/efd.h>
#include <efd/wait_set.h>

#include "support/child.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <sched.h>
#include <sys/mman.h>
#include <thread>

namespace {

constexpr int nowhere = -1;
constexpr unsigned patience_s = 60; // of the child: without a fault it ends at once

std::atomic<bool> is_stopped{false};
std::atomic<bool> may_go_on{false};
pid_t forking = 0;
thread_local int calls_until_stop = nowhere; // of libc

void stop_here() {
    is_stopped = true;
    while (!may_go_on && !efd::tests::sleeps_now(forking)) ::sched_yield();
}

void note_call() {
    if (calls_until_stop == nowhere || calls_until_stop-- > 0) return;
    stop_here();
}

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's
extern "C" {
char* __real_getenv(const char* name);
char* __wrap_getenv(const char* name);
int __real_madvise(void* where, std::size_t bytes, int advice);
int __wrap_madvise(void* where, std::size_t bytes, int advice);
void* __real_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __real_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset);
int __real_pthread_atfork(void (*before)(), void (*in_parent)(), void (*in_child)());
int __wrap_pthread_atfork(void (*before)(), void (*in_parent)(), void (*in_child)());
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e,
                    long f); // more than most calls give: it is passed on unseen

char* __wrap_getenv(const char* name) {
    note_call();
    return __real_getenv(name);
}
int __wrap_madvise(void* where, std::size_t bytes, int advice) {
    note_call();
    return __real_madvise(where, bytes, advice);
}
void* __wrap_mmap(void* where, std::size_t bytes, int protection, int flags, int file, off_t offset) {
    note_call();
    return __real_mmap(where, bytes, protection, flags, file, offset);
}
void* __wrap_mmap64(void* where, std::size_t bytes, int protection, int flags, int file, off64_t offset) {
    note_call();
    return __real_mmap64(where, bytes, protection, flags, file, offset);
}
int __wrap_pthread_atfork(void (*before)(), void (*in_parent)(), void (*in_child)()) {
    note_call();
    return __real_pthread_atfork(before, in_parent, in_child);
}
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
    note_call();
    return __real_syscall(number, a, b, c, d, e, f);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

efd_t* known_to_both = nullptr;

bool has_descriptor(efd_t* object) { return efd_fd(object, EFD_LEVEL) >= 0; }

bool make_an_object() {
    efd_t* const made = efd_create(1, 0);
    const bool right = made != nullptr && has_descriptor(made) && has_descriptor(made);
    efd_put(made);
    return right;
}
bool make_a_set() {
    efd_t* const member = efd_create(0, 0);
    efd_wait_set_t* const made = efd_wait_set_create();
    efd_wait_set_event got{};
    const bool right = made != nullptr && efd_wait_set_add(made, member, 1) >= 0 && efd_write(member, 1) == 0 &&
                       efd_wait_set_try_any(made, &got) == 0;
    efd_wait_set_destroy(made);
    efd_put(member);
    return right;
}
bool make_a_number() {
    const std::uint64_t one = 1;
    const int made = efd_eventfd(0, 0);
    return made >= 0 && efd_fd_write(made, &one, sizeof one) == sizeof one && efd_fd_close(made) == 0;
}
bool find_the_known_number() { return has_descriptor(known_to_both) && efd_renew_descriptors() == 0; }

using call = bool (*)();

enum class end : unsigned char { right, beyond_the_last_call, wrong };

// One process, as yet without any use of the library, whose thread is stopped at that call of libc.
int stop_at(int position, call begin, call calls) {
    if (begin != nullptr && !begin()) return static_cast<int>(end::wrong);
    forking = efd::tests::this_tid();
    bool was_right = false;
    std::atomic<bool> is_over{false};
    std::thread other([&] {
        calls_until_stop = position;
        was_right = calls();
        calls_until_stop = nowhere;
        is_over = true;
    });
    while (!is_stopped && !is_over) ::sched_yield();
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(patience_s);
        efd::tests::end_child(calls() ? 0 : 1);
    }
    may_go_on = true;
    int status = -1;
    const bool child_was_right = ::waitpid(child, &status, 0) == child && status == 0;
    other.join();
    if (!was_right || !child_was_right) return static_cast<int>(end::wrong);
    return static_cast<int>(is_stopped ? end::right : end::beyond_the_last_call);
}

// At how many calls the thread was stopped.
int stop_at_each(call begin, call calls) {
    for (int position = 0;; ++position) {
        const int status = efd::tests::status_of_child([&] { return stop_at(position, begin, calls); });
        if (status == static_cast<int>(end::beyond_the_last_call)) return position;
        EXPECT_EQ(status, static_cast<int>(end::right)) << "stopped at call " << position;
        if (status != static_cast<int>(end::right)) return 0;
    }
}

TEST(fork_beside, the_making_of_the_first_object) { EXPECT_GT(stop_at_each(nullptr, make_an_object), 0); }

TEST(fork_beside, the_making_of_the_first_set) { EXPECT_GT(stop_at_each(nullptr, make_a_set), 0); }

TEST(fork_beside, the_making_of_the_first_number) { EXPECT_GT(stop_at_each(nullptr, make_a_number), 0); }

bool make_the_known_one() {
    known_to_both = efd_create(0, 0);
    return known_to_both != nullptr && has_descriptor(known_to_both);
}

TEST(fork_beside, the_renewal_of_numbers) { EXPECT_GT(stop_at_each(make_the_known_one, find_the_known_number), 0); }

bool lose_the_known_number() { return make_the_known_one() && ::close(efd_fd(known_to_both, EFD_LEVEL)) == 0; }

TEST(fork_beside, the_making_anew_of_a_number_that_was_closed) {
    EXPECT_GT(stop_at_each(lose_the_known_number, find_the_known_number), 0);
}

} // namespace
