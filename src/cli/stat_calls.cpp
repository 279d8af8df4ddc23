// SPDX-License-Identifier: MIT
// cli/stat_calls.cpp: see stat_calls.hpp.
#include "cli/stat_calls.hpp"

#include "cli/stat_memory.hpp"
#include "cli/stat_waits.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace efd::cli {
namespace {

using dropin::reason;

constexpr std::uint64_t value_size = sizeof(std::uint64_t);
constexpr std::uint64_t refused_value = UINT64_MAX; // EINVAL, always

int number_in_argument(const system_call& call, std::size_t which) { return static_cast<int>(call.arguments[which]); }

// Asleep in the kernel, not on its way into it or out of it.
bool is_asleep(pid_t thread) {
    const std::string stat = proc_text_of(fmt::format("/proc/{}/stat", thread));
    const std::size_t name_end = stat.rfind(") ");
    return name_end != std::string::npos && name_end + 2 < stat.size() && stat[name_end + 2] == 'S';
}

} // namespace

void stat_calls::sleep_on(const traced_thread& by, pending& now, stat_eventfd* one) {
    now.watched.push_back(one);
    one->sleepers.push_back(by.tid);
}

void stat_calls::wake_sleepers(stat_eventfd& of) {
    for (const pid_t sleeper : of.sleepers) {
        const auto at = pending_.find(sleeper);
        if (at == pending_.end() || at->second.waker != nullptr || !is_asleep(sleeper)) continue;
        at->second.waker = &of;
        ++of.counts.wakes;
    }
}

void stat_calls::begin_read(const traced_thread& by, pending& now, bool is_plain) {
    now.what = kind::read;
    stat_eventfd& of = *now.on;
    ++of.counts.reads;
    if (!is_plain) of.forecast.demote(reason::other_call);
    now.ends_read = of.forecast.begin_read(by.tid, of.is_semaphore);
    now.may_sleep = of.count == 0;
    if (now.may_sleep) sleep_on(by, now, &of);
    now.units = of.is_semaphore ? std::min<std::uint64_t>(of.count, 1) : of.count;
    of.count -= now.units;
}

void stat_calls::end_read(const traced_thread& by, const pending& then, const call_result& result) {
    stat_eventfd& of = *then.on;
    if (then.ends_read) of.forecast.end_read();
    if (result.has_failed && result.value == -EAGAIN) ++of.counts.reads_empty;
    std::uint64_t got = result.has_failed && result.value != -EFAULT ? 0 : then.units; // EFAULT comes after the take
    if (!result.has_failed && of.is_semaphore)
        got = 1;
    else if (!result.has_failed && (then.call.number != SYS_read || !copy_from(by.tid, then.call.arguments[1], got)))
        got = then.units;
    const std::uint64_t owed = of.count + then.units;
    of.count = owed > got ? owed - got : 0;
}

void stat_calls::begin_write(const traced_thread& by, pending& now, std::uint64_t from, bool is_plain,
                             std::uint64_t length) {
    now.what = kind::write;
    stat_eventfd& of = *now.on;
    ++of.counts.writes;
    std::uint64_t value = refused_value;
    const bool is_value = length >= value_size && copy_from(by.tid, from, value) && value != refused_value;
    if (!is_plain) of.forecast.demote(reason::other_call);
    if (!is_value) return;
    if (of.count > 0) ++of.counts.writes_unread;
    of.forecast.write(value);
    wake_sleepers(of);
    now.units = std::min(value, refused_value - 1 - std::min(of.count, refused_value - 1));
    of.count += now.units;
}

// The value of readv and writev, where it is in one piece.
void stat_calls::begin_vector(const traced_thread& by, pending& now, bool is_write) {
    now.on = files_.find(by, number_in_argument(now.call, 0));
    if (now.on == nullptr) return;
    if (!is_write) {
        begin_read(by, now, false);
        return;
    }
    iovec first{};
    if (!copy_from(by.tid, now.call.arguments[1], first)) first = {};
    begin_write(by, now, reinterpret_cast<std::uintptr_t>(first.iov_base), false, first.iov_len);
}

void stat_calls::begin_wait(const traced_thread& by, pending& now) {
    now.what = kind::wait;
    if (wait_of(now.call.number) == wait_kind::epoll) {
        const std::vector<stat_eventfd*> members = files_.watched_by(by, number_in_argument(now.call, 0));
        for (stat_eventfd* const one : members) sleep_on(by, now, one);
        return;
    }
    for (const int number : numbers_waited_for(by.tid, now.call))
        if (stat_eventfd* const one = files_.find(by, number); one != nullptr) sleep_on(by, now, one);
}

void stat_calls::begin_epoll_ctl(const traced_thread& by, pending& now) {
    now.on = files_.find(by, number_in_argument(now.call, 2));
    if (now.on == nullptr) return;
    now.what = kind::epoll_change;
    epoll_event asked{};
    if (number_in_argument(now.call, 1) == EPOLL_CTL_DEL || !copy_from(by.tid, now.call.arguments[3], asked)) return;
    if ((asked.events & EPOLLET) != 0) now.on->forecast.demote(reason::edge_triggered);
    if ((asked.events & EPOLLEXCLUSIVE) != 0) now.on->forecast.demote(reason::exclusive);
}

void stat_calls::end_epoll_ctl(const traced_thread& by, const pending& then) {
    const int epoll = number_in_argument(then.call, 0);
    if (number_in_argument(then.call, 1) == EPOLL_CTL_DEL)
        files_.unwatch(by, epoll, then.on);
    else if (number_in_argument(then.call, 1) == EPOLL_CTL_ADD)
        files_.watch(by, epoll, then.on);
}

// SCM_RIGHTS in a message that is about to be sent.
void stat_calls::look_at_rights(const traced_thread& by, std::uint64_t message) {
    constexpr std::size_t most_control = 65'536;
    msghdr asked{};
    if (!copy_from(by.tid, message, asked) || asked.msg_control == nullptr) return;
    std::vector<char> control(std::min<std::size_t>(asked.msg_controllen, most_control));
    if (control.empty() ||
        !copy_from(by.tid, reinterpret_cast<std::uintptr_t>(asked.msg_control), control.data(), control.size()))
        return;
    for (std::size_t at = 0; at + sizeof(cmsghdr) <= control.size();) {
        cmsghdr one{};
        std::memcpy(&one, control.data() + at, sizeof one);
        if (one.cmsg_len < sizeof one || one.cmsg_len > control.size() - at) return;
        if (one.cmsg_level == SOL_SOCKET && one.cmsg_type == SCM_RIGHTS) {
            for (std::size_t i = CMSG_LEN(0); i + sizeof(int) <= one.cmsg_len; i += sizeof(int)) {
                int number = -1;
                std::memcpy(&number, control.data() + at + i, sizeof number);
                if (stat_eventfd* const sent = files_.find(by, number)) sent->forecast.demote(reason::passed);
            }
        }
        at += CMSG_ALIGN(one.cmsg_len);
    }
}

// Calls that make, close and duplicate numbers, and those that tell the drop-in to stop.
void stat_calls::begin_other(const traced_thread& by, pending& now) {
    const system_call& call = now.call;
    const auto duplicate = [&] {
        now.what = kind::second_number;
        if (stat_eventfd* const one = files_.find(by, number_in_argument(call, 0)))
            one->forecast.demote(reason::replaced);
    };
    switch (call.number) {
#ifdef SYS_eventfd
    case SYS_eventfd:
#endif
    case SYS_eventfd2: now.what = kind::make; break;
    case SYS_close:
        now.what = kind::close;
        files_.forget(by, number_in_argument(call, 0));
        break;
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_dup:
    case SYS_dup3: duplicate(); break;
    case SYS_fcntl:
        if (call.arguments[1] == F_DUPFD || call.arguments[1] == F_DUPFD_CLOEXEC) duplicate();
        break;
    case SYS_sendmsg: look_at_rights(by, call.arguments[1]); break;
    case SYS_io_uring_setup:
    case SYS_io_setup: has_rings_ = true; break;
    case SYS_seccomp: files_.demote_for_good(by.process, reason::sandboxed); break;
    case SYS_prctl:
        if (call.arguments[0] == PR_SET_SECCOMP) files_.demote_for_good(by.process, reason::sandboxed);
        break;
    case SYS_unshare:
        if ((call.arguments[0] & CLONE_FILES) == 0) break;
        files_.demote_for_good(by.process, reason::unshared);
        files_.never_remember(by.process);
        break;
#ifdef SYS_close_range
    case SYS_close_range: now.what = kind::close; break;
#endif
    case SYS_execve:
    case SYS_execveat: files_.demote_all(by.process, reason::executed); break;
    default: break;
    }
}

void stat_calls::begin(const traced_thread& by, const system_call& call, std::uint64_t now_ns) {
    pending& now = pending_[by.tid];
    now = {};
    now.call = call;
    now.began_ns = now_ns;
    if (wait_of(call.number) != wait_kind::none) {
        begin_wait(by, now);
        return;
    }
    switch (call.number) {
    case SYS_read:
        now.on = files_.find(by, number_in_argument(call, 0));
        if (now.on != nullptr) begin_read(by, now, true);
        break;
    case SYS_write:
        now.on = files_.find(by, number_in_argument(call, 0));
        if (now.on != nullptr) begin_write(by, now, call.arguments[1], true, call.arguments[2]);
        break;
    case SYS_readv:
    case SYS_preadv2: begin_vector(by, now, false); break;
    case SYS_writev:
    case SYS_pwritev2: begin_vector(by, now, true); break;
    case SYS_epoll_ctl: begin_epoll_ctl(by, now); break;
    default: begin_other(by, now);
    }
}

void stat_calls::count_sleep(const traced_thread& by, const pending& then, const call_result& result,
                             std::uint64_t now_ns) {
    for (stat_eventfd* const one : then.watched) std::erase(one->sleepers, by.tid);
    stat_eventfd* const slept_on =
        then.what == kind::read && then.may_sleep && !result.has_failed ? then.on : then.waker;
    if (slept_on == nullptr) return;
    ++slept_on->counts.sleeps;
    slept_on->counts.asleep_ns += now_ns - then.began_ns;
}

void stat_calls::end(const traced_thread& by, const call_result& result, std::uint64_t now_ns) {
    const auto at = pending_.find(by.tid);
    if (at == pending_.end()) return; // it was in this call already when it was attached
    const pending then = std::move(at->second);
    pending_.erase(at);
    switch (then.what) {
    case kind::none: break;
    case kind::write:
        ++quick_calls_;
        quick_ns_ += now_ns - then.began_ns;
        if (result.has_failed) then.on->count -= std::min(then.on->count, then.units);
        break;
    case kind::read: end_read(by, then, result); break;
    case kind::wait: break;
    case kind::make:
        if (!result.has_failed)
            files_.make(by, static_cast<int>(result.value), static_cast<unsigned>(then.call.arguments[0]),
                        then.call.number == SYS_eventfd2 && (then.call.arguments[1] & EFD_SEMAPHORE) != 0);
        break;
    case kind::close:
        if (then.call.number == SYS_close)
            files_.forget(by, number_in_argument(then.call, 0));
        else
            files_.forget_all(by.process);
        break;
    case kind::second_number:
        if (!result.has_failed) files_.forget(by, static_cast<int>(result.value));
        break;
    case kind::epoll_change:
        if (!result.has_failed) end_epoll_ctl(by, then);
        break;
    }
    count_sleep(by, then, result, now_ns);
}

void stat_calls::executed(pid_t process) { files_.begin_anew(process); }

void stat_calls::ended(const traced_thread& who) {
    if (const auto at = pending_.find(who.tid); at != pending_.end()) {
        for (stat_eventfd* const one : at->second.watched) std::erase(one->sleepers, who.tid);
        if (at->second.ends_read) at->second.on->forecast.end_read();
        pending_.erase(at);
    }
    if (who.tid == who.process) files_.begin_anew(who.process);
}

void stat_calls::forked(const traced_thread& parent, pid_t child) {
    files_.begin_anew(child);
    const auto at = pending_.find(parent.tid);
    const system_call made_by = at == pending_.end() ? system_call{} : at->second.call;
    std::uint64_t flags = 0;
    if (made_by.number == SYS_clone) flags = made_by.arguments[0];
#ifdef SYS_clone3
    if (made_by.number == SYS_clone3 && !copy_from(parent.tid, made_by.arguments[0], flags)) flags = 0;
#endif
#ifdef SYS_vfork
    if (made_by.number == SYS_vfork) files_.demote_for_good(parent.process, reason::unshared);
#endif
    files_.demote_all(parent.process, (flags & CLONE_VFORK) != 0 ? reason::executed : reason::forked);
    if ((flags & CLONE_FILES) == 0) return;
    files_.demote_for_good(parent.process, reason::unshared);
    files_.never_remember(parent.process);
    files_.never_remember(child);
}

double stat_calls::overhead_ns() const {
    return quick_calls_ == 0 ? 0 : static_cast<double>(quick_ns_) / static_cast<double>(quick_calls_);
}

} // namespace efd::cli
