// SPDX-License-Identifier: MIT
// verify/common/task.hpp: what the kernel says about one thread, from /proc/PID/task/TID.
//
// Owns nothing. Any thread may call. Invariant: an answer "asleep" was true at some moment during the call. Where /proc
// does not show system calls, a thread in state S counts as asleep in any call.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace efd::common {

// One of the thread's files as it is now; empty if there is none, or if it may not be read.
inline std::string task_file(pid_t tid, const char* name, pid_t process = ::getpid()) {
    const std::string path = "/proc/" + std::to_string(process) + "/task/" + std::to_string(tid) + "/" + name;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::string text(4096, '\0');
    const ssize_t got = ::read(file, text.data(), text.size());
    ::close(file);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

// Neither running nor runnable, and not stopped.
inline bool is_asleep(pid_t tid, pid_t process = ::getpid()) {
    const std::string stat = task_file(tid, "stat", process);
    const std::size_t end_of_name = stat.rfind(") ");
    return end_of_name != std::string::npos && stat[end_of_name + 2] == 'S';
}

struct task_state {
    bool asleep = false;
    bool call_known = false;             // whether the two below are valid
    long call = -1;                      // the system call that it sleeps in
    std::array<std::uint64_t, 6> args{}; // its arguments
};

#ifdef SYS_futex
inline constexpr long futex_call = SYS_futex;
#else
inline constexpr long futex_call = SYS_futex_time64;
#endif
inline constexpr long futex_waitv_call = 449; // on every architecture

// Under qemu-user /proc numbers the calls as the x86-64 kernel below does. Programs there ask about futex calls only;
// the emulator leaves 64-bit addresses as they are.
inline long call_as_numbered_here(long call) {
#ifdef EFD_UNDER_EMULATOR
    constexpr long futex_of_x86_64 = 202;
    return call == futex_of_x86_64 ? futex_call : call;
#else
    return call;
#endif
}

inline task_state look_at_task(pid_t tid, pid_t process = ::getpid()) {
    task_state state;
    const std::string text = task_file(tid, "syscall", process);
    if (text.empty()) { // no such thread, or not readable on this system
        state.asleep = is_asleep(tid, process);
        return state;
    }
    state.call_known = true;
    char* end = nullptr;
    state.call = call_as_numbered_here(std::strtol(text.c_str(), &end, 10));
    if (end == text.c_str() || state.call < 0) return state; // "running", or asleep outside a system call
    for (std::uint64_t& arg : state.args) arg = std::strtoull(end, &end, 0);
    state.asleep = is_asleep(tid, process);
    return state;
}

// Asleep, and as far as the kernel says in a futex call.
inline bool is_asleep_in_futex(pid_t tid, pid_t process = ::getpid()) {
    const task_state state = look_at_task(tid, process);
    return state.asleep && (!state.call_known || state.call == futex_call || state.call == futex_waitv_call);
}

// The same of poll(2).
inline bool is_asleep_in_poll(pid_t tid, pid_t process = ::getpid()) {
    const task_state state = look_at_task(tid, process);
    bool is_poll = !state.call_known;
#ifdef SYS_poll
    is_poll = is_poll || state.call == SYS_poll;
#endif
#ifdef SYS_ppoll
    is_poll = is_poll || state.call == SYS_ppoll;
#endif
    return state.asleep && is_poll;
}

// The number behind a label of the thread's status, such as "SigPnd:"; `otherwise` if there is none.
inline std::int64_t task_status(pid_t tid, std::string_view label, int base, std::int64_t otherwise,
                                pid_t process = ::getpid()) {
    const std::string status = task_file(tid, "status", process);
    const std::size_t at = status.find("\n" + std::string(label));
    return at == std::string::npos ? otherwise : std::strtoll(status.c_str() + at + 1 + label.size(), nullptr, base);
}

// How often the thread has gone to sleep of its own accord; -1 if unreadable.
inline long voluntary_switches(pid_t tid, pid_t process = ::getpid()) {
    return static_cast<long>(task_status(tid, "voluntary_ctxt_switches:", 10, -1, process));
}

inline pid_t this_tid() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

} // namespace efd::common
