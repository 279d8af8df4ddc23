// SPDX-License-Identifier: MIT
// Fibers: the threads of an exploration, all on one thread of the system.
//
// Owns the switch between stacks and the stacks themselves, which stand at fixed addresses: a fiber's whole progress is
// the bytes from its stack pointer to the top of its stack, so it can be saved, restored and compared by its bytes. The
// switch is for x86-64, as the host of the explorer; what is explored does not depend on the host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace explore {

inline constexpr int max_threads = 6;
inline constexpr std::size_t stack_bytes = std::size_t{1} << 15;

using fiber_body = void (*)();

// The first byte of a fiber's stack, and the first byte above it.
unsigned char* stack_of(int fiber) noexcept;
unsigned char* stack_top(int fiber) noexcept;

// Makes the fiber's stack such that the first switch to it calls `entry`, which must never return.
void* fresh_stack(int fiber, fiber_body entry) noexcept;

// Zeroes what is below the stack pointer, so that no frame to come finds anything in it that depends on the past.
void clean_below(int fiber, void* stack_pointer) noexcept;

} // namespace explore

// Saves the running stack's pointer in *from and goes on with `to`.
extern "C" void explore_switch(void** from, void* to) noexcept;
