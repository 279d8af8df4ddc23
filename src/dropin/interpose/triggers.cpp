// SPDX-License-Identifier: MIT
// dropin/interpose/triggers.cpp: see triggers.hpp.
#include "dropin/interpose/triggers.hpp"

#include "dropin/interpose/next.hpp"
#include "dropin/rules/known_pages.hpp"

#include <aio.h>
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace efd::dropin {
namespace {

// These requests act on the descriptor that they name, and hand no other eventfd to a driver.
constexpr bool is_harmless(unsigned long request) noexcept {
    const unsigned long kind = request >> 8 & 0xff;
    return kind == 'T' || kind == 0x89 || kind == 'f';
}
static_assert(is_harmless(TCGETS) && is_harmless(FIONREAD) && is_harmless(FIONBIO) && !is_harmless(0x4020ae76));

// Devices with a driver of their own, and files that these make, may take an eventfd; file systems and disks do not.
bool is_stored(int fd) noexcept {
    struct stat found{};
    if (raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) != 0) return false;
    return S_ISREG(found.st_mode) || S_ISDIR(found.st_mode) || S_ISBLK(found.st_mode);
}

// Handles the descriptors in one control message, which begins at `from`.
void look_at_rights(const char* from, const cmsghdr& message) noexcept {
    for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= message.cmsg_len; at += sizeof(int)) {
        int fd = -1;
        if (!look_at(&fd, from + at, sizeof fd)) return;
        demote_fd(fd, reason::passed);
        if (is_own_epoll(fd)) demote_all_copied();
    }
}

// Copies the beginning of a text. False: its memory does not exist.
bool copy_text(char (&into)[128], const char* from) noexcept {
    std::size_t done = 0;
    while (done < sizeof into - 1) {
        const std::size_t in_page = page_size - (address_of(from) + done) % page_size;
        const std::size_t length = std::min(in_page, sizeof into - 1 - done);
        if (!look_at(into + done, from + done, length)) break;
        done += length;
        if (std::memchr(into, '\0', done) != nullptr) break;
    }
    into[done] = '\0';
    return done > 0;
}

// A program that lists a directory of /proc opens such a name.
bool is_number(const char* name) noexcept { return *name != '\0' && name[std::strspn(name, "0123456789")] == '\0'; }

void demote_all_for_unshare() noexcept {
    end_noting();
    demote_all_for_good(reason::unshared);
}

// A filter of system calls may end the process for a call of the drop-in's. Afterwards the drop-in makes none.
void before_sandbox() noexcept {
    end_noting();
    demote_all_for_good(reason::sandboxed);
    may_ask_kernel.store(false, base::relaxed);
}

void before_aio(const void* request) noexcept {
    int fd = -1;
    const auto* const asked = static_cast<const aiocb*>(request);
    if (asked != nullptr && look_at(&fd, &asked->aio_fildes, sizeof fd)) demote_fd(fd, reason::consumed);
}

} // namespace

void before_nested_edges() noexcept { demote_all_for_good(reason::edge_triggered); }

void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* asked) noexcept {
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD) return;
    const bool is_ours = slot_of(fd) != nullptr;
    epoll_event wanted{};
    if ((!is_ours && !is_own_epoll(fd)) || !look_at(&wanted, asked, sizeof wanted)) return;
    if (!is_ours && (wanted.events & (EPOLLET | EPOLLEXCLUSIVE)) != 0) before_nested_edges();
    if ((wanted.events & EPOLLET) != 0) demote_fd(fd, reason::edge_triggered);
    if ((wanted.events & EPOLLEXCLUSIVE) != 0) demote_fd(fd, reason::exclusive);
    if (!is_own_epoll(epoll)) demote_fd(fd, reason::shared_epoll); // another process may watch it, for edges
}
void on_epoll_ctl(call a) noexcept { before_epoll_ctl(a.fd(0), a.fd(1), a.fd(2), a.as<const epoll_event*>(3)); }

void before_sendmsg(const msghdr* asked) noexcept {
    msghdr message{};
    if (asked == nullptr || !any_to_demote() || !look_at(&message, asked, sizeof message)) return;
    const auto* const control = static_cast<const char*>(message.msg_control);
    std::size_t rest = control == nullptr ? 0 : message.msg_controllen;
    while (rest >= sizeof(cmsghdr)) {
        const char* const from = control + (message.msg_controllen - rest);
        cmsghdr one{};
        if (!look_at(&one, from, sizeof one) || one.cmsg_len < sizeof one || one.cmsg_len > rest) return;
        if (one.cmsg_level == SOL_SOCKET && one.cmsg_type == SCM_RIGHTS) look_at_rights(from, one);
        rest -= std::min(rest, CMSG_ALIGN(one.cmsg_len));
    }
}
void on_sendmsg(call a) noexcept { before_sendmsg(a.as<const msghdr*>(1)); }
void on_sendmmsg(call a) noexcept {
    constexpr unsigned most = 1024; // the kernel takes no more
    const auto* const all = a.as<const mmsghdr*>(1);
    const unsigned number = std::min(a.as<unsigned>(2), most);
    for (unsigned i = 0; all != nullptr && i < number; ++i) before_sendmsg(&all[i].msg_hdr);
}

void on_ioctl(call a) noexcept {
    const auto request = a.as<unsigned long>(1);
    if (!is_harmless(request) && any_not_demoted() && !is_stored(a.fd(0))) demote_all(reason::unknown_ioctl);
}

void on_fdopen(call a) noexcept { demote_and_forget(a.fd(0), reason::consumed); } // fclose closes it unseen
void on_aio(call a) noexcept { before_aio(a.as<const void*>(0)); }
void on_lio_listio(call a) noexcept {
    const auto* const list = a.as<const std::uintptr_t*>(1); // an array of pointers
    for (int i = 0; list != nullptr && i < a.fd(2); ++i) {
        std::uintptr_t one = 0;
        if (!look_at(&one, list + i, sizeof one)) return;
        before_aio(reinterpret_cast<const void*>(one)); // NOLINT(performance-no-int-to-ptr)
    }
}
void on_pidfd_getfd(call /*a*/) noexcept { demote_all_copied(reason::passed); } // of this process, perhaps

void on_close_range(call a) noexcept {
    const auto flags = a.as<unsigned>(2);
    if ((flags & CLOSE_RANGE_UNSHARE) != 0) return demote_all_for_unshare();
    if (flags == 0) forget_range(a.as<unsigned>(0), a.as<unsigned>(1)); // else it only sets close-on-exec, or fails
}
void on_closefrom(call a) noexcept { forget_range(a.fd(0) < 0 ? 0U : a.as<unsigned>(0), ~0U); }

void on_close(call a) noexcept { forget(a.fd(0)); }
void on_dup(call a) noexcept { before_duplicated(a.fd(0)); }
// If the call fails, the number still names the eventfd, which is demoted.
void on_dup2(call a) noexcept {
    if (a.fd(0) == a.fd(1)) return;
    before_duplicated(a.fd(0));
    demote_and_forget(a.fd(1), reason::replaced);
}
void on_fcntl(call a) noexcept {
    if (a.fd(1) == F_DUPFD || a.fd(1) == F_DUPFD_CLOEXEC) before_duplicated(a.fd(0));
}
void on_other_read(call a) noexcept { before_other_read(a.fd(0)); }
void on_other_write(call a) noexcept { before_other_write(a.fd(0)); }

void on_exec(call /*a*/) noexcept { demote_all_for_good(reason::executed); }
void on_fork(call /*a*/) noexcept { demote_all_copied_for_good(reason::forked); }
void on_vfork(call /*a*/) noexcept { demote_all_copied_for_good(reason::executed); }
// A child that has a copy of the descriptor table, or of the memory, or of both.
void before_clone(unsigned long flags) noexcept {
    const bool has_memory = (flags & CLONE_VM) == 0;
    const bool has_numbers = (flags & CLONE_FILES) == 0;
    if (has_memory && has_numbers) demote_all_copied_for_good(reason::forked);
    if (!has_memory && has_numbers && (flags & CLONE_VFORK) != 0)
        demote_all_copied_for_good(reason::executed);
    else if (has_memory != has_numbers)
        demote_all_for_unshare();
}
template <int Place>
void on_clone(call a) noexcept {
    before_clone(a.as<unsigned>(Place));
}
void on_clone3(call a) noexcept {
    std::uint64_t flags = 0; // the first field
    if (look_at(&flags, a.as<const void*>(0), sizeof flags)) before_clone(flags);
}
void on_unshare(call a) noexcept {
    if ((a.as<unsigned long>(0) & CLONE_FILES) != 0) demote_all_for_unshare();
}

void on_prctl(call a) noexcept {
    if (a.fd(0) == PR_SET_SECCOMP) before_sandbox();
}
void on_seccomp(call a) noexcept {
    if (a.fd(0) == SECCOMP_SET_MODE_STRICT || a.fd(0) == SECCOMP_SET_MODE_FILTER) before_sandbox();
}

// The library's calls bypass the drop-in: they reach libc's own names, or those of another libc.
void on_dlopen(call a) noexcept {
    if ((a.fd(1) & RTLD_DEEPBIND) != 0) demote_all_for_good(reason::bound_deeply);
}
void on_dlmopen(call a) noexcept {
    if (a.as<Lmid_t>(0) != LM_ID_BASE || (a.fd(2) & RTLD_DEEPBIND) != 0) demote_all_for_good(reason::bound_deeply);
}

// The opened file may be one of /proc that shows a count.
void before_open(const char* path) noexcept {
    char text[128];
    if (path == nullptr || !any_promoted() || !copy_text(text, path)) return;
    const bool is_all = std::strlen(text) < sizeof text - 1;
    const char* name = text;
    while (name[0] == '.' && name[1] == '/') name += 2;
    if (!is_all || is_number(name) || std::strstr(text, "fdinfo") != nullptr) show_counts();
}
template <int Place>
void on_open(call a) noexcept {
    before_open(a.as<const char*>(Place));
}

} // namespace efd::dropin

// The interposed names. EFD_PASSED skips its rule while every eventfd is demoted.
using namespace efd::dropin;

// For debuggers, and for programs that know the drop-in. Afterwards fdinfo shows every count, to any process.
EFD_INTERPOSE void efd_dropin_show_counts(void) { show_counts(); }

EFD_PASSED_ALWAYS(epoll_ctl, on_epoll_ctl) // an epoll in an epoll may get an eventfd later
EFD_PASSED_ALWAYS(sendmsg, on_sendmsg)     // an epoll that is sent may get an eventfd later
EFD_PASSED_ALWAYS(sendmmsg, on_sendmmsg)
EFD_PASSED(ioctl, on_ioctl)
EFD_PASSED(aio_read, on_aio)
EFD_PASSED(aio_read64, on_aio)
EFD_PASSED(aio_write, on_aio)
EFD_PASSED(aio_write64, on_aio)
EFD_PASSED(lio_listio, on_lio_listio)
EFD_PASSED(lio_listio64, on_lio_listio)
EFD_PASSED_ALWAYS(pidfd_getfd, on_pidfd_getfd)
EFD_PASSED_ALWAYS(fdopen, on_fdopen)
EFD_PASSED_ALWAYS(_IO_fdopen, on_fdopen)
EFD_PASSED_ALWAYS(close_range, on_close_range)
EFD_PASSED_ALWAYS(closefrom, on_closefrom)

EFD_PASSED_ALWAYS(dup2, on_dup2)
EFD_PASSED_ALWAYS(dup3, on_dup2)
EFD_PASSED_ALWAYS(preadv2, on_other_read)
EFD_PASSED_ALWAYS(preadv64v2, on_other_read)
EFD_PASSED_ALWAYS(pwritev2, on_other_write)
EFD_PASSED_ALWAYS(pwritev64v2, on_other_write)
EFD_PASSED_ALWAYS(__read, on_other_read)
EFD_PASSED_ALWAYS(__write, on_other_write)
EFD_PASSED(dprintf, on_other_write)
EFD_PASSED(vdprintf, on_other_write)
EFD_PASSED(__dprintf_chk, on_other_write)
EFD_PASSED(__vdprintf_chk, on_other_write)
EFD_PASSED_ALWAYS(__close, on_close)
EFD_PASSED_ALWAYS(__dup2, on_dup2)
EFD_PASSED_ALWAYS(__fcntl, on_fcntl)

EFD_PASSED(open, on_open<0>)
EFD_PASSED(open64, on_open<0>)
EFD_PASSED(__open, on_open<0>)
EFD_PASSED(__open64, on_open<0>)
EFD_PASSED(openat, on_open<1>)
EFD_PASSED(openat64, on_open<1>)
EFD_PASSED(__open_2, on_open<0>)
EFD_PASSED(__open64_2, on_open<0>)
EFD_PASSED(__openat_2, on_open<1>)
EFD_PASSED(__openat64_2, on_open<1>)
EFD_PASSED(fopen, on_open<0>)
EFD_PASSED(_IO_fopen, on_open<0>)
EFD_PASSED(fopen64, on_open<0>)
EFD_PASSED(freopen, on_open<0>)
EFD_PASSED(freopen64, on_open<0>)

// Eventfds that other threads make until the program is replaced must not be promoted either.
EFD_PASSED_ALWAYS(execve, on_exec)
EFD_PASSED_ALWAYS(execv, on_exec)
EFD_PASSED_ALWAYS(execvp, on_exec)
EFD_PASSED_ALWAYS(execvpe, on_exec)
EFD_PASSED_ALWAYS(execl, on_exec)
EFD_PASSED_ALWAYS(execlp, on_exec)
EFD_PASSED_ALWAYS(execle, on_exec)
EFD_PASSED_ALWAYS(fexecve, on_exec)
EFD_PASSED_ALWAYS(execveat, on_exec)
EFD_PASSED_ALWAYS(_Fork, on_fork) // fork runs a handler instead (start.cpp)
EFD_PASSED_AS("GLIBC_2.39", pidfd_spawn, on_vfork)
EFD_PASSED_AS("GLIBC_2.39", pidfd_spawnp, on_vfork)
EFD_PASSED_ALWAYS(vfork, on_vfork)
EFD_PASSED_ALWAYS(__vfork, on_vfork)
EFD_PASSED_ALWAYS(clone, on_clone<2>)
EFD_PASSED_ALWAYS(__clone, on_clone<2>)
EFD_PASSED_ALWAYS(unshare, on_unshare)
EFD_PASSED_ALWAYS(prctl, on_prctl)
EFD_PASSED_ALWAYS(dlopen, on_dlopen)
EFD_PASSED_ALWAYS(dlmopen, on_dlmopen)

// The same calls by their numbers, for syscall().
namespace {

struct watched_call {
    long number;
    rule* look;
};
constexpr watched_call watched[] = {
    {SYS_read, on_other_read},
    {SYS_write, on_other_write},
    {SYS_readv, on_other_read},
    {SYS_writev, on_other_write},
    {SYS_preadv2, on_other_read},
    {SYS_pwritev2, on_other_write},
    {SYS_eventfd2, makes_eventfd},
    {SYS_epoll_create1, makes_epoll},
    {SYS_close, on_close},
    {SYS_dup, on_dup},
    {SYS_dup3, on_dup2},
    {SYS_fcntl, on_fcntl},
    {SYS_close_range, on_close_range},
    {SYS_epoll_ctl, on_epoll_ctl},
    {SYS_sendmsg, on_sendmsg},
    {SYS_sendmmsg, on_sendmmsg},
    {SYS_ioctl, on_ioctl},
    {SYS_execve, on_exec},
    {SYS_execveat, on_exec},
    {SYS_io_uring_setup, on_own_ring},
    {SYS_io_uring_enter, on_own_ring},
    {SYS_io_uring_register, on_ring_register},
    {SYS_io_setup, on_context},
    {SYS_io_submit, on_io_submit},
    {SYS_pidfd_getfd, on_pidfd_getfd},
    {SYS_unshare, on_unshare},
    {SYS_prctl, on_prctl},
    {SYS_seccomp, on_seccomp},
    {SYS_clone, on_clone<0>},
    {SYS_clone3, on_clone3},
    {SYS_openat, on_open<1>},
    {SYS_openat2, on_open<1>},
#ifdef __x86_64__
    {SYS_eventfd, makes_eventfd},
    {SYS_epoll_create, makes_epoll},
    {SYS_dup2, on_dup2},
    {SYS_fork, on_fork},
    {SYS_vfork, on_vfork},
    {SYS_open, on_open<0>},
#endif
};
constexpr watched_calls by_number() {
    watched_calls all{};
    for (const watched_call& one : watched) all.look[one.number] = one.look;
    return all;
}

} // namespace

constexpr watched_calls efd_watched_calls = by_number();
