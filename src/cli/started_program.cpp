// SPDX-License-Identifier: MIT
// cli/started_program.cpp: see started_program.hpp.
#include "cli/started_program.hpp"

#include "cli/elf_file.hpp"
#include "cli/failure.hpp"
#include "cli/program_file.hpp"

#include <cerrno>
#include <csetjmp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::cli {

// Standard error may be closed or full: that does not change the exit status.
void say(std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

// execvp would give an ELF file of another machine to a shell;
// this does not.
int become(const std::vector<std::string>& command) {
    std::vector<char*> words;
    for (const std::string& one : command) words.push_back(const_cast<char*>(one.c_str()));
    words.push_back(nullptr);
    const program_file program = find_program(command[0]);
    if (read_elf(program.path).has_value())
        ::execv(program.path.c_str(), words.data());
    else
        ::execvp(words[0], words.data());
    const int why = errno;
    say(stderr, fmt::format("efd: {}\n", exec_fault(command[0], why)));
    return why == ENOENT ? not_found : not_executable;
}

namespace {

volatile sig_atomic_t the_child = 0;
volatile sig_atomic_t the_starter = 0;
volatile sig_atomic_t has_continued = 0;

// A terminal's signals go to the whole group, so the child has them already, except a hangup, which goes to the
// session's leader. SIGCONT is passed on in any case: stop_beside relies on it.
bool has_it_already(int signal, const siginfo_t& from) {
    if (from.si_code != SI_KERNEL || signal == SIGCONT) return false;
    if (signal == SIGHUP) return ::getsid(0) != ::getpid();
    return signal != SIGALRM && signal != SIGXCPU;
}

// A signal from the program is meant for its parent, so it goes to this process's starter; any other goes to the
// program. 0: the starter has ended.
pid_t receiver_of(const siginfo_t& from) {
    const bool has_sender = from.si_code == SI_USER || from.si_code == SI_QUEUE || from.si_code == SI_TKILL;
    if (!has_sender || from.si_pid != the_child) return the_child;
    return ::getppid() == the_starter ? the_starter : 0;
}

// Where the handler of SIGCONT jumps to while this process decides whether to stop.
sigjmp_buf goes_on;
volatile sig_atomic_t may_stop = 0;

void pass_on(int signal, siginfo_t* from, void* /*context*/) {
    const int why = errno;
    if (the_child != 0 && !has_it_already(signal, *from)) {
        const pid_t to = receiver_of(*from);
        if (to != 0 && from->si_code == SI_QUEUE)
            ::sigqueue(to, signal, from->si_value);
        else if (to != 0)
            ::kill(to, signal);
    }
    errno = why;
    if (signal == SIGCONT) has_continued = 1;
    if (signal == SIGCONT && may_stop != 0) siglongjmp(goes_on, 1);
}

// All signals except SIGSTOP, those of this process's own faults, and SIGCHLD; those that stop if `stops` says so.
bool is_passed_on(int signal, stop_signals stops) {
    if (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) return stops == stop_signals::passed_on;
    for (const int other : {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        if (signal == other) return false;
    return signal < 32 || (signal >= SIGRTMIN && signal <= SIGRTMAX); // the two between are libc's
}

} // namespace

kept_actions watch_signals(stop_signals stops) {
    kept_actions kept;
    kept.stops = stops;
    the_starter = ::getppid();
    struct sigaction act{};
    act.sa_sigaction = pass_on;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    for (int i = 1; i <= SIGRTMAX; ++i)
        if (is_passed_on(i, stops)) ::sigaction(i, &act, &kept.old[static_cast<std::size_t>(i)]);
    struct sigaction usual{}; // a process that ignores SIGCHLD does not learn how its children ended
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &usual, &kept.old[SIGCHLD]);
    return kept;
}

void restore_signals(const kept_actions& kept) {
    for (int i = 1; i <= SIGRTMAX; ++i)
        if (is_passed_on(i, kept.stops) || i == SIGCHLD)
            ::sigaction(i, &kept.old[static_cast<std::size_t>(i)], nullptr);
}

void pass_signals_to(pid_t child) { the_child = child; }

pipe_ends::pipe_ends() {
    if (::pipe2(from, O_CLOEXEC) != 0) broken("no pipe to the program");
}

pipe_ends::~pipe_ends() {
    close(0);
    close(1);
}

void pipe_ends::close(int which) {
    if (from[which] >= 0) ::close(from[which]);
    from[which] = -1;
}

// A signal that comes before it is known who gets it waits.
pid_t start_child(const kept_actions& kept, const std::function<void()>& in_child) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t child = ::fork();
    if (child < 0) broken("no process for the program");
    if (child == 0) {
        restore_signals(kept);
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        in_child();
    }
    pass_signals_to(child);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return child;
}

void be_the_program(const std::vector<std::string>& command, pipe_ends& failed, const std::function<void()>& prepare) {
    int status = broke_down;
    try {
        prepare();
        status = become(command);
    } catch (const std::exception& why) {
        say(stderr, fmt::format("efd: {}\n", why.what()));
    }
    (void)!::write(failed.from[1], "", 1);
    ::_exit(status);
}

bool has_begun(const pipe_ends& failed) {
    char byte = 0;
    return ::read(failed.from[0], &byte, 1) == 0;
}

// The program has stopped, so this process stops too, for the shell to see. But if the same sender stopped both and has
// continued both, this process must not stop again. The handler of SIGCONT has then passed SIGCONT on, and from that
// moment `is_still_stopped` denies it; a SIGCONT that comes after that call jumps over the stop.
void stop_beside(pid_t child, bool (*is_still_stopped)(pid_t child)) {
    if (sigsetjmp(goes_on, 1) == 0) {
        may_stop = 1;
        if (is_still_stopped(child)) ::raise(SIGSTOP);
    }
    may_stop = 0;
}

bool was_continued() { return has_continued != 0; }
void forget_continue() { has_continued = 0; }

int end_as(int status) {
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    const int signal = WTERMSIG(status);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(signal, SIG_DFL);
    std::fflush(nullptr);
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
    ::raise(signal);
    return 128 + signal;
}

report_file open_report(const std::string& name) {
    report_file opened(nullptr, std::fclose);
    if (name.empty()) return opened;
    opened.reset(std::fopen(name.c_str(), "we"));
    if (opened == nullptr) broken("cannot write the report to " + name);
    return opened;
}

} // namespace efd::cli
