// dropin/escapes.cpp: see escapes.hpp.
#include "dropin/escapes.hpp"

#include "dropin/descriptors.hpp"
#include "dropin/kernel_calls.hpp"
#include "dropin/parked_count.hpp"
#include "dropin/policy.hpp"
#include "dropin/raw_call.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
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
        if (!copy_from_program(&fd, from + at, sizeof fd)) return;
        gone_astray(fd, reason::passed);
    }
}

// A name within a directory that may be one of /proc, as programs open it that list such a directory.
bool is_number(const char* name) noexcept { return *name != '\0' && name[std::strspn(name, "0123456789")] == '\0'; }

} // namespace

bool any_at_stake() noexcept {
    const auto end = static_cast<int>(noted.end.load(base::acquire));
    for (int fd = 0; fd < end; ++fd)
        if (const slot* const there = slot_of(fd); there != nullptr && !is_demoted(there->state.load(base::relaxed)))
            return true;
    return false;
}

void gone_astray(int fd, reason why) noexcept {
    if (slot* const there = slot_of(fd); there != nullptr) demote(*there, fd, why);
}

void all_gone_astray(reason why) noexcept {
    for_each([why](int fd, slot& there) { demote(there, fd, why); });
}

void before_nested_edges() noexcept {
    rules.has_nested_edges.store(true, base::relaxed);
    all_gone_astray(reason::edge_triggered);
}

void before_epoll_ctl(int operation, int fd, const epoll_event* asked) noexcept {
    if (operation == EPOLL_CTL_DEL || asked == nullptr) return;
    slot* const there = slot_of(fd);
    const bool nests = is_noted_epoll(fd);
    epoll_event wanted{};
    if ((there == nullptr && !nests) || !copy_from_program(&wanted, asked, sizeof wanted)) return;
    if (nests && (wanted.events & EPOLLET) != 0) return before_nested_edges();
    if (there == nullptr) return;
    if ((wanted.events & EPOLLET) != 0) demote(*there, fd, reason::edge_triggered);
    if ((wanted.events & EPOLLEXCLUSIVE) != 0) demote(*there, fd, reason::exclusive);
}

void before_sendmsg(const msghdr* asked) noexcept {
    msghdr message{};
    if (!any_noted() || asked == nullptr || !copy_from_program(&message, asked, sizeof message)) return;
    const auto* const control = static_cast<const char*>(message.msg_control);
    std::size_t rest = control == nullptr ? 0 : message.msg_controllen;
    while (rest >= sizeof(cmsghdr)) {
        const char* const from = control + (message.msg_controllen - rest);
        cmsghdr one{};
        if (!copy_from_program(&one, from, sizeof one) || one.cmsg_len < sizeof one || one.cmsg_len > rest) return;
        if (one.cmsg_level == SOL_SOCKET && one.cmsg_type == SCM_RIGHTS) look_at_rights(from, one);
        rest -= std::min(rest, CMSG_ALIGN(one.cmsg_len));
    }
}

void before_sendmmsg(const mmsghdr_view* asked, unsigned number) noexcept {
    if (!any_noted()) return;
    const auto* const all = reinterpret_cast<const mmsghdr*>(asked);
    for (unsigned i = 0; all != nullptr && i < number; ++i) before_sendmsg(&all[i].msg_hdr);
}

void before_ioctl(int fd, unsigned long request) noexcept {
    if (is_harmless(request) || !any_at_stake() || is_stored(fd)) return;
    all_gone_astray(reason::unknown_ioctl);
}

void before_fcntl(int fd, int command) noexcept {
    if (command == F_SETOWN || command == F_SETOWN_EX || command == F_SETSIG) gone_astray(fd, reason::owner_set);
}

void before_exec() noexcept {
    for_each([](int fd, slot& there) {
        if ((raw_call(SYS_fcntl, fd, F_GETFD) & FD_CLOEXEC) == 0) demote(there, fd, reason::executed);
    });
}

void before_spawn(bool with_actions) noexcept {
    if (with_actions) return all_gone_astray(reason::executed);
    before_exec();
}

void before_close_range(unsigned first, unsigned last, unsigned flags) noexcept {
    if ((flags & ~CLOSE_RANGE_UNSHARE) != 0) return; // it only marks, or is refused
    if ((flags & CLOSE_RANGE_UNSHARE) != 0) before_unshare();
    forget_range(first, last);
}

void before_unshare() noexcept {
    end_noting();
    all_gone_astray(reason::unshared);
}

void before_clone(unsigned long flags) noexcept {
    if ((flags & (CLONE_FILES | CLONE_VM)) == CLONE_FILES) before_unshare();
    before_fork();
}

void before_sandbox() noexcept {
    end_noting();
    for_each([](int fd, slot& there) {
        demote(there, fd, reason::sandboxed);
        if (is_demoted(there.state.load(base::relaxed))) forget(fd); // or its units could not go back yet
    });
    if (!any_at_stake()) end_looking();
}

void show_counts() noexcept {
    for_each([](int fd, slot& there) { (void)hand_back(there, fd); });
}

void after_open(const char* path) noexcept {
    if (!any_noted()) return;
    if (is_number(path) || std::strstr(path, "fdinfo") != nullptr) show_counts();
}

void before_fork() noexcept { mark_forked(); }

void after_fork_in_child() noexcept {
    count_asking_again();
    mark_forked();                // those that another thread made just before, too
    if (notes()) learn_process(); // or it may be forbidden to ask
}

} // namespace efd::dropin
