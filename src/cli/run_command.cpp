// SPDX-License-Identifier: MIT
// cli/run_command.cpp: see run_command.hpp.
//
// Without a report the program takes this process over, so nothing stands between it and whoever started it. With one,
// it is a child in the same process group and on the same terminal, so job control reaches both; signals that are sent
// to this process alone go on to it, those that it sends to its parent go on to whoever started this process, and this
// process ends as it ended. The counts are in memory that the run shares, which is read at the end whatever its
// processes died of.
#include "cli/run_command.hpp"

#include "cli/choice.hpp"
#include "cli/dropin_report.hpp"
#include "cli/elf_file.hpp"
#include "cli/failure.hpp"
#include "cli/preload.hpp"
#include "cli/program_file.hpp"
#include "cli/shared_counts.hpp"
#include "cli/terminal.hpp"
#include "cli/wrong_settings.hpp"
#include "dropin/table/settings.hpp"

#include <array>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace efd::cli {
namespace {

struct run_options {
    std::string report;
    std::string report_file;
    std::string profile;
    std::string allow;
    std::string deny;
    std::vector<std::string> command;
};

// What the options say, for this process and those that it starts.
void set_options(const run_options& options) {
    if (!options.profile.empty()) set_environment("EFD_DROPIN_PROFILE", options.profile);
    if (!options.allow.empty()) set_environment("EFD_DROPIN_ALLOW", options.allow);
    if (!options.deny.empty()) set_environment("EFD_DROPIN_DENY", options.deny);
}

// Standard error may be closed or full: what cannot be said there is no reason to end otherwise.
void say(std::FILE* to, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

// Returns only if it failed, with the shell's status for it. An ELF file is not given to a shell, as execvp would do
// with one that this machine does not run.
int become(const run_options& options) {
    std::vector<char*> words;
    for (const std::string& one : options.command) words.push_back(const_cast<char*>(one.c_str()));
    words.push_back(nullptr);
    const program_file program = find_program(options.command[0]);
    if (read_elf(program.path).has_value())
        ::execv(program.path.c_str(), words.data());
    else
        ::execvp(words[0], words.data());
    const int why = errno;
    say(stderr, fmt::format("efd: {}\n", exec_fault(options.command[0], why)));
    return why == ENOENT ? not_found : not_executable;
}

volatile sig_atomic_t the_child = 0;
volatile sig_atomic_t the_starter = 0;

// What a terminal sends goes to the whole group, so the child has it already; but a hangup to the session's leader.
// SIGCONT goes on in any case: stop_with relies on it.
bool has_it_already(int signal, const siginfo_t& from) {
    if (from.si_code != SI_KERNEL || signal == SIGCONT) return false;
    if (signal == SIGHUP) return ::getsid(0) != ::getpid();
    return signal != SIGALRM && signal != SIGXCPU;
}

// The program itself means its parent, which is whoever started it; everybody else means the program. 0: the starter
// has ended.
pid_t receiver_of(const siginfo_t& from) {
    const bool has_sender = from.si_code == SI_USER || from.si_code == SI_QUEUE || from.si_code == SI_TKILL;
    if (!has_sender || from.si_pid != the_child) return the_child;
    return ::getppid() == the_starter ? the_starter : 0;
}

// Where the handler of SIGCONT goes on while this process decides whether to stop.
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
    if (signal == SIGCONT && may_stop != 0) siglongjmp(goes_on, 1);
}

// All but those that stop, that say what this process did wrong itself, and that its child has ended.
bool is_passed_on(int signal) {
    for (const int other : {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                            SIGTRAP, SIGSYS, SIGABRT})
        if (signal == other) return false;
    return signal < 32 || (signal >= SIGRTMIN && signal <= SIGRTMAX); // two between are libc's
}

struct kept_actions {
    std::array<struct sigaction, 65> old{};
};

kept_actions watch_signals() {
    kept_actions kept;
    struct sigaction act{};
    act.sa_sigaction = pass_on;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    for (int i = 1; i <= SIGRTMAX; ++i)
        if (is_passed_on(i)) ::sigaction(i, &act, &kept.old[static_cast<std::size_t>(i)]);
    struct sigaction usual{}; // who ignores his children does not learn how they ended
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &usual, &kept.old[SIGCHLD]);
    return kept;
}

void restore_signals(const kept_actions& kept) {
    for (int i = 1; i <= SIGRTMAX; ++i)
        if (is_passed_on(i) || i == SIGCHLD) ::sigaction(i, &kept.old[static_cast<std::size_t>(i)], nullptr);
}

// The program has stopped: so does this process, for the shell to see. But if whoever stopped the program stopped both
// and has let both go on, this process must not stop once more. The handler of SIGCONT has then sent SIGCONT on, and
// from that moment waitid no longer finds the program stopped; a SIGCONT that comes after waitid jumps over the stop.
void stop_with(pid_t child) {
    if (sigsetjmp(goes_on, 1) == 0) {
        may_stop = 1;
        siginfo_t still{};
        if (::waitid(P_PID, static_cast<id_t>(child), &still, WSTOPPED | WNOHANG) == 0 && still.si_pid == child)
            ::raise(SIGSTOP);
    }
    may_stop = 0;
}

int await(pid_t child) {
    for (;;) {
        siginfo_t seen{};
        if (::waitid(P_PID, static_cast<id_t>(child), &seen, WEXITED | WSTOPPED | WNOWAIT) != 0) {
            if (errno == EINTR) continue;
            broken("waitid");
        }
        if (seen.si_code == CLD_STOPPED) {
            stop_with(child);
            continue;
        }
        int status = 0;
        if (::waitpid(child, &status, 0) == child) return status;
    }
}

// As the program ended: by the same signal, without a second core.
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

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// Before anything runs, so that a report that cannot be written costs no run.
file open_report(const run_options& options) {
    file opened(nullptr, std::fclose);
    if (options.report_file.empty()) return opened;
    opened.reset(std::fopen(options.report_file.c_str(), "we"));
    if (opened == nullptr) broken("cannot write the report to " + options.report_file);
    return opened;
}

void print_report(const run_options& options, const dropin_report& report, std::FILE* to) {
    std::FILE* const chosen = to == nullptr ? stderr : to; // standard output is the program's
    std::string said;
    if (options.report == "json")
        said = to_json(report).dump(2) + "\n";
    else
        said = to_table(report, to == nullptr && error_colour_wanted());
    say(chosen, said);
    if (to != nullptr && std::ferror(to) != 0)
        say(stderr, fmt::format("efd: {}: {}\n{}", options.report_file, std::strerror(errno), said));
}

// In the child: `failed` hears of it if there is no such program.
[[noreturn]] void be_the_program(const run_options& options, const preload_outlook& outlook,
                                 const shared_counts& counts, int failed) {
    int status = broke_down;
    try {
        if (outlook.is_understood) preload_dropin("", counts.path());
        status = become(options);
    } catch (const std::exception& why) {
        say(stderr, fmt::format("efd: {}\n", why.what()));
    }
    (void)!::write(failed, "", 1);
    ::_exit(status);
}

dropin_report report_of(const shared_counts& counts, const preload_outlook& outlook) {
    dropin_report report = read_report(counts.all());
    report.still_running = counts.users();
    report.profile = effective_profile();
    report.kind = is_switched_off() ? "off" : outlook.kind;
    report.why_not =
        is_switched_off() ? "EFD_DROPIN, or a list that is too long, switches the drop-in off." : outlook.why_not;
    return report;
}

int run_with_report(const run_options& options, const preload_outlook& outlook) {
    int status = 0;
    {
        const file to = open_report(options);
        const shared_counts counts;
        int failed[2];
        if (::pipe2(failed, O_CLOEXEC) != 0) broken("no pipe to the program");
        the_starter = ::getppid();
        const kept_actions kept = watch_signals();
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, &before);
        const pid_t child = ::fork();
        if (child < 0) broken("no process for the program");
        if (child == 0) {
            restore_signals(kept);
            ::sigprocmask(SIG_SETMASK, &before, nullptr);
            be_the_program(options, outlook, counts, failed[1]);
        }
        the_child = child;
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        ::close(failed[1]);
        status = await(child);
        the_child = 0;
        restore_signals(kept);
        char byte = 0;
        const bool began = ::read(failed[0], &byte, 1) == 0;
        ::close(failed[0]);
        if (began) print_report(options, report_of(counts, outlook), to.get());
    }
    return end_as(status);
}

int run(run_options& options) {
    if (!options.report_file.empty() && options.report.empty()) options.report = "table";
    (void)find_dropin(); // says so before anything begins
    set_options(options);
    report_wrong_settings();
    const preload_outlook outlook = outlook_of(find_program(options.command[0]));
    if (!options.report.empty()) return run_with_report(options, outlook);
    if (outlook.is_understood) preload_dropin("", "");
    return become(options);
}

// `words` are those that no option took.
void read_command(run_options& options, std::vector<std::string> words, const words_behind_mark& behind) {
    if (!words.empty() && words[0].starts_with('-')) throw CLI::ExtrasError("run", {words[0]});
    const bool may_be_a_format = !words.empty() && (words[0] == "json" || words[0] == "table");
    if (may_be_a_format && !options.report.empty() && (behind.has_value() || find_program(words[0]).path.empty()))
        throw CLI::ValidationError(fmt::format("--report {0}: did you mean --report={0}?", words[0]));
    options.command = std::move(words);
    if (!options.command.empty() && behind.has_value()) options.command.emplace_back("--"); // it is the program's
    if (behind.has_value()) options.command.insert(options.command.end(), behind->begin(), behind->end());
    if (options.command.empty())
        throw CLI::ValidationError("say what to run: efd run [OPTIONS] -- PROGRAM [ARGUMENTS]");
    if (options.command[0].empty()) throw CLI::ValidationError("the program's name is empty");
}

CLI::Validator pattern_list() {
    return CLI::Validator(
        [](const std::string& given) {
            if (given.size() < dropin::most_patterns) return std::string();
            return fmt::format("{} bytes are too many; a list may have at most {}", given.size(),
                               dropin::most_patterns - 1);
        },
        "");
}

void add_options(CLI::App& app, run_options& options) {
    app.add_flag(
           "--report{table}", options.report,
           "When the program has ended, says on standard error what was saved; FORMAT is table, as without it, or "
           "json")
        ->type_name("FORMAT")
        ->check(one_of({"table", "json"}));
    app.add_option("--report-file", options.report_file, "Writes the report into this file instead")->type_name("FILE");
    app.add_option("--profile", options.profile,
                   "How much is dared: strict, default or eager; unless given, EFD_DROPIN_PROFILE, else default")
        ->type_name("PROFILE")
        ->check(one_of({"strict", "default", "eager"}));
    app.add_option("--allow", options.allow, "Only these programs and places in their code")
        ->type_name("PATTERNS")
        ->check(pattern_list());
    app.add_option("--deny", options.deny, "Not these programs and places in their code")
        ->type_name("PATTERNS")
        ->check(pattern_list());
}

} // namespace

void add_run_command(CLI::App& app, const words_behind_mark& behind, int& status) {
    const auto options = std::make_shared<run_options>();
    CLI::App* const run_app =
        app.add_subcommand("run", "Runs a program with its eventfds in user space where that is safe");
    add_options(*run_app, *options);
    run_app->prefix_command(); // without `--` the first word that is no option begins the command
    run_app->footer("PATTERNS are a shell's, with commas between: names of programs, or places\n"
                    "that create eventfds as the report names them, such as 'libglib*!g_wakeup_new*'.\n\n"
                    "Example:\n"
                    "  efd run --report -- qemu-img bench -i io_uring disk.img\n\n"
                    "Environment: EFD_DROPIN=off switches the drop-in off; docs/dropin.md has all.\n\n"
                    "Exit status: the program's; 2 misuse, 3 efd broke down, 126 the program\n"
                    "cannot be executed, 127 it is not there.");
    run_app->callback([options, run_app, behind, &status] {
        read_command(*options, run_app->remaining(), behind);
        status = run(*options);
    });
}

} // namespace efd::cli
