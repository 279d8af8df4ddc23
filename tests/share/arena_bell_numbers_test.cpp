// SPDX-License-Identifier: MIT
// The descriptor numbers of the bells of arenas' sets: they are not the program's, and the program may close any.
#include <efd/arena.hpp>
#include <efd/wait_set.hpp>

#include "share/bells.hpp"
#include "share/calls.hpp"
#include "share/processes.hpp"
#include "support/sanitizer.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace efd::tests {
namespace {

constexpr int most_numbers = 1024;

template <class Which>
std::vector<int> numbers(Which which) {
    std::vector<int> found;
    for (int fd = 0; fd < most_numbers; ++fd)
        if (which(fd)) found.push_back(fd);
    return found;
}
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool is_any_bell(int fd) {
    struct ::stat about{};
    return ::fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) && (about.st_mode & 07777U) == 0700;
}

void close_standard_numbers() {
    for (const int fd : {0, 1, 2}) ::close(fd);
}
int number_of_next_open() {
    const int fd = ::open("/dev/null", O_RDWR);
    ::close(fd);
    return fd;
}
bool are_bells_high() {
    const std::vector<int> bells = numbers(is_any_bell);
    return !bells.empty() && bells.front() >= 512;
}

// A thread after unshare(CLONE_FILES): the number that its next open gets is another file's in the rest of the process.
TEST_F(arena_bell, a_thread_with_numbers_of_its_own_writes_into_no_file_of_the_others) {
    const entry_of_first entry(shared_);
    by_a_peer([&] {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
        bool has_signalled = false;
        std::thread([&] {
            if (::unshare(CLONE_FILES) != 0) return;
            for (const int one : ends) ::close(one);
            has_signalled = object_.signal();
        }).join();
        if (!has_signalled || is_readable(ends[0]) || !is_readable(fd_)) return false;
        efd::core::mark_word(entry->armed, 0);
        return object_.signal() && !is_readable(ends[0]); // the number of the thread's bell is not this thread's
    });
    EXPECT_TRUE(is_readable(fd_));
}

TEST_F(arena_bell, the_end_of_a_set_closes_no_number_that_another_set_has_got) {
    const std::vector<int> before = numbers(is_any_bell);
    auto ending = std::make_unique<wait_set>(shared_.make_set());
    (void)ending->fd();
    const std::vector<int> both = numbers(is_any_bell);
    ASSERT_EQ(both.size(), before.size() + 2);
    for (const int one : both)
        if (!std::binary_search(before.begin(), before.end(), one)) ::close(one);
    const wait_set next = shared_.make_set();
    next.add(object_, 2);
    const int fd = next.fd();
    ASSERT_EQ(numbers(is_any_bell), both);
    ending.reset();
    EXPECT_EQ(numbers(is_any_bell), both);
    by_a_peer([&] { return object_.signal(); });
    EXPECT_TRUE(is_readable(fd));
    EXPECT_EQ(taken(next), 2U);
}

TEST_F(arena_bell, takes_no_number_that_a_program_counts_on) {
    by_a_peer([&] {
        close_standard_numbers();
        return object_.signal() && number_of_next_open() == 0 && are_bells_high();
    });
    EXPECT_TRUE(is_readable(fd_));
    EXPECT_EQ(taken(set_), 1U);
    process owner([&] {
        const wait_set set = shared_.make_set();
        set.add(object_, 1);
        ringer peer(object_);
        close_standard_numbers();
        const int fd = set.fd(); // which is the program's, and its epolls and doorbell have the next numbers
        const int next = number_of_next_open();
        if (!are_bells_high()) return 1;
        if (!peer.signals() || taken(set) != 1 || taken(set) != 0) return 2;
        peer.kill();
        if (!is_readable(fd, patience_ms) || taken(set) != 0) return 3; // it has an end to write to again
        return are_bells_high() && number_of_next_open() == next ? 0 : 4;
    });
    EXPECT_EQ(owner.end(), 0);
}

// Whichever of its files finds no number.
TEST_F(arena_bell, a_descriptor_that_cannot_be_made_leaves_no_number_behind) {
    if (under_sanitizer) GTEST_SKIP() << "one that looks at the error's type needs a pipe";
    process owner([&] {
        { // what a process makes once
            const wait_set first = shared_.make_set();
            (void)first.fd();
        }
        ::rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
        const std::vector<int> before = numbers(is_open);
        const std::vector<int> free = numbers([](int fd) { return !is_open(fd); });
        for (std::size_t number_free = 0;; ++number_free) {
            auto set = std::make_unique<wait_set>(shared_.make_set());
            const ::rlimit low{static_cast<::rlim_t>(free[number_free]), limit.rlim_max};
            if (::setrlimit(RLIMIT_NOFILE, &low) != 0) return 2;
            const std::error_code error = refused([&] { (void)set->fd(); });
            if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 3;
            if (error && error != std::errc::too_many_files_open) return 4;
            set.reset();
            if (numbers(is_open) != before) return 5;
            if (!error) return number_free >= 4 ? 0 : 6; // a doorbell, a pipe, two epolls
        }
    });
    EXPECT_EQ(owner.end(), 0);
}

} // namespace
} // namespace efd::tests
