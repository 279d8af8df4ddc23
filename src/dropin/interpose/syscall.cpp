// dropin/interpose/syscall.cpp: syscall(2), by which some programs (nginx among them) reach an eventfd.
//
// Calls that concern nobody here are jumped to as they came; the others are told apart by their number.
#include "dropin/interpose/looks.hpp"
#include "dropin/interpose/next.hpp"
#include "dropin/interpose/numbers.hpp"
#include "dropin/interpose/requests.hpp"
#include "dropin/rules/calls.hpp"
#include "dropin/table/table.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

using namespace efd::dropin;

namespace {

using real_syscall = long(long, long, long, long, long, long, long);

constexpr long watched[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_preadv2,
    SYS_pwritev2,
    SYS_fcntl,
    SYS_close,
    SYS_close_range,
    SYS_dup,
    SYS_dup3,
    SYS_epoll_ctl,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_ioctl,
    SYS_execve,
    SYS_execveat,
    SYS_splice,
    SYS_copy_file_range,
    SYS_tee,
    SYS_sendfile,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_io_setup,
    SYS_io_submit,
    SYS_pidfd_getfd,
    SYS_unshare,
    SYS_prctl,
    SYS_seccomp,
    SYS_clone,
    SYS_clone3,
    SYS_eventfd2,
    SYS_epoll_create1,
    SYS_openat,
    SYS_openat2,
#ifdef __x86_64__
    SYS_dup2,
    SYS_fork,
    SYS_vfork,
    SYS_eventfd,
    SYS_epoll_create,
    SYS_open,
#endif
};
constexpr long most_calls = 512;
struct watched_set {
    unsigned char has[most_calls];
};
constexpr watched_set watched_calls() {
    watched_set all{};
    for (const long number : watched) all.has[number] = 1;
    return all;
}

} // namespace

extern "C" {
[[gnu::visibility("hidden"), gnu::used]] extern constexpr watched_set efd_watched_calls = watched_calls();
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
    "cmpb $0, (%r11,%rdi)\n"
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
    "ldrb w16, [x16, x0]\n"
    "cbnz w16, 2f\n"
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

// Reads and writes of one of ours.
long on_eventfd(long number, slot& there, const arguments& a) {
    const auto as_made = [&] { return forward(number, a); };
    const auto vector = [&](read_places& places) { places.look(a.as<const iovec*>(1), a.fd(2)); };
    switch (number) {
    case SYS_read: return read_value(there, a.fd(0), a.as<void*>(1), a.as<std::size_t>(2), as_made);
    case SYS_write:
        return write_value(there, a.fd(0), a.as<const void*>(1), a.as<std::size_t>(2), [&](const void* from) {
            arguments with_it = a;
            with_it.at[1] = as_register(from);
            return forward(number, with_it);
        });
    case SYS_readv: return read_places_of(there, a.fd(0), vector, as_made);
    case SYS_preadv2:
        if (a.at[3] != -1) return as_made();
        return read_places_of(
            there, a.fd(0),
            [&](read_places& places) {
                if ((a.at[5] & ~RWF_NOWAIT) == 0) vector(places);
            },
            as_made);
    case SYS_writev:
    case SYS_pwritev2: return write_vector(there, a.fd(0), as_made);
    default: return as_made();
    }
}

void before_number(long number, const arguments& a) noexcept {
    switch (number) {
    case SYS_close: return before_close(a.fd(0));
    case SYS_close_range: return before_close_range(a.as<unsigned>(0), a.as<unsigned>(1), a.as<unsigned>(2));
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_dup3: return before_dup2(a.fd(0), a.fd(1));
    case SYS_dup: return before_duplicated(a.fd(0));
    case SYS_fcntl: return before_number_fcntl(a.fd(0), a.fd(1), a.at[2]);
    default: return;
    }
}

void before_process(long number, const arguments& a) noexcept {
    switch (number) {
    case SYS_execve:
    case SYS_execveat: return all_executed();
    case SYS_unshare: return before_unshare(a.as<unsigned long>(0));
    case SYS_prctl:
        if (a.fd(0) == PR_SET_SECCOMP) before_sandbox();
        return;
    case SYS_seccomp:
        if (a.at[0] == SECCOMP_SET_MODE_STRICT || a.at[0] == SECCOMP_SET_MODE_FILTER) before_sandbox();
        return;
    case SYS_clone: return before_clone(a.as<unsigned long>(0));
    case SYS_clone3: return before_clone3(a.as<const void*>(0));
#ifdef SYS_fork
    case SYS_fork: return all_are_copied();
    case SYS_vfork: return numbers_differ_for_a_while();
    case SYS_open: return before_open(a.as<const char*>(0));
#endif
    case SYS_openat:
    case SYS_openat2: return before_open(a.as<const char*>(1));
    default: return;
    }
}

void before_transfer(long number, const arguments& a) noexcept {
    switch (number) {
    case SYS_epoll_ctl: return before_epoll_ctl(a.fd(0), a.fd(1), a.fd(2), a.as<const epoll_event*>(3));
    case SYS_sendmsg: return before_sendmsg(a.as<const msghdr*>(1));
    case SYS_sendmmsg: return before_sendmmsg(a.as<const void*>(1), a.as<unsigned>(2));
    case SYS_ioctl: return before_ioctl(a.fd(0), a.as<unsigned long>(1));
    case SYS_splice:
    case SYS_copy_file_range: escape(a.fd(0), reason::spliced); return escape(a.fd(2), reason::spliced);
    case SYS_tee:
    case SYS_sendfile: escape(a.fd(0), reason::spliced); return escape(a.fd(1), reason::spliced);
    case SYS_pidfd_getfd: return all_escape(reason::passed);
    case SYS_io_uring_setup:
    case SYS_io_uring_enter: return before_ring(ring_kind::unseen);
    case SYS_io_uring_register: return before_ring_register(a.as<unsigned>(1));
    case SYS_io_setup: return before_ring(ring_kind::seen);
    case SYS_io_submit: return before_io_submit(a.at[1], a.as<iocb* const*>(2));
    default: return;
    }
}

void after(long number, const arguments& a, int made, const birth& here, const void* site) noexcept {
    switch (number) {
#ifdef SYS_eventfd
    case SYS_eventfd: return here.made(made, a.as<unsigned>(0), 0, site);
    case SYS_epoll_create: return note_epoll(made);
    case SYS_dup2: return after_dup(a.fd(0), made);
#endif
    case SYS_eventfd2: return here.made(made, a.as<unsigned>(0), a.as<unsigned>(1), site);
    case SYS_epoll_create1: return note_epoll(made);
    case SYS_dup:
    case SYS_dup3: return after_dup(a.fd(0), made);
    case SYS_fcntl: return after_number_fcntl(a.fd(0), a.fd(1), made);
    default: return;
    }
}

constexpr bool is_on_descriptor(long number) noexcept {
    return number == SYS_read || number == SYS_write || number == SYS_readv || number == SYS_writev ||
           number == SYS_preadv2 || number == SYS_pwritev2;
}

} // namespace

long efd_syscall(long number, long a, long b, long c, long d, long e, long f) {
    const arguments given{{a, b, c, d, e, f}};
    if (is_on_descriptor(number)) {
        slot* const there = slot_of(given.fd(0));
        return there == nullptr ? forward(number, given) : on_eventfd(number, *there, given);
    }
    const birth here;
    before_number(number, given);
    before_process(number, given);
    before_transfer(number, given);
    const long result = forward(number, given);
    if (result >= 0) after(number, given, static_cast<int>(result), here, __builtin_return_address(0));
    return result;
}
