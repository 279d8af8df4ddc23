// SPDX-License-Identifier: MIT
// os/epoll.hpp: epolls of efd's own, with the kernel descriptors that a set has for members.
//
// Owns nothing. An epoll has the mark of os/fd.hpp and does not survive exec. May be called from any thread and from a
// signal handler; errno stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace efd::os {

// EPOLLONESHOT.
inline constexpr std::uint32_t epoll_one_shot = 1U << 30;
// A marked epoll, close-on-exec, or a negative errno.
[[nodiscard]] int make_epoll() noexcept;
// As replace_doorbell, for an epoll.
[[nodiscard]] bool replace_epoll(int fd) noexcept;
// 0 or a negative errno, as epoll_ctl(2). The data beside the descriptor is returned with its events.
[[nodiscard]] int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
void epoll_remove(int epoll, int fd) noexcept;
// Whether the file behind this number was added under it and is still registered. What it is watched for stays.
[[nodiscard]] bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept;
// Puts one epoll behind the number of another, whose registrations end; `fresh` is closed. False: nothing has changed.
[[nodiscard]] bool epoll_replace(int fresh, int epoll) noexcept;
struct epoll_found {
    std::uint32_t events;
    std::uint64_t beside;
};
// What is ready now, without waiting.
[[nodiscard]] std::size_t epoll_look(int epoll, std::span<epoll_found> room) noexcept;

} // namespace efd::os
