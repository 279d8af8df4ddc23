// SPDX-License-Identifier: MIT
// os/cpu.hpp: which processor runs us, and how a waiting loop breathes. Async-signal-safe.
#pragma once

namespace efd::os {

// The processor this thread is on, of this moment; -1 if the system does not say.
[[nodiscard]] int current_cpu() noexcept;

// Tells the processor that a loop waits for another one.
inline void relax_cpu() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#else
    asm volatile("" ::: "memory");
#endif
}

} // namespace efd::os
