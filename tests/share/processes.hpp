// SPDX-License-Identifier: MIT
// tests/share/processes.hpp: another process that runs a body, can be seen asleep, and is killed or awaited.
//
// Owns the process: the destructor kills and reaps it. The body runs in the child of a fork and its result is the exit
// status.
#pragma once

#include <efd/eventfd.hpp>

#include "support/child.hpp"
#include "support/waiting.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace efd::tests {

inline std::string own_name(const char* what) { return what + std::to_string(::getpid()); }

// Two ends that carry single bytes: what one process says to the other.
class byte_line {
  public:
    byte_line() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0); }
    byte_line& operator=(byte_line&&) = delete; // neither copied nor moved
    ~byte_line() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    void say(int end, char what = 'x') const { EXPECT_EQ(::write(ends_[end], &what, 1), 1); }
    [[nodiscard]] char hear(int end) const {
        char what = 0;
        return ::read(ends_[end], &what, 1) == 1 ? what : '\0';
    }
    [[nodiscard]] int end(int which) const { return ends_[which]; }

  private:
    int ends_[2] = {-1, -1};
};

// Its body begins once fork(2) has returned in the test: a handler of that fork would else find it dead, perhaps, and
// reap what the test waits for.
class process {
  public:
    template <class Body>
    explicit process(Body body) {
        std::optional<byte_line> begin(std::in_place);
        const pid_t test = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0) ::abort(); // and -1 is every process, to kill
        if (pid_ > 0) {
            begin->say(0);
            return;
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // what waits for the test's word ends with the test
        if (::getppid() != test) ::_exit(97);
        (void)begin->hear(1);
        begin.reset();
        end_child(body());
    }
    process(process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    process& operator=(process&&) = delete;
    ~process() { kill(); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool seen_asleep() const {
        return eventually([this] { return common::is_asleep_in_futex(pid_, pid_); });
    }
    // The byte that it says at its end of the line, 1. If it ends without one: a failure, and zero.
    [[nodiscard]] char hear(const byte_line& line) const {
        const auto life = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        ::pollfd asked[] = {{line.end(0), POLLIN, 0}, {life, POLLIN, 0}};
        while (::poll(asked, 2, -1) < 0 && errno == EINTR) {
        }
        if (life >= 0) ::close(life);
        const bool has_said = ::poll(asked, 1, 0) == 1; // perhaps its last word
        if (!has_said) ADD_FAILURE() << "a process has ended, and a word of it was waited for; " << how_it_ended();
        return has_said ? line.hear(0) : '\0';
    }
    // The result of the body; below zero: the signal that ended it.
    int end() {
        if (pid_ <= 0) return -1;
        int status = -1;
        EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        (void)end();
    }

  private:
    // It can still be awaited.
    [[nodiscard]] std::string how_it_ended() const {
        ::siginfo_t about{};
        if (::waitid(P_PID, static_cast<::id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) != 0)
            return "it is no child";
        return (about.si_code == CLD_EXITED ? "exit status " : "killed by signal ") + std::to_string(about.si_status);
    }

    pid_t pid_ = -1;
};

// Its end says what its read gave.
inline process reader_of(const eventfd& object) {
    return process([&object] {
        std::uint64_t value = 0;
        return object.read(value) == std::errc{} ? static_cast<int>(value) : 100;
    });
}

} // namespace efd::tests
