// SPDX-License-Identifier: MIT
// dropin/interpose/syscall.cpp: syscall(2), by which some programs (nginx among them) call an eventfd.
//
// A call that has no rule is jumped to unchanged.
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/triggers.hpp"

#include <sys/syscall.h>

using namespace efd::dropin;

namespace {

using real_syscall = long(long, long, long, long, long, long, long);

} // namespace

extern "C" {
[[gnu::visibility("hidden"), gnu::used]] constinit efd::base::atomic<real_syscall*> efd_next_syscall{nullptr};
[[gnu::visibility("hidden"), gnu::used]] long efd_syscall(long number, long a, long b, long c, long d, long e, long f);
}

#if defined(__x86_64__)
asm(".pushsection .text\n"
    ".globl syscall\n"
    ".type syscall, @function\n"
    "syscall:\n"
    ".cfi_startproc\n"
    "endbr64\n"
    "cmpq $512, %rdi\n"
    "jae 1f\n"
    "leaq efd_watched_calls(%rip), %r11\n"
    "cmpq $0, (%r11,%rdi,8)\n"
    "jne efd_syscall\n"
    "1:\n"
    "movq efd_next_syscall(%rip), %r11\n"
    "testq %r11, %r11\n"
    "je efd_syscall\n"
    "jmp *%r11\n"
    ".cfi_endproc\n"
    ".size syscall, .-syscall\n"
    ".popsection\n");
#elif defined(__aarch64__)
asm(".pushsection .text\n"
    ".globl syscall\n"
    ".type syscall, %function\n"
    "syscall:\n"
    ".cfi_startproc\n"
    "hint #34\n"
    "cmp x0, #512\n"
    "b.hs 1f\n"
    "adrp x16, efd_watched_calls\n"
    "add x16, x16, :lo12:efd_watched_calls\n"
    "ldr x16, [x16, x0, lsl #3]\n"
    "cbnz x16, 2f\n"
    "1:\n"
    "adrp x16, efd_next_syscall\n"
    "ldr x16, [x16, :lo12:efd_next_syscall]\n"
    "cbz x16, 2f\n"
    "br x16\n"
    "2:\n"
    "b efd_syscall\n"
    ".cfi_endproc\n"
    ".size syscall, .-syscall\n"
    ".popsection\n");
#endif

long efd_syscall(long number, long a, long b, long c, long d, long e, long f) {
    const long given[] = {a, b, c, d, e, f};
    rule* const look = number >= 0 && number < most_calls ? efd_watched_calls.look[number] : nullptr;
    real_syscall* real = efd_next_syscall.load(efd::base::relaxed);
    if (real == nullptr)
        efd_next_syscall.store(real = reinterpret_cast<real_syscall*>(find_next("syscall")), efd::base::relaxed);
    if (look != nullptr) look(words(given));
    const std::uint32_t before = look == makes_eventfd ? before_making() : 0;
    const long result = real(number, a, b, c, d, e, f);
    const auto made = static_cast<int>(result);
    const auto flags = number == SYS_eventfd2 ? static_cast<unsigned>(b) : 0;
    if (look == makes_eventfd && made >= 0)
        note_eventfd(made, static_cast<unsigned>(a), flags, before, __builtin_return_address(0));
    if (look == makes_epoll) note_epoll(made);
    return result;
}
