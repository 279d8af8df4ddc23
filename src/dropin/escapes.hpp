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
// Is there one that was not given back to the kernel.
[[nodiscard]] bool any_at_stake() noexcept;

void before_epoll_ctl(int operation, int fd, const epoll_event* asked) noexcept;
// An epoll is watched for edges, or polled for each: whatever is in it, by however many others, may be one of ours.
void before_nested_edges() noexcept;
void before_sendmsg(const msghdr* asked) noexcept;
void before_sendmmsg(const mmsghdr_view* asked, unsigned number) noexcept;
void before_ioctl(int fd, unsigned long request) noexcept;
void before_fcntl(int fd, int command) noexcept;
// Descriptors without close-on-exec; all of them if the child may be given others.
void before_exec() noexcept;
void before_spawn(bool with_actions) noexcept;
// Numbers first to last, as close_range takes them.
void before_close_range(unsigned first, unsigned last, unsigned flags) noexcept;
// The calling thread gets a table of descriptors of its own: numbers will mean one thing here and another there.
void before_unshare() noexcept;
// A process or thread is made by clone with these flags. With a memory of its own and this table of descriptors it
// makes and closes what the other one does not hear of.
void before_clone(unsigned long flags) noexcept;
// The process asks for a filter of its system calls, which may end it for one that it does not make itself. Afterwards
// nothing of it is known, and we make none.
void before_sandbox() noexcept;

// Brings every count to where fdinfo shows it. Nothing is demoted.
void show_counts() noexcept;
// As show_counts, if what was opened may be a file of /proc that shows one.
void after_open(const char* path) noexcept;

// In the parent before fork, in the child after it.
void before_fork() noexcept;
void after_fork_in_child() noexcept;

} // namespace efd::dropin
