// SPDX-License-Identifier: MIT
// tests/share/lives/peer.hpp: another process of a test, which talks with it by bytes in pipes.
//
// A peer runs one function and ends. It ends with the test as well: who waits for a byte that cannot come any more gets
// a zero. Every wait has a bound.
#pragma once

#include "share/processes.hpp"

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <poll.h>
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
    explicit peer(Body body) : peer(pipes(), body) {}
    peer(peer&& other) noexcept : talk(other.in_, other.out_), process_(std::move(other.process_)) {
        other.in_ = other.out_ = -1;
    }
    peer& operator=(peer&&) = delete;
    ~peer() {
        kill();
        ::close(in_);
        ::close(out_);
    }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }

    void kill() { process_.kill(); }        // its locks are gone when this returns
    int status() { return process_.end(); } // waits for its end; below zero: the signal that ended it

  private:
    struct pipes {
        int down[2];
        int up[2];
        pipes() {
            if (::pipe2(down, 0) != 0 || ::pipe2(up, 0) != 0) ::abort();
        }
    };
    template <class Body>
    peer(const pipes& both, Body body)
        : talk(both.up[0], both.down[1]), process_([&] {
              ::close(both.down[1]);
              ::close(both.up[0]);
              return body(talk(both.down[0], both.up[1]));
          }) {
        ::close(both.down[0]);
        ::close(both.up[1]);
    }

    process process_;
};

// How many descriptors this process has.
inline std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

} // namespace efd::tests
