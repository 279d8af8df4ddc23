// dropin/escapes.hpp: what lets somebody whom we cannot see touch an eventfd, and what then becomes of it.
//
// Each is told before the call that would let him. Any thread; also in signal handlers and in a child of vfork.
#pragma once

#include "dropin/slot.hpp"

struct epoll_event;
struct msghdr;

namespace efd::dropin {

struct mmsghdr_view; // struct mmsghdr

// One descriptor, or all that this process has.
void gone_astray(int fd, reason why) noexcept;
void all_gone_astray(reason why) noexcept;

void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* wanted) noexcept;
// It went well, and so `wanted` could be read.
void after_epoll_ctl(int epoll, int operation, int fd, const epoll_event* wanted) noexcept;
void before_sendmsg(const msghdr* message) noexcept;
void before_sendmmsg(const mmsghdr_view* messages, unsigned number) noexcept;
void before_ioctl(int fd, unsigned long request) noexcept;
void before_fcntl(int fd, int command) noexcept;
// Descriptors without close-on-exec; all of them if the child may be given others.
void before_exec() noexcept;
void before_spawn(bool with_actions) noexcept;
// The process makes an io_uring.
void before_ring() noexcept;

// Brings every count to where fdinfo shows it. Nothing is demoted.
void show_counts() noexcept;
// As show_counts, if the path is one of /proc that shows counts.
void before_open(const char* path) noexcept;

// In the parent before fork, in the child after it.
void before_fork() noexcept;
void after_fork_in_child() noexcept;

} // namespace efd::dropin
