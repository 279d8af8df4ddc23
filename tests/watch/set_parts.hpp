// SPDX-License-Identifier: MIT
// tests/watch/set_parts.hpp: what the tests of sets ask and put into them: a pipe, a poll, a look for what is ready.
#pragma once

#include <efd/wait_set.hpp>

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace efd::tests {

class pipe_ends {
  public:
    pipe_ends() { EXPECT_EQ(::pipe(ends_.data()), 0); }
    ~pipe_ends() {
        close_reader();
        ::close(ends_[1]);
    }
    pipe_ends& operator=(pipe_ends&&) = delete; // neither copied nor moved
    [[nodiscard]] int reader() const { return ends_[0]; }
    [[nodiscard]] int writer() const { return ends_[1]; }
    void close_reader() {
        if (ends_[0] >= 0) ::close(ends_[0]);
        ends_[0] = -1;
    }
    void fill() const { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }
    void drain() const {
        char byte = 0;
        ASSERT_EQ(::read(ends_[0], &byte, 1), 1);
    }

  private:
    std::array<int, 2> ends_{-1, -1};
};

inline bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

// The token of a ready member, taken from; none: nobody is ready.
inline std::optional<std::uint64_t> look(wait_set& set) {
    set_event got{};
    if (set.try_any(got) != std::errc{}) return std::nullopt;
    return got.token;
}

} // namespace efd::tests
