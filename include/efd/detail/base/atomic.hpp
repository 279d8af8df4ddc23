// SPDX-License-Identifier: MIT
// base/atomic.hpp: the one door to atomics.
//
// Owns nothing. Every atomic object of efd is an efd::base::atomic, every operation on it names its order with one of
// the four constants below. Because nothing else in efd includes <atomic>, a build that defines EFD_ATOMIC_MODEL to the
// name of a header compiles the same production source against that header's model of memory instead.
// The orders in use, and no others: relaxed where only the value matters, acquire for a look, release for a hand-over,
// acq_rel for every read-modify-write that decides something.
#pragma once

#include <efd/detail/base/cxx20.hpp>

#ifdef EFD_ATOMIC_MODEL
#include EFD_ATOMIC_MODEL
#else

#include <atomic>
#include <cstdint>

namespace efd::EFD_ABI::base {

template <class T>
using atomic = std::atomic<T>;

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;

// What is written before it is in memory before what is written after it, for the child of a fork, which has a copy of
// plain memory as it was between two instructions of another thread.
inline void in_program_order() noexcept { std::atomic_signal_fence(std::memory_order_acq_rel); }

// A lock inside libatomic belongs to one process: such an atomic would be wrong in shared memory and in a handler.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "efd needs lock-free 64-bit atomics");
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "efd needs lock-free 32-bit atomics");

} // namespace efd::EFD_ABI::base

#endif
