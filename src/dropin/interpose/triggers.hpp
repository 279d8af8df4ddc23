// SPDX-License-Identifier: MIT
// dropin/interpose/triggers.hpp: the demotion triggers: calls after which an unseen party may touch an eventfd, and
// what each demotes.
//
// One rule for each call, used for libc's name and for the number in syscall(). It gets the call's first six words
// before the call is made. Any thread; also in signal handlers and in a child of vfork. errno does not change.
#pragma once

#include "dropin/interpose/passed.hpp"
#include "dropin/table/table.hpp"

struct epoll_event;
struct msghdr;

namespace efd::dropin {

using call = const words&;

void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* asked) noexcept;
void before_sendmsg(const msghdr* asked) noexcept;
// An epoll is watched for edges, or polled for each event. Any eventfd may be in it, perhaps through other epolls.
void before_nested_edges() noexcept;

// Of rings.cpp: a ring that the program maps itself, files registered unseen, an AIO context, its requests.
rule on_own_ring, on_ring_register, on_context, on_io_submit;

// Asked before a promotion: are the requests of every ring of this process seen? A ring that was made by inline calls,
// or before the drop-in was loaded, is not.
[[nodiscard]] bool sees_all_rings() noexcept;

inline void makes_eventfd(call /*a*/) noexcept {}
inline void makes_epoll(call /*a*/) noexcept {}

} // namespace efd::dropin

// Rules by the number of the call. The two above stand for what is done after the call.
inline constexpr long most_calls = 512;
struct watched_calls {
    efd::dropin::rule* look[most_calls];
};
extern "C" [[gnu::visibility("hidden")]] const watched_calls efd_watched_calls;
