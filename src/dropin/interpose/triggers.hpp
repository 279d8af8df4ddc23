// SPDX-License-Identifier: MIT
// dropin/interpose/triggers.hpp: the demotion triggers: calls after which an unseen party may touch an eventfd, and
// what each demotes.
//
// One rule for each call, used for libc's name and for the number in syscall(). It gets the call's first six words
// before the call is made. Any thread; also in signal handlers and in a child of vfork. errno does not change.
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
// An epoll is watched for edges, or polled for each event. Any eventfd may be in it, perhaps through other epolls.
void before_nested_edges() noexcept;
// The opened file may be one of /proc that shows a count.
void before_open(const char* path) noexcept;
// A child that has a copy of the descriptor table, or of the memory, or of both.
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
void look_close(call a) noexcept;
void look_dup(call a) noexcept;
void look_dup2(call a) noexcept;
void look_fcntl(call a) noexcept;
void look_other_read(call a) noexcept;
void look_other_write(call a) noexcept;
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
