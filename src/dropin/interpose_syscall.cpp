// dropin/interpose_syscall.cpp: syscall(2), by which some programs (nginx among them) reach an eventfd.
#include "dropin/descriptors.hpp"
#include "dropin/escapes.hpp"
#include "dropin/eventfd_calls.hpp"
#include "dropin/interpose.hpp"
#include "dropin/kernel_calls.hpp"
#include "dropin/rings.hpp"

#include <cstdarg>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

using namespace efd::dropin;

namespace {

struct arguments {
    long at[6];
    template <class T>
    [[nodiscard]] T as(int i) const noexcept {
        return reinterpret_cast<T>(at[i]); // NOLINT(performance-no-int-to-ptr): registers
    }
    [[nodiscard]] int fd(int i) const noexcept { return static_cast<int>(at[i]); }
};

constinit later<long(long, long, long, long, long, long, long)> real("syscall");

long forward(long number, const arguments& a) {
    return real(number, a.at[0], a.at[1], a.at[2], a.at[3], a.at[4], a.at[5]);
}

// Reads and writes of one of ours.
long on_eventfd(long number, slot& there, const arguments& a) {
    const auto as_made = [&] { return forward(number, a); };
    switch (number) {
    case SYS_read: return read_value(there, a.fd(0), a.as<void*>(1), static_cast<std::size_t>(a.at[2]), as_made);
    case SYS_write:
        return write_value(there, a.fd(0), a.as<const void*>(1), static_cast<std::size_t>(a.at[2]), as_made);
    case SYS_readv: return read_asked(there, a.fd(0), as_made);
    case SYS_preadv2: return a.at[3] == -1 ? read_asked(there, a.fd(0), as_made) : as_made();
    case SYS_writev:
    case SYS_pwritev2: return write_vector(there, a.fd(0), as_made);
    case SYS_fcntl: before_fcntl(a.fd(0), a.fd(1)); return as_made();
    default: return as_made();
    }
}

// Its flags are the first eight bytes of what it is given.
void before_clone3(const void* asked) noexcept {
    std::uint64_t flags = 0;
    if (asked != nullptr && copy_from_program(&flags, asked, sizeof flags)) before_clone(flags);
}

void before(long number, const arguments& a, number_change& change) noexcept {
    switch (number) {
    case SYS_close: return change.before_closed(a.fd(0));
    case SYS_close_range:
        return before_close_range(static_cast<unsigned>(a.at[0]), static_cast<unsigned>(a.at[1]),
                                  static_cast<unsigned>(a.at[2]));
#ifdef SYS_dup2
    case SYS_dup2:
        if (a.fd(0) != a.fd(1)) change.before_replaced(a.fd(0), a.fd(1));
        return;
#endif
    case SYS_dup3:
        if (a.fd(0) != a.fd(1) && (a.fd(2) & ~O_CLOEXEC) == 0) change.before_replaced(a.fd(0), a.fd(1));
        return;
    case SYS_dup: return change.before_duplicated(a.fd(0));
    case SYS_fcntl:
        if (a.at[1] == F_DUPFD || a.at[1] == F_DUPFD_CLOEXEC) change.before_duplicated(a.fd(0));
        return;
    case SYS_epoll_ctl: return before_epoll_ctl(a.fd(1), a.fd(2), a.as<const epoll_event*>(3));
    case SYS_sendmsg: return before_sendmsg(a.as<const msghdr*>(1));
    case SYS_sendmmsg: return before_sendmmsg(a.as<mmsghdr_view*>(1), static_cast<unsigned>(a.at[2]));
    case SYS_ioctl: return before_ioctl(a.fd(0), static_cast<unsigned long>(a.at[1]));
    case SYS_execve:
    case SYS_execveat: return before_exec();
    case SYS_splice:
    case SYS_copy_file_range: gone_astray(a.fd(0), reason::spliced); return gone_astray(a.fd(2), reason::spliced);
    case SYS_tee:
    case SYS_sendfile: gone_astray(a.fd(0), reason::spliced); return gone_astray(a.fd(1), reason::spliced);
    case SYS_io_uring_setup: return before_ring(ring_kind::unseen);
    case SYS_io_setup: return before_ring(ring_kind::seen);
    case SYS_io_uring_enter: return before_ring(ring_kind::unseen);
    case SYS_io_uring_register: return before_ring_register(static_cast<unsigned>(a.at[1]));
    case SYS_io_submit: return before_io_submit(a.at[1], a.as<iocb* const*>(2));
    case SYS_pidfd_getfd: return all_gone_astray(reason::passed);
    case SYS_unshare:
        if ((a.at[0] & CLONE_FILES) != 0) before_unshare();
        return;
    case SYS_prctl:
        if (a.fd(0) == PR_SET_SECCOMP) before_sandbox();
        return;
    case SYS_seccomp:
        if (a.at[0] == SECCOMP_SET_MODE_STRICT || a.at[0] == SECCOMP_SET_MODE_FILTER) before_sandbox();
        return;
    case SYS_clone: return before_clone(static_cast<unsigned long>(a.at[0]));
    case SYS_clone3: return before_clone3(a.as<const void*>(0));
    default: return;
    }
}

void after(long number, const arguments& a, long result, const void* site) noexcept {
    if (result < 0) return;
    const int made = static_cast<int>(result);
    switch (number) {
#ifdef SYS_eventfd
    case SYS_eventfd: return note_created(made, static_cast<unsigned>(a.at[0]), 0, site);
#endif
    case SYS_eventfd2: return note_created(made, static_cast<unsigned>(a.at[0]), static_cast<unsigned>(a.at[1]), site);
#ifdef SYS_epoll_create
    case SYS_epoll_create:
#endif
    case SYS_epoll_create1: return note_epoll(made);
#ifdef SYS_open
    case SYS_open: return after_open(a.as<const char*>(0));
#endif
    case SYS_openat:
    case SYS_openat2: return after_open(a.as<const char*>(1));
    default: return;
    }
}

constexpr bool is_on_descriptor(long number) noexcept {
    return number == SYS_read || number == SYS_write || number == SYS_readv || number == SYS_writev ||
           number == SYS_preadv2 || number == SYS_pwritev2 || number == SYS_fcntl;
}

} // namespace

EFD_INTERPOSE long syscall(long number, ...) {
    arguments a{};
    va_list rest;
    va_start(rest, number);
    for (long& one : a.at) one = va_arg(rest, long);
    va_end(rest);
    number_change change;
    before(number, a, change);
    slot* const there = is_on_descriptor(number) ? slot_of(a.fd(0)) : nullptr;
    const long result = there == nullptr ? forward(number, a) : on_eventfd(number, *there, a);
    change.after(static_cast<int>(result));
    after(number, a, result, __builtin_return_address(0));
    return result;
}
