// SPDX-License-Identifier: MIT
// conformance/framework/task.cpp: see task.hpp.
#include "conformance/framework/task.hpp"

#include <cstdio>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace efd::claims {
namespace {

bool contains(std::initializer_list<long> calls, long call) {
    for (const long one : calls)
        if (one == call) return true;
    return false;
}

// The futex address of a futex_waitv entry on the sleeper's stack; 0 if it can no longer be read.
std::uint64_t address_in_waitv(std::uint64_t entry, pid_t process) {
    std::uint64_t address = 0;
    const iovec local{&address, sizeof address};
    const iovec remote{reinterpret_cast<void*>(entry + sizeof(std::uint64_t)), sizeof address};
    const ssize_t got = ::process_vm_readv(process, &local, 1, &remote, 1, 0);
    return got == static_cast<ssize_t>(sizeof address) ? address : 0;
}

} // namespace

bool asleep_in(pid_t tid, std::initializer_list<long> calls, std::int64_t first_argument) {
    const task_state state = look_at_task(tid);
    if (!state.asleep || !state.call_known) return state.asleep;
    if (!contains(calls, state.call)) return false;
    return first_argument < 0 ||
           static_cast<std::uint32_t>(state.args[0]) == static_cast<std::uint64_t>(first_argument);
}

bool asleep_inside(pid_t tid, const void* object, pid_t process) {
    constexpr std::uint64_t object_size = 64;
    const auto inside = [object](std::uint64_t address) {
        return address - reinterpret_cast<std::uintptr_t>(object) < object_size;
    };
    const task_state state = look_at_task(tid, process);
    if (!state.asleep || !state.call_known) return state.asleep;
    // After a stop a sleep with a deadline goes on in another call, whose registers are the same.
    if (state.call == common::futex_call || state.call == SYS_restart_syscall) return inside(state.args[0]);
    return state.call == common::futex_waitv_call && inside(address_in_waitv(state.args[0], process));
}

bool asleep_in_poll(pid_t tid) {
    return asleep_in(tid, {
#ifdef SYS_poll
                              SYS_poll,
#endif
#ifdef SYS_select
                              SYS_select,
#endif
#ifdef SYS_epoll_wait
                              SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait2
                              SYS_epoll_pwait2,
#endif
                              SYS_ppoll, SYS_pselect6, SYS_epoll_pwait});
}

bool signal_pending(pid_t tid, int signal_number) {
    return (common::task_status(tid, "SigPnd:", 16, 0) >> (signal_number - 1) & 1) != 0;
}

bool kernel_at_least(int major, int minor) {
    utsname names{};
    int have_major = 0;
    int have_minor = 0;
    if (::uname(&names) != 0 || std::sscanf(names.release, "%d.%d", &have_major, &have_minor) != 2) return false;
    return have_major > major || (have_major == major && have_minor >= minor);
}

} // namespace efd::claims
