// SPDX-License-Identifier: MIT
// dropin/interpose/syscall.cpp: syscall(2), by which some programs (nginx among them) call an eventfd.
//
// A call that has no rule is jumped to unchanged. The others are distinguished by their number.
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/requests.hpp"
#include "dropin/interpose/triggers.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

using namespace efd::dropin;

namespace {

using real_syscall = long(long, long, long, long, long, long, long);

void handled_by_efd_syscall(call /*a*/) noexcept {}

struct watched_call {
    long number;
    rule* look;
};
constexpr watched_call watched[] = {
    {SYS_read, look_other_read},
    {SYS_write, look_other_write},
    {SYS_readv, look_other_read},
    {SYS_writev, look_other_write},
    {SYS_preadv2, look_other_read},
    {SYS_pwritev2, look_other_write},
    {SYS_eventfd2, handled_by_efd_syscall},
    {SYS_epoll_create1, handled_by_efd_syscall},
    {SYS_close, handled_by_efd_syscall},
    {SYS_dup, handled_by_efd_syscall},
    {SYS_dup3, handled_by_efd_syscall},
    {SYS_fcntl, handled_by_efd_syscall},
    {SYS_close_range, look_close_range},
    {SYS_epoll_ctl, look_epoll_ctl},
    {SYS_sendmsg, look_sendmsg},
    {SYS_sendmmsg, look_sendmmsg},
    {SYS_ioctl, look_ioctl},
    {SYS_execve, look_exec},
    {SYS_execveat, look_exec},
    {SYS_io_uring_setup, look_own_ring},
    {SYS_io_uring_enter, look_own_ring},
    {SYS_io_uring_register, look_ring_register},
    {SYS_io_setup, look_context},
    {SYS_io_submit, look_io_submit},
    {SYS_pidfd_getfd, look_pidfd_getfd},
    {SYS_unshare, look_unshare},
    {SYS_prctl, look_prctl},
    {SYS_seccomp, look_seccomp},
    {SYS_clone, look_clone<0>},
    {SYS_clone3, look_clone3},
    {SYS_openat, look_open<1>},
    {SYS_openat2, look_open<1>},
#ifdef __x86_64__
    {SYS_eventfd, handled_by_efd_syscall},
    {SYS_epoll_create, handled_by_efd_syscall},
    {SYS_dup2, handled_by_efd_syscall},
    {SYS_fork, look_fork},
    {SYS_vfork, look_vfork},
    {SYS_open, look_open<0>},
#endif
};
constexpr long most_calls = 512;
struct watched_calls {
    rule* look[most_calls];
};
constexpr watched_calls by_number() {
    watched_calls all{};
    for (const watched_call& one : watched) all.look[one.number] = one.look;
    return all;
}

} // namespace

extern "C" {
[[gnu::visibility("hidden"), gnu::used]] extern constexpr watched_calls efd_watched_calls = by_number();
[[gnu::visibility("hidden"), gnu::used]] constinit efd::base::atomic<real_syscall*> efd_next_syscall{nullptr};
[[gnu::visibility("hidden"), gnu::used]] long efd_syscall(long number, long a, long b, long c, long d, long e, long f);
}

#if defined(__x86_64__)
asm(".pushsection .text\n"
    ".globl syscall\n"
    ".type syscall, @function\n"
    "syscall:\n"
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
    ".size syscall, .-syscall\n"
    ".popsection\n");
#elif defined(__aarch64__)
asm(".pushsection .text\n"
    ".globl syscall\n"
    ".type syscall, %function\n"
    "syscall:\n"
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
    ".size syscall, .-syscall\n"
    ".popsection\n");
#endif

namespace {

struct arguments {
    long at[6];
    template <class T>
    [[nodiscard]] T as(int i) const noexcept {
        return words(at).as<T>(i);
    }
    [[nodiscard]] int fd(int i) const noexcept { return static_cast<int>(at[i]); }
};

long forward(long number, const arguments& a) {
    real_syscall* real = efd_next_syscall.load(efd::base::relaxed);
    if (real == nullptr)
        efd_next_syscall.store(real = reinterpret_cast<real_syscall*>(find_next("syscall")), efd::base::relaxed);
    return real(number, a.at[0], a.at[1], a.at[2], a.at[3], a.at[4], a.at[5]);
}

long make_eventfd(long number, const arguments& a, unsigned flags, const void* site) {
    eventfd_creation creation;
    const long made = forward(number, a);
    if (made >= 0) creation.note(static_cast<int>(made), a.as<unsigned>(0), flags, site);
    return made;
}

long duplicate(long number, const arguments& a) {
    const long made = forward(number, a);
    after_dup(a.fd(0), static_cast<int>(made));
    return made;
}

// Calls that make or close numbers.
long on_numbers(long number, const arguments& a, const void* site) {
    switch (number) {
    case SYS_close: forget(a.fd(0)); return forward(number, a);
    case SYS_dup: before_duplicated(a.fd(0)); return duplicate(number, a);
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_dup3: before_dup2(a.fd(0), a.fd(1)); return duplicate(number, a);
    case SYS_fcntl:
        if (a.fd(1) != F_DUPFD && a.fd(1) != F_DUPFD_CLOEXEC) return forward(number, a);
        before_duplicated(a.fd(0));
        return duplicate(number, a);
#ifdef SYS_eventfd
    case SYS_eventfd: return make_eventfd(number, a, 0, site);
#endif
    case SYS_eventfd2: return make_eventfd(number, a, a.as<unsigned>(1), site);
    default: break; // epoll_create, epoll_create1
    }
    const long made = forward(number, a);
    note_epoll(static_cast<int>(made));
    return made;
}

} // namespace

long efd_syscall(long number, long a, long b, long c, long d, long e, long f) {
    const arguments given{{a, b, c, d, e, f}};
    rule* const look = number >= 0 && number < most_calls ? efd_watched_calls.look[number] : nullptr;
    if (look == handled_by_efd_syscall) return on_numbers(number, given, __builtin_return_address(0));
    if (look != nullptr) look(words(given.at));
    return forward(number, given);
}
