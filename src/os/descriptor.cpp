// os/descriptor.cpp: see descriptor.hpp.
#include "os/descriptor.hpp"

#include "os/clock.hpp"
#include "os/errno_keeper.hpp"
#include "os/raw_call.hpp"

#include <efd/base/atomic.hpp>

#include <algorithm>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace efd::os {
namespace {

base::atomic<std::uint64_t> calls_made{0};

static_assert(epoll_one_shot == EPOLLONESHOT);

} // namespace

int make_bell(bool readable) noexcept {
    const errno_keeper keeper;
    const int fd = ::eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

bool ring_bell(int fd, std::uint64_t n) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    return raw_write(fd, &n, sizeof n) == sizeof n;
}

std::uint64_t silence_bell(int fd) noexcept {
    const errno_keeper keeper;
    calls_made.fetch_add(1, base::relaxed);
    std::uint64_t held = 0;
    return raw_read(fd, &held, sizeof held) == sizeof held ? held : 0; // EAGAIN: nothing
}

void close_bell(int fd) noexcept {
    const errno_keeper keeper;
    raw_close(fd);
}

void renew_bell(int fd, bool readable) noexcept {
    const errno_keeper keeper;
    const int fresh = ::eventfd(readable ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fresh < 0) return;
    ::dup3(fresh, fd, O_CLOEXEC);
    raw_close(fresh);
}

int make_epoll() noexcept {
    const errno_keeper keeper;
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events;
    interest.data.u64 = beside;
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) == 0 ? 0 : -errno;
}

void epoll_remove(int epoll, int fd) noexcept {
    const errno_keeper keeper;
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); // EBADF: closed, and so removed, already
}

// The kernel knows a registration by file and number together: ENOENT if another file bears the number now. One that is
// exclusive cannot be changed, and says EINVAL.
bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events & ~static_cast<std::uint32_t>(EPOLLEXCLUSIVE);
    interest.data.u64 = beside;
    return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &interest) == 0 || (errno != ENOENT && errno != EBADF);
}

bool epoll_replace(int fresh, int epoll) noexcept {
    const errno_keeper keeper;
    const bool replaced = ::dup3(fresh, epoll, O_CLOEXEC) == epoll;
    ::close(fresh);
    return replaced;
}

std::size_t epoll_look(int epoll, std::span<epoll_found> room) noexcept {
    const errno_keeper keeper;
    constexpr std::size_t most = 64;
    epoll_event found[most];
    const long got = raw_epoll_look(epoll, found, static_cast<int>(std::min(room.size(), most)));
    calls_made.fetch_add(1, base::relaxed);
    for (long i = 0; i < got; ++i) room[static_cast<std::size_t>(i)] = {found[i].events, found[i].data.u64};
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

poll_end poll_readable(std::span<const int> fds, std::int64_t deadline_ns) noexcept {
    const errno_keeper keeper;
    constexpr std::size_t most = 2;
    pollfd asked[most] = {};
    for (std::size_t i = 0; i < fds.size() && i < most; ++i) asked[i] = {fds[i], POLLIN, 0};
    const bool for_ever = deadline_ns == std::numeric_limits<std::int64_t>::max();
    const std::int64_t left_ns = for_ever ? -1 : std::max<std::int64_t>(deadline_ns - now_ns(), 0);
    calls_made.fetch_add(1, base::relaxed);
    const long got = raw_poll(asked, std::min(fds.size(), most), left_ns);
    if (got > 0) return poll_end::ready;
    return got == 0 ? poll_end::timed_out : poll_end::interrupted;
}

std::uint64_t bell_calls() noexcept { return calls_made.load(base::relaxed); }

} // namespace efd::os
