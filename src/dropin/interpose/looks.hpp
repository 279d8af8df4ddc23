// dropin/interpose/looks.hpp: what lets somebody whom we cannot see touch an eventfd, and what then becomes of it.
//
// Each is told before the call that would let him. Any thread; also in signal handlers and in a child of vfork. errno
// stays as it was.
#pragma once

#include "dropin/interpose/passed.hpp"

#include <cstddef>

struct epoll_event;
struct msghdr;

namespace efd::dropin {

void before_close_range(unsigned first, unsigned last, unsigned flags) noexcept;
void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* asked) noexcept;
void before_sendmsg(const msghdr* asked) noexcept;
void before_sendmmsg(const void* asked, unsigned number) noexcept;
void before_ioctl(int fd, unsigned long request) noexcept;
void before_fcntl(int fd, int command, long more) noexcept;
void before_fdopen(int fd) noexcept;
// Whoever gets a copy of the numbers, or shares them and has memory of his own, or shares that and has other numbers.
void before_clone(unsigned long flags) noexcept;
void before_clone3(const void* asked) noexcept;
// The calling thread gets a table of descriptors of its own.
void before_unshare(unsigned long flags) noexcept;
// A filter of system calls may end the process for one that it does not make itself. Afterwards we make none.
void before_sandbox() noexcept;
// What is opened may be a file of /proc that shows a count.
void before_open(const char* path) noexcept;
// An epoll is watched for edges, or polled for each: whatever is in it, by however many others, may be one of ours.
void before_nested_edges() noexcept;
void before_aio(const void* request) noexcept;
void before_lio_listio(const void* list, int number) noexcept;

} // namespace efd::dropin
