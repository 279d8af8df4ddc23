// SPDX-License-Identifier: MIT
// tests/watch/loops.hpp: the ways in which event loops watch a descriptor, behind one face.
//
// Owns the descriptors that a way needs. One thread at a time. event() says whether the loop is told within a bound,
// and takes what it was told; ways that are told once for each asking ask again first. Links with liburing; a machine
// that refuses io_uring is known by refused().
#pragma once

#include "conformance/framework/uring.hpp"

#include <cstdint>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

namespace efd::tests {

inline constexpr int bound_ms = 60000;

class loop {
  public:
    virtual ~loop() = default;
    loop& operator=(loop&&) = delete; // neither copied nor moved

    [[nodiscard]] virtual bool event(int milliseconds) = 0;
    [[nodiscard]] virtual int refused() const { return 0; }
};

// One epoll; with EPOLLONESHOT it asks again before each look but the first.
class epoll_loop : public loop {
  public:
    epoll_loop(int watched, std::uint32_t events)
        : fd_(::epoll_create1(EPOLL_CLOEXEC)), watched_(watched), events_(events) {
        control(EPOLL_CTL_ADD);
    }
    ~epoll_loop() override { ::close(fd_); }

    bool event(int milliseconds) override {
        if (told_ && (events_ & EPOLLONESHOT) != 0) control(EPOLL_CTL_MOD);
        epoll_event got{};
        told_ = ::epoll_wait(fd_, &got, 1, milliseconds) == 1;
        return told_;
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    void control(int what) const {
        epoll_event interest{events_, {}};
        if (::epoll_ctl(fd_, what, watched_, &interest) != 0) ::perror("epoll_ctl");
    }

    int fd_;
    int watched_;
    std::uint32_t events_;
    bool told_ = false;
};

// An epoll that watches an epoll that watches the descriptor; told by the outer one, it looks into the inner one.
class nested_loop : public loop {
  public:
    nested_loop(int watched, std::uint32_t events) : inner_(watched, events), outer_(inner_.fd(), EPOLLIN) {}
    bool event(int milliseconds) override { return outer_.event(milliseconds) && inner_.event(0); }

  private:
    epoll_loop inner_;
    epoll_loop outer_;
};

class poll_loop : public loop {
  public:
    poll_loop(int watched, std::uint32_t events) : one_{watched, static_cast<short>(events), 0} {}
    bool event(int milliseconds) override { return ::poll(&one_, 1, milliseconds) == 1; }

  private:
    pollfd one_;
};

class select_loop : public loop {
  public:
    select_loop(int watched, std::uint32_t events) : watched_(watched), events_(events) {}
    bool event(int milliseconds) override {
        fd_set fds;
        FD_ZERO(&fds);
        FD_SET(watched_, &fds);
        timeval bound{milliseconds / 1000, 0};
        const bool reads = (events_ & POLLIN) != 0;
        return ::select(watched_ + 1, reads ? &fds : nullptr, reads ? nullptr : &fds, nullptr, &bound) == 1;
    }

  private:
    int watched_;
    std::uint32_t events_;
};

// POLL_ADD of an io_uring, submitted again before each look if it has completed; or once, for all events to come.
class uring_loop : public loop {
  public:
    uring_loop(int watched, std::uint32_t events, bool multishot)
        : watched_(watched), events_(events), multishot_(multishot) {
        if (refused() == 0) ring_.submit_poll(watched_, events_, multishot_);
    }
    bool event(int milliseconds) override {
        if (ended_) ring_.submit_poll(watched_, events_, multishot_);
        ended_ = false;
        claims::uring::completion got = ring_.now();
        for (int waited_ms = 0; !got.came && waited_ms < milliseconds; waited_ms += 5000) got = ring_.wait();
        ended_ = got.came && (got.flags & IORING_CQE_F_MORE) == 0;
        return got.came && got.result > 0;
    }
    [[nodiscard]] int refused() const override { return ring_.refused(); }

  private:
    claims::uring ring_;
    int watched_;
    std::uint32_t events_;
    bool multishot_;
    bool ended_ = false;
};

} // namespace efd::tests
