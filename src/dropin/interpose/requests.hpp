// SPDX-License-Identifier: MIT
// dropin/interpose/requests.hpp: requests of an io_uring or an AIO context that concern noted eventfds.
//
// A request that completes once when units arrive needs no help (docs/decisions/0010-cached-units.md). A request that
// reads, or completes for each write, would miss cached units, so the eventfd is demoted before the kernel gets the
// request. Requests are seen if they are made through liburing, libaio or syscall(io_submit). In a process that has any
// other ring nothing is promoted. Any thread; also in signal handlers.
#pragma once

#include "dropin/interpose/triggers.hpp"

struct io_uring;

namespace efd::dropin {

// Before the process makes a ring or an AIO context.
enum class ring_kind : unsigned char { seen, unseen };
void before_ring(ring_kind kind) noexcept;

// Before liburing makes a ring, or destroys one.
void look_ring(call a) noexcept;
void look_ring_exit(call a) noexcept;

// Rules of system calls. A program that makes the first two maps the ring itself, or registers files unseen.
void look_own_ring(call a) noexcept;
void look_ring_register(call a) noexcept;
void look_context(call a) noexcept;
void look_io_submit(call a) noexcept;

// Before the kernel gets the requests that were added to the ring since the last submission.
void before_submit(const io_uring* ring) noexcept;
// Before files are registered with a ring; requests then name them by index.
void before_ring_files(const int* files, unsigned number) noexcept;

// Asked before a promotion: are the requests of every ring of this process seen? A ring that was made by inline calls,
// or before the drop-in was loaded, is not.
[[nodiscard]] bool sees_all_rings() noexcept;

} // namespace efd::dropin
