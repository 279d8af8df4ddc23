// SPDX-License-Identifier: MIT
// conformance/framework/task.cpp: see task.hpp.
#include "conformance/framework/task.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

namespace efd::claims {
namespace {

std::string read_task_file(pid_t tid, const char* name) {
    const std::string path = "/proc/self/task/" + std::to_string(tid) + "/" + name;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::string text(4096, '\0');
    const ssize_t got = ::read(file, text.data(), text.size());
    ::close(file);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

bool state_is_sleeping(pid_t tid) {
    const std::string stat = read_task_file(tid, "stat");
    const std::size_t end_of_name = stat.rfind(") ");
    return end_of_name != std::string::npos && stat[end_of_name + 2] == 'S';
}

// The number after a label of /proc/self/task/TID/status.
long long from_status(pid_t tid, const char* label, int base, long long otherwise) {
    const std::string status = read_task_file(tid, "status");
    const std::size_t at = status.find(label);
    return at == std::string::npos ? otherwise : std::strtoll(status.c_str() + at + std::strlen(label), nullptr, base);
}

bool contains(std::initializer_list<long> calls, long call) {
    for (const long one : calls)
        if (one == call) return true;
    return false;
}

// Under qemu-user /proc numbers the calls as the x86-64 kernel below does. Programs there ask about the futex call
// only; the emulator leaves 64-bit addresses as they are.
long as_numbered_here(long call) {
#ifdef EFD_UNDER_EMULATOR
    constexpr long futex_of_x86_64 = 202;
    return call == futex_of_x86_64 ? SYS_futex : call;
#else
    return call;
#endif
}

// The futex address of a futex_waitv entry on the sleeper's stack; 0 if it can no longer be read.
std::uint64_t address_in_waitv(std::uint64_t entry) {
    std::uint64_t address = 0;
    const iovec here{&address, sizeof address};
    const iovec there{reinterpret_cast<void*>(entry + sizeof(std::uint64_t)), sizeof address};
    const ssize_t got = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
    return got == static_cast<ssize_t>(sizeof address) ? address : 0;
}

} // namespace

task_state look_at_task(pid_t tid) {
    task_state seen;
    const std::string text = read_task_file(tid, "syscall");
    if (text.empty()) { // no such thread, or not readable on this system
        seen.asleep = state_is_sleeping(tid);
        return seen;
    }
    seen.call_known = true;
    const char* at = text.c_str();
    char* end = nullptr;
    seen.call = as_numbered_here(std::strtol(at, &end, 10));
    if (end == at || seen.call < 0) return seen; // "running", or asleep outside a system call
    for (std::uint64_t& arg : seen.args) arg = std::strtoull(end, &end, 0);
    seen.asleep = state_is_sleeping(tid);
    return seen;
}

bool asleep_in(pid_t tid, std::initializer_list<long> calls, std::int64_t first_argument) {
    const task_state seen = look_at_task(tid);
    if (!seen.asleep || !seen.call_known) return seen.asleep;
    if (!contains(calls, seen.call)) return false;
    return first_argument < 0 || static_cast<std::uint32_t>(seen.args[0]) == static_cast<std::uint64_t>(first_argument);
}

bool asleep_inside(pid_t tid, const void* object) {
    constexpr std::uint64_t object_size = 64;
    const auto inside = [object](std::uint64_t address) {
        return address - reinterpret_cast<std::uintptr_t>(object) < object_size;
    };
    const task_state seen = look_at_task(tid);
    if (!seen.asleep || !seen.call_known) return seen.asleep;
    if (seen.call == SYS_futex) return inside(seen.args[0]);
    return seen.call == SYS_futex_waitv && inside(address_in_waitv(seen.args[0]));
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

long voluntary_switches(pid_t tid) { return static_cast<long>(from_status(tid, "\nvoluntary_ctxt_switches:", 10, -1)); }

bool signal_pending(pid_t tid, int signal_number) {
    return (from_status(tid, "\nSigPnd:", 16, 0) >> (signal_number - 1) & 1) != 0;
}

pid_t current_tid() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

bool kernel_at_least(int major, int minor) {
    utsname names{};
    int have_major = 0;
    int have_minor = 0;
    if (::uname(&names) != 0 || std::sscanf(names.release, "%d.%d", &have_major, &have_minor) != 2) return false;
    return have_major > major || (have_major == major && have_minor >= minor);
}

} // namespace efd::claims
