// SPDX-License-Identifier: MIT
// tests/share/lives/peer.hpp: another process of a test, which talks with it by bytes in pipes.
//
// A peer runs one function and ends. It ends with the test as well: who waits for a byte that cannot come any more gets
// a zero. Every wait has a bound.
#pragma once

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <gtest/gtest.h>
#include <iterator>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace efd::tests {

// One end of the talk: bytes go out by `out` and come in by `in`.
class talk {
  public:
    talk(int in, int out) : in_(in), out_(out) {}
    void say(char byte) const {
        if (::write(out_, &byte, 1) != 1) ::_exit(90);
    }
    [[nodiscard]] char hear() const {
        constexpr int patience_ms = 60'000;
        ::pollfd asked{in_, POLLIN, 0};
        char byte = 0;
        return ::poll(&asked, 1, patience_ms) == 1 && ::read(in_, &byte, 1) == 1 ? byte : '\0';
    }

  protected:
    int in_;
    int out_;
};

class peer : public talk {
  public:
    template <class Body> // int(const talk&): its exit status
    explicit peer(Body body) : talk(-1, -1) {
        int down[2];
        int up[2];
        if (::pipe2(down, 0) != 0 || ::pipe2(up, 0) != 0) ::abort();
        pid_ = ::fork();
        if (pid_ < 0) ::abort();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(down[1]);
            ::close(up[0]);
            ::_exit(body(talk(down[0], up[1])));
        }
        ::close(down[0]);
        ::close(up[1]);
        in_ = up[0];
        out_ = down[1];
    }
    peer(peer&& other) noexcept : talk(other.in_, other.out_), pid_(std::exchange(other.pid_, -1)) {
        other.in_ = other.out_ = -1;
    }
    peer& operator=(peer&&) = delete;
    ~peer() {
        kill();
        ::close(in_);
        ::close(out_);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

    // Its locks are gone when this returns.
    void kill() {
        if (pid_ <= 1) return; // -1 would be every process of the user
        ::kill(pid_, SIGKILL);
        (void)status();
    }
    // Waits for its end; below zero: the signal that ended it.
    int status() {
        int status = -1;
        EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t pid_ = -1;
};

// How many descriptors this process has.
inline std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

} // namespace efd::tests
