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

rule look_epoll_ctl, look_sendmsg, look_sendmmsg, look_ioctl, look_pidfd_getfd;
rule look_close, look_close_range, look_dup, look_dup2, look_fcntl, look_other_read, look_other_write;
rule look_exec, look_fork, look_vfork, look_clone3, look_unshare, look_prctl, look_seccomp;
// Of rings.cpp: a ring that the program maps itself, files registered unseen, an AIO context, its requests.
rule look_own_ring, look_ring_register, look_context, look_io_submit;
template <int Place>
void look_open(call a) noexcept {
    before_open(a.as<const char*>(Place));
}
template <int Place>
void look_clone(call a) noexcept {
    before_clone(a.as<unsigned>(Place));
}

// Asked before a promotion: are the requests of every ring of this process seen? A ring that was made by inline calls,
// or before the drop-in was loaded, is not.
[[nodiscard]] bool sees_all_rings() noexcept;

} // namespace efd::dropin
