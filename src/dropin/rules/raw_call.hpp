// SPDX-License-Identifier: MIT
// dropin/rules/raw_call.hpp: a system call without libc: no errno, no cancellation point, not interposed.
#pragma once

#include <cstdint>
#include <type_traits>

namespace efd::dropin {

template <class T>
inline long as_register(T value) noexcept {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<long>(value);
    else if constexpr (std::is_null_pointer_v<T>)
        return 0;
    else
        return static_cast<long>(value);
}

#if defined(__x86_64__)
inline long raw_call6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    long result = number;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}
[[gnu::always_inline]] inline std::uintptr_t stack_pointer() noexcept {
    std::uintptr_t pointer = 0;
    asm("mov %%rsp, %0" : "=r"(pointer));
    return pointer;
}
// No signal comes amid it. Of two threads that add at the same time one may be lost.
[[gnu::always_inline]] inline void add_in_one_instruction(std::uint32_t& sum, std::int32_t n) noexcept {
    asm volatile("addl %1, %0" : "+m"(sum) : "ir"(n) : "cc");
}
#elif defined(__aarch64__)
inline long raw_call6(long number, long a, long b, long c, long d, long e, long f) noexcept {
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;
    register long x5 asm("x5") = f;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
[[gnu::always_inline]] inline std::uintptr_t stack_pointer() noexcept {
    std::uintptr_t pointer = 0;
    asm("mov %0, sp" : "=r"(pointer));
    return pointer;
}
#else
#error "the drop-in knows x86-64 and aarch64; build with EFD_BUILD_DROPIN=OFF"
#endif

// Is the address in the caller's frames or shortly above them? That memory is always mapped.
[[gnu::always_inline]] inline bool is_on_stack(std::uintptr_t address) noexcept {
    constexpr std::uintptr_t reach = 1U << 12;
    return address - stack_pointer() < reach;
}

// Returns what the kernel returns: the result, or a negative errno.
template <class... Arguments>
inline long raw_call(long number, Arguments... arguments) noexcept {
    static_assert(sizeof...(Arguments) <= 6);
    long all[6] = {};
    [[maybe_unused]] int at = 0;
    ((all[at++] = as_register(arguments)), ...);
    return raw_call6(number, all[0], all[1], all[2], all[3], all[4], all[5]);
}

// Is the result a negative errno? An address may be negative as a number, too.
constexpr bool is_error(long result) noexcept { return result < 0 && result > -4096; }
static_assert(is_error(-1) && is_error(-4095) && !is_error(-4096) && !is_error(0));

} // namespace efd::dropin
