// SPDX-License-Identifier: MIT
// cli/run_command.cpp: see run_command.hpp.
//
// Without a report the program replaces this process, so nothing stands between it and its starter. With a report it is
// a child beside which this process stays (started_program.hpp), and this process ends as it ended. The counts are in
// memory that the run shares; it is read at the end, however its processes died.
#include "cli/run_command.hpp"

#include "cli/choice.hpp"
#include "cli/failure.hpp"
#include "cli/preload.hpp"
#include "cli/program_file.hpp"
#include "cli/shared_counts.hpp"
#include "cli/started_program.hpp"
#include "cli/terminal.hpp"
#include "cli/wrong_settings.hpp"
#include "dropin/table/settings.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
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

// Exports the options to this process and those that it starts.
void set_options(const run_options& options) {
    if (!options.profile.empty()) set_environment("EFD_DROPIN_PROFILE", options.profile);
    if (!options.allow.empty()) set_environment("EFD_DROPIN_ALLOW", options.allow);
    if (!options.deny.empty()) set_environment("EFD_DROPIN_DENY", options.deny);
}

bool is_still_stopped(pid_t child) {
    siginfo_t still{};
    return ::waitid(P_PID, static_cast<id_t>(child), &still, WSTOPPED | WNOHANG) == 0 && still.si_pid == child;
}

int await(pid_t child) {
    for (;;) {
        siginfo_t change{};
        if (::waitid(P_PID, static_cast<id_t>(child), &change, WEXITED | WSTOPPED | WNOWAIT) != 0) {
            if (errno == EINTR) continue;
            broken("waitid");
        }
        if (change.si_code == CLD_STOPPED) {
            stop_beside(child, is_still_stopped);
            continue;
        }
        int status = 0;
        if (::waitpid(child, &status, 0) == child) return status;
    }
}

void print_report(const run_options& options, const dropin_report& report, std::FILE* to) {
    std::FILE* const chosen = to == nullptr ? stderr : to; // standard output belongs to the program
    std::string said;
    if (options.report == "json")
        said = to_json(report).dump(2) + "\n";
    else
        said = to_table(report, to == nullptr && error_colour_wanted());
    say(chosen, said);
    if (to != nullptr && std::ferror(to) != 0)
        say(stderr, fmt::format("efd: {}: {}\n{}", options.report_file, std::strerror(errno), said));
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

int run_with_report(const run_options& options) {
    int status = 0;
    {
        const report_file to = open_report(options.report_file);
        const dropin_run ran = run_with_dropin(options.command);
        status = ran.status;
        if (ran.has_begun) print_report(options, ran.report, to.get());
    }
    return end_as(status);
}

int run(run_options& options) {
    if (!options.report_file.empty() && options.report.empty()) options.report = "table";
    (void)find_dropin(); // fails before anything begins
    set_options(options);
    report_wrong_settings();
    if (!options.report.empty()) return run_with_report(options);
    const preload_outlook outlook = outlook_of(find_program(options.command[0]));
    if (outlook.is_understood) preload_dropin("", "");
    return become(options.command);
}

// `words` are those that no option took.
void read_command(run_options& options, std::vector<std::string> words, const words_behind_mark& behind) {
    if (!words.empty() && words[0].starts_with('-')) throw CLI::ExtrasError("run", {words[0]});
    const bool may_be_a_format = !words.empty() && (words[0] == "json" || words[0] == "table");
    if (may_be_a_format && !options.report.empty() && (behind.has_value() || find_program(words[0]).path.empty()))
        throw CLI::ValidationError(fmt::format("--report {0}: did you mean --report={0}?", words[0]));
    options.command = program_of(std::move(words), behind);
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

dropin_run run_with_dropin(const std::vector<std::string>& command) {
    const preload_outlook outlook = outlook_of(find_program(command[0]));
    const shared_counts counts;
    dropin_run ran;
    pipe_ends failed;
    const kept_actions kept = watch_signals(stop_signals::left_alone);
    const pid_t child = start_child(kept, [&] {
        be_the_program(command, failed, [&] {
            if (outlook.is_understood) preload_dropin("", counts.path());
        });
    });
    failed.close(1);
    ran.status = await(child);
    pass_signals_to(0);
    restore_signals(kept);
    ran.has_begun = has_begun(failed);
    if (ran.has_begun) ran.report = report_of(counts, outlook);
    return ran;
}

std::vector<std::string> program_of(std::vector<std::string> words, const words_behind_mark& behind) {
    if (!words.empty() && behind.has_value()) words.emplace_back("--"); // it belongs to the program
    if (behind.has_value()) words.insert(words.end(), behind->begin(), behind->end());
    return words;
}

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
