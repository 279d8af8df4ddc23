// SPDX-License-Identifier: MIT
// cli/stat_waits.cpp: see stat_waits.hpp.
#include "cli/stat_waits.hpp"

#include "cli/stat_memory.hpp"

#include <algorithm>
#include <climits>
#include <poll.h>
#include <sys/syscall.h>

namespace efd::cli {
namespace {

constexpr std::uint64_t most_numbers = 65'536;

std::vector<int> polled(pid_t thread, const system_call& call) {
    std::vector<pollfd> asked(std::min(call.arguments[1], most_numbers));
    std::vector<int> numbers;
    if (asked.empty() || !copy_from(thread, call.arguments[0], asked.data(), asked.size() * sizeof(pollfd)))
        return numbers;
    for (const pollfd& one : asked)
        if ((one.events & (POLLIN | POLLRDNORM)) != 0) numbers.push_back(one.fd);
    return numbers;
}

std::vector<int> selected(pid_t thread, const system_call& call) {
    constexpr std::size_t bits = sizeof(unsigned long) * CHAR_BIT;
    const std::uint64_t most = std::min(call.arguments[0], most_numbers);
    std::vector<unsigned long> asked((most + bits - 1) / bits);
    std::vector<int> numbers;
    if (call.arguments[1] == 0 || asked.empty() ||
        !copy_from(thread, call.arguments[1], asked.data(), asked.size() * sizeof(unsigned long)))
        return numbers;
    for (std::uint64_t i = 0; i < most; ++i)
        if ((asked[i / bits] >> (i % bits) & 1UL) != 0) numbers.push_back(static_cast<int>(i));
    return numbers;
}

} // namespace

wait_kind wait_of(std::uint64_t call_number) {
    switch (call_number) {
#ifdef SYS_poll
    case SYS_poll:
#endif
    case SYS_ppoll: return wait_kind::poll;
#ifdef SYS_select
    case SYS_select:
#endif
    case SYS_pselect6: return wait_kind::select;
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2:
#endif
    case SYS_epoll_pwait: return wait_kind::epoll;
    default: return wait_kind::none;
    }
}

std::vector<int> numbers_waited_for(pid_t thread, const system_call& call) {
    return wait_of(call.number) == wait_kind::poll ? polled(thread, call) : selected(thread, call);
}

} // namespace efd::cli
