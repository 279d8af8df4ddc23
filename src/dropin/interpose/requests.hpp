// SPDX-License-Identifier: MIT
// dropin/interpose/requests.hpp: what an io_uring or an AIO context is asked to do with eventfds of ours.
//
// A kernel that tells once that there is something needs no help (docs/decisions/0010-parked-units.md). One that reads,
// or tells of each write, would miss what is parked: the eventfd is demoted before the request reaches him. Requests
// pass by here if they are made through liburing, libaio or syscall(io_submit): such a ring is seen. Of any other the
// process is not trusted with parked units at all. Any thread; also in signal handlers.
#pragma once

#include "dropin/interpose/looks.hpp"

struct io_uring;

namespace efd::dropin {

// The process makes a ring, or an AIO context.
enum class ring_kind : unsigned char { seen, unseen };
void before_ring(ring_kind kind) noexcept;

// liburing has made it; is about to give it up.
void after_ring(const io_uring* made) noexcept;
void before_ring_exit(const io_uring* given_up) noexcept;

// Of system calls: who makes these maps the ring himself, or gives it files that are not told.
void look_own_ring(call a) noexcept;
void look_ring_register(call a) noexcept;
void look_context(call a) noexcept;
void look_io_submit(call a) noexcept;

// What was put into the ring since the last time goes to the kernel.
void before_submit(const io_uring* ring) noexcept;
// These become the ring's own; a request names them by their place.
void before_ring_files(const int* files, unsigned number) noexcept;

// A question before an eventfd is promoted: has this process no ring whose requests we cannot see. It was made by
// inline calls, or before we were loaded.
[[nodiscard]] bool sees_all_rings() noexcept;

} // namespace efd::dropin
