// SPDX-License-Identifier: MIT
// dropin/interpose/looks.hpp: what lets somebody whom we cannot see touch an eventfd, and what then becomes of it.
//
// One rule for each call, for libc's name and for its number in syscall(): it is told the call's first six words before
// the call is made. Any thread; also in signal handlers and in a child of vfork. errno stays as it was.
#pragma once

#include "dropin/interpose/passed.hpp"
#include "dropin/rules/slot.hpp"
#include "dropin/table/table.hpp"

struct epoll_event;
struct msghdr;

namespace efd::dropin {

using call = const words&;

void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* asked) noexcept;
void before_sendmsg(const msghdr* asked) noexcept;
// An epoll is watched for edges, or polled for each: whatever is in it, by however many others, may be one of ours.
void before_nested_edges() noexcept;
// What is opened may be a file of /proc that shows a count.
void before_open(const char* path) noexcept;
// Whoever gets a copy of the numbers, or shares them and has memory of his own, or shares that and has other numbers.
void before_clone(unsigned long flags) noexcept;

void look_epoll_ctl(call a) noexcept;
void look_sendmsg(call a) noexcept;
void look_sendmmsg(call a) noexcept;
void look_ioctl(call a) noexcept;
void look_fdopen(call a) noexcept;
void look_aio(call a) noexcept;
void look_lio_listio(call a) noexcept;
void look_pidfd_getfd(call a) noexcept;
void look_close_range(call a) noexcept;
void look_closefrom(call a) noexcept;
void look_exec(call a) noexcept;
void look_fork(call a) noexcept;
void look_vfork(call a) noexcept;
void look_clone3(call a) noexcept;
void look_unshare(call a) noexcept;
void look_prctl(call a) noexcept;
void look_seccomp(call a) noexcept;
void look_dlopen(call a) noexcept;
void look_dlmopen(call a) noexcept;
template <int Place>
void look_open(call a) noexcept {
    before_open(a.as<const char*>(Place));
}
template <int Place>
void look_clone(call a) noexcept {
    before_clone(a.as<unsigned>(Place));
}

} // namespace efd::dropin
