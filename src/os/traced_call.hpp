// SPDX-License-Identifier: MIT
// os/traced_call.hpp: what depends on the processor when another thread's system calls are traced.
//
// For a tracer. The thread is stopped. One thread.
#pragma once

#include <cerrno>
#include <cstdint>
#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

namespace efd::os {

// Of system calls that this build knows by their numbers.
#if defined(__x86_64__)
inline constexpr std::uint32_t native_calls = AUDIT_ARCH_X86_64;
#elif defined(__i386__)
inline constexpr std::uint32_t native_calls = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
inline constexpr std::uint32_t native_calls = AUDIT_ARCH_AARCH64;
#elif defined(__riscv)
inline constexpr std::uint32_t native_calls = AUDIT_ARCH_RISCV64;
#else
inline constexpr std::uint32_t native_calls = 0; // none
#endif

// Calls that the kernel ends with EINTR when a tracer stops their thread, and that have changed nothing then.
inline bool is_ended_by_a_stop(std::uint64_t number) noexcept {
    switch (number) {
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2:
#endif
#ifdef SYS_semop
    case SYS_semop:
#endif
#ifdef SYS_semtimedop
    case SYS_semtimedop:
#endif
#ifdef SYS_accept
    case SYS_accept:
#endif
#ifdef SYS_accept4
    case SYS_accept4:
#endif
#ifdef SYS_recvmsg
    case SYS_recvmsg:
    case SYS_recvfrom:
    case SYS_sendmsg:
    case SYS_sendto:
#endif
#ifdef SYS_io_getevents
    case SYS_io_getevents:
#endif
#ifdef SYS_rt_sigtimedwait
    case SYS_rt_sigtimedwait:
#endif
    case SYS_io_uring_enter:
    case SYS_epoll_pwait: return true;
    default: return false;
    }
}

// The thread is in an event stop for which its tracer asked. If that ended a call with EINTR, the call begins
// again, with its whole timeout, unless a signal is handled first. Only on x86-64: elsewhere the program sees EINTR.
inline void repeat_ended_call([[maybe_unused]] pid_t thread) noexcept {
#if defined(__x86_64__) && !defined(__ILP32__)
    constexpr unsigned long restart_no_handler = 514; // the kernel's ERESTARTNOHAND
    user_regs_struct registers{};
    iovec all{&registers, sizeof registers};
    if (::ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &all) != 0 || all.iov_len != sizeof registers) return;
    if (registers.rax != -static_cast<unsigned long>(EINTR) || !is_ended_by_a_stop(registers.orig_rax)) return;
    registers.rax = -restart_no_handler;
    (void)::ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &all);
#endif
}

} // namespace efd::os
