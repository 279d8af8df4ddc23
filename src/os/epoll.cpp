// SPDX-License-Identifier: MIT
// os/epoll.cpp: see epoll.hpp.
#include "os/epoll.hpp"

#include "os/errno.hpp"
#include "os/marked.hpp"
#include "os/raw_call.hpp"

#include <efd/detail/base/check.hpp>

#include <algorithm>
#include <fcntl.h>
#include <sys/epoll.h>

namespace efd::os {

static_assert(epoll_one_shot == EPOLLONESHOT);

int make_epoll() noexcept {
    const errno_keeper keeper;
    return with_mark(raw_epoll_create(EPOLL_CLOEXEC));
}

bool replace_epoll(int fd) noexcept {
    const errno_keeper keeper;
    return replace_file(fd, [] { return raw_epoll_create(EPOLL_CLOEXEC); });
}

int epoll_add(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events;
    interest.data.u64 = beside;
    return result_of(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest));
}

void epoll_remove(int epoll, int fd) noexcept {
    const errno_keeper keeper;
    if (!has_mark(epoll)) return;
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); // EBADF: closed, so removed already
}

// The kernel identifies a registration by file and number: ENOENT if the number now names another file. An exclusive
// registration cannot be changed (EINVAL).
bool epoll_has(int epoll, int fd, std::uint32_t events, std::uint64_t beside) noexcept {
    const errno_keeper keeper;
    epoll_event interest{};
    interest.events = events & ~static_cast<std::uint32_t>(EPOLLEXCLUSIVE);
    interest.data.u64 = beside;
    return ::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &interest) == 0 || (errno != ENOENT && errno != EBADF);
}

bool epoll_replace(int fresh, int epoll) noexcept {
    const errno_keeper keeper;
    const bool replaced = has_mark(epoll) && raw_dup3(fresh, epoll, O_CLOEXEC) == epoll;
    raw_close(fresh);
    return replaced;
}

std::size_t epoll_look(int epoll, std::span<epoll_found> room) noexcept {
    const errno_keeper keeper;
    constexpr std::size_t most = 64;
    epoll_event found[most];
    const long got = raw_epoll_look(epoll, found, static_cast<int>(std::min(room.size(), most)));
    EFD_CHECK(got <= static_cast<long>(std::min(room.size(), most)));
    calls_made.fetch_add(1, base::relaxed);
    for (long i = 0; i < got; ++i) room[static_cast<std::size_t>(i)] = {found[i].events, found[i].data.u64};
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

} // namespace efd::os
