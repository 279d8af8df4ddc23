// SPDX-License-Identifier: MIT
// conformance/framework/epoll_watch.hpp: one epoll instance that watches one descriptor, for the claims about epoll.
//
// Owns the epoll descriptor, which is given up with the claim's process. now() never sleeps: an eventfd wakes its
// watchers before the waking call returns, so an event is there then or never. Any thread. Invariant: at most one
// descriptor is watched, so one mask is the whole answer.
#pragma once

#include "conformance/framework/descriptor_calls.hpp"

#include <cerrno>
#include <cstdint>

#include <sys/epoll.h>

namespace efd::claims {

inline constexpr std::uint32_t epoll_in = EPOLLIN;
inline constexpr std::uint32_t epoll_out = EPOLLOUT;
inline constexpr std::uint32_t epoll_err = EPOLLERR;
inline constexpr std::uint32_t epoll_edge = EPOLLET;
inline constexpr std::uint32_t nothing = 0;

class epoll_watch {
  public:
    epoll_watch() = default;
    epoll_watch(int fd, std::uint32_t events) { add(fd, events); }

    int descriptor() const { return epfd_; }
    int add(int fd, std::uint32_t events) { return control(EPOLL_CTL_ADD, fd, events); }
    int modify(int fd, std::uint32_t events) { return control(EPOLL_CTL_MOD, fd, events); }

    // The mask that epoll_wait delivers at once, or `nothing`.
    std::uint32_t now() { return deliver(0); }
    // The same, but sleeps until there is one.
    std::uint32_t wait() { return deliver(-1); }

  private:
    int control(int what, int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        return error_of(::epoll_ctl(epfd_, what, fd, &event));
    }
    std::uint32_t deliver(int timeout_ms) {
        epoll_event event{};
        return ::epoll_wait(epfd_, &event, 1, timeout_ms) == 1 ? event.events : nothing;
    }

    int epfd_ = ::epoll_create1(EPOLL_CLOEXEC);
};

} // namespace efd::claims
