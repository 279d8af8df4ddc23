// SPDX-License-Identifier: MIT
// cli/stat_tracer.cpp: see stat_tracer.hpp.
//
// PTRACE_SEIZE, not PTRACE_ATTACH: it sends no signal, tells a stop by a signal from a stop for the tracer, and can
// leave a stopped process stopped. No filter of system calls is set: without its tracer the program would get ENOSYS.
#include "cli/stat_tracer.hpp"

#include "cli/failure.hpp"
#include "cli/living_thread.hpp"
#include "cli/proc_text.hpp"
#include "cli/started_program.hpp"
#include "os/traced_call.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace efd::cli {
namespace {

constexpr long options =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;

volatile sig_atomic_t should_end = 0;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

// A signal may come between a look at should_end and waitpid: a timer ends that waitpid too.
void ring_every_20_ms(bool on) {
    itimerval every{};
    if (on) every.it_interval.tv_usec = every.it_value.tv_usec = 20'000;
    ::setitimer(ITIMER_REAL, &every, nullptr);
}

long seize(pid_t thread) { return ::ptrace(PTRACE_SEIZE, thread, 0L, options); }

// The number in a line of /proc/PID/status; 0 if there is none.
pid_t number_of(pid_t thread, const std::string& line) {
    const std::string text = proc_text_of(fmt::format("/proc/{}/status", thread));
    std::size_t at = text.find("\n" + line + ":\t");
    if (at == std::string::npos) return 0;
    at += line.size() + 3;
    const auto number = number_in(std::string_view(text).substr(at, text.find_first_of("\t\n", at) - at));
    return static_cast<pid_t>(number.value_or(0));
}

std::string why_not_permitted(pid_t process) {
    if (process == ::getpid()) return "efd stat cannot look at itself";
    if (const pid_t other = number_of(process, "TracerPid"); other != 0)
        return fmt::format("process {} is traced by process {} ({}) already; end that first", process, other,
                           command_of(other));
    if (const pid_t user = number_of(process, "Uid"); static_cast<uid_t>(user) != ::geteuid() && ::geteuid() != 0)
        return fmt::format("process {} belongs to user {}; run efd stat as that user, or as root (sudo efd stat -p {})",
                           process, user, process);
    const std::string yama = proc_text_of("/proc/sys/kernel/yama/ptrace_scope");
    if (!yama.empty() && yama[0] == '3')
        return "this system lets nobody trace processes until it is started anew (kernel.yama.ptrace_scope is 3)";
    if (!yama.empty() && yama[0] != '0')
        return fmt::format("this system lets users trace only what they start (kernel.yama.ptrace_scope is {}); "
                           "sudo efd stat -p {}, or efd stat -- PROGRAM",
                           yama[0], process);
    return fmt::format("process {} may not be traced: it is set-user-id or protects itself, or this is a container "
                       "without CAP_SYS_PTRACE; run efd stat as root, outside the container",
                       process);
}

[[noreturn]] void refused(pid_t process, int why) {
    if (why == ESRCH)
        throw std::runtime_error(fmt::format("there is no process {}; efd ls lists who has eventfds", process));
    if (why != EPERM) broken(fmt::format("process {}", process), why);
    throw std::runtime_error(why_not_permitted(process));
}

bool is_stop_signal(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

bool was_not_continued(pid_t /*child*/) { return !was_continued(); }

} // namespace

void stat_tracer::end_soon() {
    should_end = 1;
    ring_every_20_ms(true);
}

stat_tracer::followed& stat_tracer::know(pid_t thread) {
    const auto [at, is_new] = threads_.try_emplace(thread);
    if (is_new) at->second.process = std::max(number_of(thread, "Tgid"), pid_t{0});
    if (at->second.process == 0) at->second.process = thread;
    if (is_new && counts_) processes_.insert(at->second.process);
    return at->second;
}

void stat_tracer::interrupt(pid_t thread) {
    threads_[thread].is_interrupted = true;
    (void)::ptrace(PTRACE_INTERRUPT, thread, 0L, 0L); // it may have ended
}

void stat_tracer::seize_child(pid_t child) {
    root_ = child;
    is_child_ = true;
    if (seize(child) != 0) broken("the program cannot be traced (is ptrace forbidden here?)");
    know(child);
    interrupt(child);
    while (threads_.contains(child) && threads_[child].is_interrupted)
        if (!await_one()) return;
}

// Threads that appear while others are seized are followed if their maker was seized; the next look finds the others.
void stat_tracer::seize_process(pid_t process) {
    if (number_of(process, "Tgid") != process) refused(process, ESRCH);
    root_ = process;
    counts_ = true;
    for (bool has_new = true; has_new;) {
        has_new = false;
        for (const std::uint32_t number : threads_of("/proc", static_cast<std::uint32_t>(process))) {
            const auto thread = static_cast<pid_t>(number);
            if (threads_.contains(thread)) continue;
            if (seize(thread) == 0) {
                has_new = true;
                know(thread);
            } else if (errno == EPERM && threads_.empty() &&
                       !is_ended_thread("/proc", static_cast<std::uint32_t>(process), number)) {
                refused(process, EPERM);
            }
        }
    }
    if (threads_.empty()) throw std::runtime_error(fmt::format("process {} has ended", process));
    for (const auto& [thread, known] : std::unordered_map<pid_t, followed>(threads_)) interrupt(thread);
    const auto is_to_stop = [](const auto& one) { return one.second.is_interrupted; };
    while (should_end == 0 && std::any_of(threads_.begin(), threads_.end(), is_to_stop))
        if (!await_one() && errno != EINTR) break;
}

// Any stop takes the place of the one that this tracer has asked for, so that is asked for again; and a call that it
// ends is not reported first, because only a stop behind it can let it be repeated.
void stat_tracer::resume(pid_t thread, int signal) {
    const bool is_interrupted = know(thread).is_interrupted;
    if (is_interrupted) (void)::ptrace(PTRACE_INTERRUPT, thread, 0L, 0L);
    // It may have been killed.
    (void)::ptrace(is_interrupted ? PTRACE_CONT : PTRACE_SYSCALL, thread, 0L, static_cast<long>(signal));
}

void stat_tracer::forget(pid_t thread) {
    const auto at = threads_.find(thread);
    if (at == threads_.end()) return;
    calls_.ended({thread, at->second.process});
    threads_.erase(at);
}

// Stops by a terminal only: what another process stops it may continue, without a word to this process.
void stat_tracer::stop_as_root_does(int signal) {
    if (is_child_ && signal != SIGSTOP) stop_beside(root_, was_not_continued);
}

void stat_tracer::handle_call(pid_t thread) {
    __ptrace_syscall_info found{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof found, &found) < 0) {
        if (errno != ESRCH) throw std::runtime_error("efd stat needs Linux 5.3 or later (PTRACE_GET_SYSCALL_INFO)");
        return;
    }
    if (!counts_) return;
    if (found.arch != os::native_calls) {
        has_foreign_calls_ = true;
        return;
    }
    const traced_thread by{thread, know(thread).process};
    if (found.op == PTRACE_SYSCALL_INFO_ENTRY) {
        ++calls_stopped_;
        system_call call;
        call.number = found.entry.nr;
        std::copy(std::begin(found.entry.args), std::end(found.entry.args), call.arguments.begin());
        calls_.begin(by, call, now_ns());
    } else if (found.op == PTRACE_SYSCALL_INFO_EXIT) {
        calls_.end(by, {found.exit.rval, found.exit.is_error != 0}, now_ns());
    }
}

void stat_tracer::handle_child(pid_t parent, pid_t child) {
    const pid_t process = know(parent).process;
    const pid_t its_process = know(child).process;
    if (its_process != process && counts_) calls_.forked({parent, process}, its_process);
}

// The thread that executed has the number of the process now, and all other threads are gone.
void stat_tracer::handle_exec(pid_t process) {
    std::vector<pid_t> gone;
    for (const auto& [thread, known] : threads_)
        if (known.process == process) gone.push_back(thread);
    for (const pid_t thread : gone) forget(thread);
    if (process == root_) counts_ = true;
    know(process);
    if (counts_) processes_.insert(process);
    calls_.executed(process);
}

void stat_tracer::handle_event(pid_t thread, int event) {
    unsigned long message = 0;
    (void)::ptrace(PTRACE_GETEVENTMSG, thread, 0L, &message);
    if (event == PTRACE_EVENT_EXEC)
        handle_exec(thread);
    else if (message != 0)
        handle_child(thread, static_cast<pid_t>(message));
    resume(thread, 0);
}

// A stop for the tracer, the first stop of a new thread, or (`signal`) a stop of the whole process by a signal.
void stat_tracer::handle_stop(pid_t thread, int signal) {
    followed& known = know(thread);
    if (known.is_interrupted && !is_stop_signal(signal)) os::repeat_ended_call(thread);
    known.is_interrupted = false;
    if (releases_) {
        if (::ptrace(PTRACE_DETACH, thread, 0L, 0L) == 0) threads_.erase(thread);
    } else if (!is_stop_signal(signal)) {
        resume(thread, 0);
    } else {
        (void)::ptrace(PTRACE_LISTEN, thread, 0L, 0L);
        if (thread == root_) stop_as_root_does(signal);
    }
}

void stat_tracer::handle(pid_t thread, int status) {
    if (!WIFSTOPPED(status)) {
        if (thread == root_) root_status_ = status;
        forget(thread);
        return;
    }
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_STOP) {
        handle_stop(thread, signal);
    } else if (event != 0) {
        handle_event(thread, event);
    } else if (signal == (SIGTRAP | 0x80)) {
        handle_call(thread);
        resume(thread, 0);
    } else {
        if (thread == root_ && is_stop_signal(signal)) forget_continue();
        resume(thread, signal);
    }
}

// Handles the next stop or end. False: nothing is traced any more, or a signal came first.
bool stat_tracer::await_one() {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread < 0) return false;
    handle(thread, status);
    return true;
}

std::optional<int> stat_tracer::follow() {
    while (!root_status_ && should_end == 0)
        if (!await_one() && errno != EINTR) break;
    return root_status_;
}

std::uint32_t stat_tracer::release() {
    constexpr int most_rings = 50; // a thread that waits for the child of its vfork does not stop before that ends
    std::unordered_set<pid_t> running;
    for (const auto& [thread, known] : threads_) running.insert(known.process);
    releases_ = true;
    for (const auto& [thread, known] : std::unordered_map<pid_t, followed>(threads_)) interrupt(thread);
    struct sigaction ring{};
    struct sigaction before{};
    ring.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &ring, &before);
    ring_every_20_ms(true);
    for (int rings = 0; rings < most_rings && !threads_.empty();) {
        if (await_one()) continue;
        if (errno != EINTR) break;
        ++rings;
    }
    ring_every_20_ms(false);
    ::sigaction(SIGALRM, &before, nullptr);
    should_end = 0;
    return static_cast<std::uint32_t>(running.size());
}

} // namespace efd::cli
