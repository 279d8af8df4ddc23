// SPDX-License-Identifier: MIT
// conformance/claims/processes.cpp: section H of docs/semantics.md, other ways in which descriptors are passed on or
// closed.
//
// Owns K-163 to K-166: posix_spawn, vfork with exec, close_range, clone with one descriptor table for two processes. A
// shell shows what an executed program can do with a number; its redirections need numbers of one digit.
#include "common/libc.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/descriptor_calls.hpp"
#include "conformance/framework/other_process.hpp"

#include <array>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <linux/close_range.h>
#include <sched.h>
#include <spawn.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace efd::claims {
namespace {

constexpr int last_digit = 9;
constexpr int no_shell = 127;
const char* const adds_one = "exec 2>/dev/null; printf '\\001\\000\\000\\000\\000\\000\\000\\000' >&9 || exit 1";

// An eventfd under the one number that the shell names.
int numbered_nine(trial& t, const object& from, bool close_on_exec) {
    const int fd = ::fcntl(from.descriptor(), close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, last_digit);
    if (fd != last_digit) t.not_here("the number 9 is not free");
    return fd;
}

// Exit status of a child; ends the trial if there is no shell.
int end_of(trial& t, pid_t child) {
    int status = -1;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == no_shell) t.not_here("there is no shell to execute");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::array<char*, 4> words_of_the_shell() {
    return {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>(adds_one), nullptr};
}

// The shell's exit status: 0 if it could write a one to number 9.
int spawned(trial& t, const std::function<void(posix_spawn_file_actions_t&)>& prepare) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (prepare) prepare(actions);
    pid_t child = -1;
    const int error =
        ::posix_spawn(&child, "/bin/sh", prepare ? &actions : nullptr, nullptr, words_of_the_shell().data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT) t.not_here("there is no shell to execute");
    t.expect_error(error, 0, "posix_spawn");
    return end_of(t, child);
}

int executed_after_vfork(trial& t, int closed_there) {
    const auto words = words_of_the_shell();
    const pid_t child = ::vfork();
    if (child == 0) {
        if (closed_there >= 0) ::close(closed_there);
        ::execv("/bin/sh", words.data());
        ::_exit(no_shell);
    }
    t.expect(child > 0, "vfork");
    return end_of(t, child);
}

// Eight writes of one and a read of them, a hundred times: enough for a backend that learns how a number is used.
void use(trial& t, int fd) {
    std::uint64_t value = 0;
    for (int i = 0; i < 100; ++i) {
        for (int ones = 0; ones < 8; ++ones) add_to(fd, 1);
        t.expect_error(take_from(fd, value), 0, "read in use");
        t.expect_equal(value, 8, "value in use");
    }
}

// Runs `what` in another process with the same descriptor table and its own memory. The process, or -1.
using way_to_share = pid_t (*)(const std::function<int()>& what);
pid_t by_name(const std::function<int()>& what) {
    std::vector<std::max_align_t> stack(16384);
    const auto run = [](void* given) { return (*static_cast<const std::function<int()>*>(given))(); };
    return ::clone(run, stack.data() + stack.size(), CLONE_FILES | SIGCHLD, const_cast<std::function<int()>*>(&what));
}
pid_t by_clone(const std::function<int()>& what) {
    const long child = ::syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0) ::_exit(what());
    return static_cast<pid_t>(child);
}
pid_t by_clone3(const std::function<int()>& what) {
    std::array<std::uint64_t, 8> asked{}; // struct clone_args: the flags are its first field, the signal its fifth
    asked[0] = CLONE_FILES;
    asked[4] = SIGCHLD;
    const long child = ::syscall(SYS_clone3, asked.data(), sizeof asked);
    if (child == 0) ::_exit(what());
    return static_cast<pid_t>(child);
}

// Exit status of `what`.
int with_one_table(trial& t, const std::function<int()>& what) {
    const pid_t child = by_name(what);
    if (child < 0) t.not_here("clone is refused");
    return end_of(t, child);
}

constexpr long refused = -ENOSYS;

// What this process reads from an eventfd that another process with its table has made and written to; or a negated
// errno.
long value_made_elsewhere(trial& t, way_to_share how) {
    const pid_t child = how([&] {
        const int theirs = ::eventfd(0, EFD_NONBLOCK);
        use(t, theirs);
        add_to(theirs, 2);
        add_to(theirs, 9);
        return theirs;
    });
    if (child < 0) return refused;
    std::uint64_t value = 0;
    const int error = take_from(end_of(t, child), value);
    return error != 0 ? -error : static_cast<long>(value);
}

} // namespace

CLAIM(K_163, descriptor, "posix_spawn: the number is kept unless cloexec; file actions give it on under another one") {
    const auto o = t.make(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const int fd = o->descriptor();
    use(t, fd);
    t.expect_error(add_to(fd, 5), 0, "write");
    const auto give_on = [fd](posix_spawn_file_actions_t& actions) {
        ::posix_spawn_file_actions_adddup2(&actions, fd, last_digit);
    };
    t.expect_equal(spawned(t, give_on), 0, "write of the program by adddup2");
    std::uint64_t value = 0;
    t.expect_error(take_from(fd, value), 0, "read");
    t.expect_equal(value, 6, "value after it");

    const int nine = numbered_nine(t, *o, false);
    use(t, fd);
    t.expect_equal(spawned(t, nullptr), 0, "write of the program to what it has inherited");
    const auto close_it = [](posix_spawn_file_actions_t& actions) {
        ::posix_spawn_file_actions_addclose(&actions, last_digit);
    };
    t.expect_equal(spawned(t, close_it) != 0, true, "addclose takes it from the program");
    t.expect_equal(o->count(), 1, "count after one write");
    ::fcntl(nine, F_SETFD, FD_CLOEXEC);
    t.expect_equal(spawned(t, [](posix_spawn_file_actions_t&) {}) != 0, true, "cloexec takes it from the program");
    t.expect_error(take_from(fd, value), 0, "read at the end");
    t.expect_equal(value, 1, "value at the end");
}

CLAIM(K_164, descriptor, "vfork and exec: kept as over exec; what the child closes stays open here") {
    const auto o = t.make(0, EFD_NONBLOCK);
    const int nine = numbered_nine(t, *o, false);
    use(t, nine);
    t.expect_error(add_to(nine, 5), 0, "write");
    t.expect_equal(executed_after_vfork(t, -1), 0, "write of the program");
    t.expect_equal(o->count(), 6, "count after the program's write");
    t.expect_equal(executed_after_vfork(t, nine) != 0, true, "a number closed before exec is closed in the program");
    std::uint64_t value = 0;
    t.expect_error(take_from(nine, value), 0, "read here of the number that the child closed");
    t.expect_equal(value, 6, "value");
    use(t, nine);
    ::fcntl(nine, F_SETFD, FD_CLOEXEC);
    t.expect_equal(executed_after_vfork(t, -1) != 0, true, "cloexec takes it from the program");
}

CLAIM(K_165, descriptor,
      "close_range closes or marks the numbers in it, here or, with UNSHARE, for this thread alone") {
    constexpr int first = 200;
    constexpr int last = 220;
    const auto o = t.make(0, EFD_NONBLOCK);
    use(t, o->descriptor());
    std::uint64_t value = 0;
    const auto inside = [&] { return ::fcntl(o->descriptor(), F_DUPFD, first); };
    const int closed = inside();
    t.expect_error(add_to(closed, 3), 0, "write");
    if (common::close_numbers(first, last, 0) != 0) t.not_here("close_range is refused");
    t.expect_error(take_from(closed, value), EBADF, "read of a number in the range");
    t.expect_error(take_from(o->descriptor(), value), 0, "read of one outside");
    t.expect_equal(value, 3, "value");

    const int marked = inside();
    if (common::close_numbers(first, last, CLOSE_RANGE_CLOEXEC) != 0) t.not_here("CLOSE_RANGE_CLOEXEC is refused");
    t.expect_equal(::fcntl(marked, F_GETFD), FD_CLOEXEC, "F_GETFD after CLOSE_RANGE_CLOEXEC");
    t.expect_equal(::fcntl(o->descriptor(), F_GETFD), 0, "F_GETFD of one outside");
    use(t, marked);

    t.expect_error(add_to(marked, 4), 0, "write");
    int error_there = 0;
    int error_outside = 0;
    std::thread([&] {
        common::close_numbers(first, last, CLOSE_RANGE_UNSHARE);
        error_there = add_to(marked, 1);
        error_outside = add_to(o->descriptor(), 1);
    }).join();
    t.expect_error(error_there, EBADF, "write in the thread of its own numbers");
    t.expect_error(error_outside, 0, "write in that thread to one outside");
    t.expect_error(take_from(marked, value), 0, "read in the other threads");
    t.expect_equal(value, 5, "value in the other threads");
}

CLAIM(K_166, descriptor,
      "clone with CLONE_FILES: two processes, one table: what one makes or closes, the other has made or closed") {
    constexpr std::pair<const char*, way_to_share> ways[] = {
        {"clone", by_name}, {"SYS_clone", by_clone}, {"SYS_clone3", by_clone3}};
    for (const auto& [how, way] : ways) { // each in a fresh process
        const long found = in_other_process([&] { return value_made_elsewhere(t, way); });
        if (found != refused) t.expect_equal(found, 11, std::string("value of an eventfd made after ") + how);
    }

    const auto o = t.make(0, EFD_NONBLOCK);
    const int fd = ::dup(o->descriptor());
    std::uint64_t value = 0;
    use(t, fd);
    t.expect_error(add_to(fd, 5), 0, "write");
    t.expect_error(add_to(fd, 5), 0, "write");
    t.expect_equal(with_one_table(t, [&] { return take_from(fd, value) != 0 ? 255 : static_cast<int>(value); }), 10,
                   "value that the other process read");
    t.expect_error(take_from(fd, value), EAGAIN, "read after the other's read");
    t.expect_equal(with_one_table(t, [&] { return add_to(fd, 7); }), 0, "write of the other process");
    t.expect_error(take_from(fd, value), 0, "read of the other's write");
    t.expect_equal(value, 7, "value of the other's write");

    use(t, fd);
    const int replaced = with_one_table(t, [&] { // the number is closed, and names another eventfd
        ::close(fd);
        const int theirs = ::eventfd(40, EFD_NONBLOCK);
        return theirs == fd ? 0 : 1;
    });
    t.expect_equal(replaced, 0, "the number closed by the other process is the next");
    t.expect_error(add_to(fd, 2), 0, "write by a number that has another eventfd by now");
    t.expect_equal(count_of(fd), 42, "its count");
    t.expect_error(take_from(fd, value), 0, "read by that number");
    t.expect_equal(value, 42, "value by that number");
    t.expect_equal(o->count(), 0, "count of the first eventfd");
    t.expect_equal(with_one_table(t, [&] { return ::close(fd); }), 0, "close by the other process");
    t.expect_error(add_to(fd, 1), EBADF, "write to a number that the other process closed");
}

} // namespace efd::claims
