// SPDX-License-Identifier: MIT
// dropin/interpose/looks.cpp: see looks.hpp.
#include "dropin/interpose/looks.hpp"

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

// Terminal, socket and file requests that cannot reach an eventfd but through its own number.
constexpr bool is_harmless(unsigned long request) noexcept {
    const unsigned long kind = request >> 8 & 0xff;
    return kind == 'T' || kind == 0x89 || kind == 'f';
}
static_assert(is_harmless(TCGETS) && is_harmless(FIONREAD) && is_harmless(FIONBIO) && !is_harmless(0x4020ae76));

// Those who take eventfds are devices with a driver of their own, and what these hand out; no file system and no disk.
bool is_stored(int fd) noexcept {
    struct stat found{};
    if (raw_call(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) != 0) return false;
    return S_ISREG(found.st_mode) || S_ISDIR(found.st_mode) || S_ISBLK(found.st_mode);
}

// The descriptors in one control message, which begins at `from`.
void look_at_rights(const char* from, const cmsghdr& message) noexcept {
    for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= message.cmsg_len; at += sizeof(int)) {
        int fd = -1;
        if (!look_at(&fd, from + at, sizeof fd)) return;
        escape(fd, reason::passed);
        if (is_own_epoll(fd)) all_are_copied();
    }
}

// The beginning of a text that may not be there; false: it is not.
bool copy_text(char (&into)[128], const char* from) noexcept {
    std::size_t done = 0;
    while (done < sizeof into - 1) {
        const std::size_t in_page = page_size - (address_of(from) + done) % page_size;
        const std::size_t here = std::min(in_page, sizeof into - 1 - done);
        if (!look_at(into + done, from + done, here)) break;
        done += here;
        if (std::memchr(into, '\0', done) != nullptr) break;
    }
    into[done] = '\0';
    return done > 0;
}

// A name within a directory that may be one of /proc, as programs open it that list such a directory.
bool is_number(const char* name) noexcept { return *name != '\0' && name[std::strspn(name, "0123456789")] == '\0'; }

void numbers_differ_for_good() noexcept {
    end_noting();
    all_escape_for_good(reason::unshared);
}

// A filter of system calls may end the process for one that it does not make itself. Afterwards we make none.
void before_sandbox() noexcept {
    end_noting();
    all_escape_for_good(reason::sandboxed);
}

void before_aio(const void* request) noexcept {
    int fd = -1;
    const auto* const asked = static_cast<const aiocb*>(request);
    if (asked != nullptr && look_at(&fd, &asked->aio_fildes, sizeof fd)) escape(fd, reason::consumed);
}

} // namespace

void before_nested_edges() noexcept { all_escape_for_good(reason::edge_triggered); }

void before_epoll_ctl(int epoll, int operation, int fd, const epoll_event* asked) noexcept {
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD) return;
    const bool is_ours = slot_of(fd) != nullptr;
    epoll_event wanted{};
    if ((!is_ours && !is_own_epoll(fd)) || !look_at(&wanted, asked, sizeof wanted)) return;
    if (!is_ours && (wanted.events & (EPOLLET | EPOLLEXCLUSIVE)) != 0) before_nested_edges();
    if ((wanted.events & EPOLLET) != 0) escape(fd, reason::edge_triggered);
    if ((wanted.events & EPOLLEXCLUSIVE) != 0) escape(fd, reason::exclusive);
    if (!is_own_epoll(epoll)) escape(fd, reason::shared_epoll); // nobody knows who watches it, and how
}
void look_epoll_ctl(call a) noexcept { before_epoll_ctl(a.fd(0), a.fd(1), a.fd(2), a.as<const epoll_event*>(3)); }

void before_sendmsg(const msghdr* asked) noexcept {
    msghdr message{};
    if (asked == nullptr || !look_at(&message, asked, sizeof message)) return;
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
void look_sendmsg(call a) noexcept { before_sendmsg(a.as<const msghdr*>(1)); }
void look_sendmmsg(call a) noexcept {
    const auto* const all = a.as<const mmsghdr*>(1);
    for (unsigned i = 0; all != nullptr && i < a.as<unsigned>(2); ++i) before_sendmsg(&all[i].msg_hdr);
}

void look_ioctl(call a) noexcept {
    const auto request = a.as<unsigned long>(1);
    if (!is_harmless(request) && any_at_stake() && !is_stored(a.fd(0))) all_escape(reason::unknown_ioctl);
}

void look_fdopen(call a) noexcept { let_go(a.fd(0), reason::consumed); } // fclose closes it where we do not see it
void look_aio(call a) noexcept { before_aio(a.as<const void*>(0)); }
void look_lio_listio(call a) noexcept {
    const auto* const list = a.as<const std::uintptr_t*>(1); // of pointers
    for (int i = 0; list != nullptr && i < a.fd(2); ++i) {
        std::uintptr_t one = 0;
        if (!look_at(&one, list + i, sizeof one)) return;
        before_aio(reinterpret_cast<const void*>(one)); // NOLINT(performance-no-int-to-ptr)
    }
}
void look_pidfd_getfd(call /*a*/) noexcept { all_escape(reason::passed); } // it may be this process

void look_close_range(call a) noexcept {
    const auto flags = a.as<unsigned>(2);
    if ((flags & ~CLOSE_RANGE_UNSHARE) != 0) return; // it only marks, or is refused
    if ((flags & CLOSE_RANGE_UNSHARE) != 0)
        numbers_differ_for_good();
    else
        forget_range(a.as<unsigned>(0), a.as<unsigned>(1));
}
void look_closefrom(call a) noexcept { forget_range(a.fd(0) < 0 ? 0U : a.as<unsigned>(0), ~0U); }

void look_exec(call /*a*/) noexcept { all_escape(reason::executed); }
void look_fork(call /*a*/) noexcept { all_are_copied(); }
void look_vfork(call /*a*/) noexcept { numbers_differ_for_a_while(); }
void before_clone(unsigned long flags) noexcept {
    const bool has_memory = (flags & CLONE_VM) == 0;
    const bool has_numbers = (flags & CLONE_FILES) == 0;
    if (has_memory && has_numbers) all_are_copied();
    if (!has_memory && has_numbers && (flags & CLONE_VFORK) != 0)
        numbers_differ_for_a_while();
    else if (has_memory != has_numbers)
        numbers_differ_for_good();
}
void look_clone3(call a) noexcept {
    std::uint64_t flags = 0; // the first of its fields
    if (look_at(&flags, a.as<const void*>(0), sizeof flags)) before_clone(flags);
}
void look_unshare(call a) noexcept {
    if ((a.as<unsigned long>(0) & CLONE_FILES) != 0) numbers_differ_for_good();
}

void look_prctl(call a) noexcept {
    if (a.fd(0) == PR_SET_SECCOMP) before_sandbox();
}
void look_seccomp(call a) noexcept {
    if (a.fd(0) == SECCOMP_SET_MODE_STRICT || a.fd(0) == SECCOMP_SET_MODE_FILTER) before_sandbox();
}

// The library's calls find libc's own names, or those of another libc.
void look_dlopen(call a) noexcept {
    if ((a.fd(1) & RTLD_DEEPBIND) != 0) all_escape_for_good(reason::bound_deeply);
}
void look_dlmopen(call a) noexcept {
    if (a.as<Lmid_t>(0) != LM_ID_BASE || (a.fd(2) & RTLD_DEEPBIND) != 0) all_escape_for_good(reason::bound_deeply);
}

void before_open(const char* path) noexcept {
    char text[128];
    if (path == nullptr || !any_promoted() || !copy_text(text, path)) return;
    const bool is_all = std::strlen(text) < sizeof text - 1;
    if (!is_all || is_number(text) || std::strstr(text, "fdinfo") != nullptr) show_counts();
}

} // namespace efd::dropin
