// SPDX-License-Identifier: MIT
// cli/stat_command.cpp: see stat_command.hpp.
//
// A program is started as a child (started_program.hpp), which waits until it is traced and then executes the program.
// With -p a process that runs already is traced until it ends or this process is asked to end.
#include "cli/stat_command.hpp"

#include "cli/failure.hpp"
#include "cli/living_thread.hpp"
#include "cli/preload.hpp"
#include "cli/program_file.hpp"
#include "cli/started_program.hpp"
#include "cli/stat_report.hpp"
#include "cli/stat_tracer.hpp"
#include "cli/terminal.hpp"

#include <cerrno>
#include <csignal>
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

struct stat_options {
    bool json = false;
    bool is_probe = false;
    bool is_tried = false;
    int repeat = 1;
    pid_t process = 0;
    std::string file;
    std::vector<std::string> command;
};

double seconds_now() { return static_cast<double>(bench::now_ns()) / 1e9; }

struct finished {
    int status = 0;
    bool has_begun = false;
    stat_run run;
};

stat_run counted_run(const stat_tracer& tracer, const stat_calls& calls, double began) {
    stat_run run;
    run.seconds = seconds_now() - began;
    run.processes = tracer.processes();
    run.calls_stopped = tracer.calls_stopped();
    run.overhead_ns = calls.overhead_ns();
    run.has_foreign_calls = tracer.has_foreign_calls();
    run.has_rings = calls.has_rings();
    add_lines(run, calls.ledger());
    return run;
}

finished run_once(const stat_options& options) {
    pipe_ends go;
    pipe_ends failed;
    const kept_actions kept = watch_signals(stop_signals::passed_on);
    // The child waits until it is traced. If the parent has ended there is nobody to run the program for.
    const pid_t child = start_child(kept, [&] {
        char byte = 0;
        go.close(1);
        if (::read(go.from[0], &byte, 1) != 1) ::_exit(broke_down);
        be_the_program(options.command, failed);
    });
    go.close(0);
    failed.close(1);
    stat_calls calls(false);
    stat_tracer tracer(calls);
    tracer.seize_child(child);
    (void)!::write(go.from[1], "", 1);
    const double began = seconds_now();
    const std::optional<int> status = tracer.follow();
    finished end;
    end.run = counted_run(tracer, calls, began);
    pass_signals_to(0);
    end.run.still_running = tracer.release();
    restore_signals(kept);
    end.has_begun = has_begun(failed);
    end.status = status.value_or(broke_down << 8);
    return end;
}

void try_once(const stat_options& options, stat_report& report, int& status) {
    const double began = seconds_now();
    const dropin_run ran = run_with_dropin(options.command);
    status = ran.status;
    if (ran.has_begun) report.trials.push_back(trial_of(ran.report, seconds_now() - began));
}

void print_report(const stat_options& options, stat_report& report, std::FILE* to) {
    if (report.why_not.empty() && !report.runs.empty() && report.runs.back().eventfds > 0) {
        try {
            report.cost = measure_stat_cost();
        } catch (const std::exception& why) { // the counts are worth as much without it
            say(stderr, fmt::format("efd: no estimate: {}\n", why.what()));
        }
    }
    const std::string said =
        options.json ? to_json(report).dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n"
                     : to_table(report, to == nullptr && error_colour_wanted());
    say(to == nullptr ? stderr : to, said); // standard output belongs to the program
    if (to != nullptr && std::ferror(to) != 0)
        say(stderr, fmt::format("efd: {}: {}\n{}", options.file, std::strerror(errno), said));
}

int stat_program(const stat_options& options) {
    if (options.is_tried) (void)find_dropin(); // fails before anything begins
    const program_file program = find_program(options.command[0]);
    const preload_outlook outlook = outlook_of(program);
    if (outlook.kind == "setuid" && ::geteuid() != 0)
        throw std::runtime_error(
            fmt::format("{}: a set-user-id program would start without its rights while it is traced; run efd stat as "
                        "root",
                        options.command[0]));
    int status = 0;
    {
        const report_file to = open_report(options.file);
        stat_report report;
        for (const std::string& word : options.command) report.subject += (report.subject.empty() ? "" : " ") + word;
        report.why_not = outlook.why_not;
        bool has_begun = true;
        for (int i = 0; i < options.repeat && has_begun; ++i) {
            finished end = run_once(options);
            status = end.status;
            has_begun = end.has_begun;
            if (has_begun) report.runs.push_back(std::move(end.run));
            if (WIFSIGNALED(status)) break;
        }
        for (int i = 0; i < options.repeat && options.is_tried && has_begun && !WIFSIGNALED(status); ++i)
            try_once(options, report, status);
        if (has_begun || !report.runs.empty()) print_report(options, report, to.get());
    }
    return end_as(status);
}

// Until this process is asked to end. SIGALRM only ends a wait (stat_tracer::end_soon).
void end_on_signals() {
    struct sigaction act{};
    act.sa_handler = [](int signal) {
        if (signal != SIGALRM) stat_tracer::end_soon();
    };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM}) ::sigaction(signal, &act, nullptr);
}

int stat_process(const stat_options& options) {
    const report_file to = open_report(options.file);
    stat_report report;
    report.is_attached = true;
    report.subject = fmt::format("process {} ({})", options.process, command_of(options.process));
    program_file program;
    const auto process = static_cast<std::uint32_t>(options.process);
    program.path = fmt::format("/proc/{}/exe", living_thread_of("/proc", process).value_or(process));
    report.why_not = outlook_of(program).why_not;
    stat_calls calls(true);
    stat_tracer tracer(calls);
    end_on_signals();
    tracer.seize_process(options.process);
    const double began = seconds_now();
    say(stderr, fmt::format("efd: counting in {}; Ctrl-C ends it\n", report.subject));
    (void)tracer.follow();
    report.runs.push_back(counted_run(tracer, calls, began));
    report.runs.back().still_running = tracer.release();
    print_report(options, report, to.get());
    return 0;
}

void read_command(stat_options& options, std::vector<std::string> words, const words_behind_mark& behind) {
    if (!words.empty() && words[0].starts_with('-')) throw CLI::ExtrasError("stat", {words[0]});
    options.command = program_of(std::move(words), behind);
    if (options.is_probe) return;
    if (options.command.empty() == (options.process == 0))
        throw CLI::ValidationError(
            "say what to look at, one of: efd stat [OPTIONS] -- PROGRAM [ARGUMENTS], efd stat [OPTIONS] -p PID");
    if (options.process != 0 && options.repeat > 1) throw CLI::ValidationError("-r repeats a program, not -p PID");
    if (options.process != 0 && options.is_tried) throw CLI::ValidationError("--try runs a program, not -p PID");
    if (!options.command.empty() && options.command[0].empty())
        throw CLI::ValidationError("the program's name is empty");
}

int run_stat(const stat_options& options) {
    if (options.is_probe) {
        say(stdout, stat_probe());
        return 0;
    }
    return options.process != 0 ? stat_process(options) : stat_program(options);
}

} // namespace

void add_stat_command(CLI::App& app, const words_behind_mark& behind, int& status) {
    const auto options = std::make_shared<stat_options>();
    CLI::App* const stat =
        app.add_subcommand("stat", "Counts what a program's eventfds cost on the kernel, and what efd run would save");
    stat->add_option("-p,--pid", options->process, "Looks at this process, until it ends or Ctrl-C")
        ->type_name("PID")
        ->check(CLI::Range(1, INT32_MAX));
    stat->add_option("-r,--repeat", options->repeat, "Runs the program so often; mean, least and greatest")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    stat->add_flag("--try", options->is_tried,
                   "Runs the program so often again, under efd run, and says what that saved");
    stat->add_flag("--json", options->json, "One object with all of it");
    stat->add_option("-o,--output", options->file, "Writes the report into this file, not to standard error")
        ->type_name("FILE");
    stat->add_flag("--probe", options->is_probe, "One measurement for the estimate")->group("");
    stat->prefix_command(); // without `--` the first word that is no option begins the command
    stat->footer("The program runs unchanged, but slowly: each of its system calls is traced.\n"
                 "docs/observe.md explains the numbers, and says what cannot be counted.\n\n"
                 "Example:\n"
                 "  efd stat -r 5 -- qemu-img bench -i io_uring disk.img\n\n"
                 "Exit status: the program's, 0 after -p; 2 misuse, 3 efd broke down,\n"
                 "126 the program cannot be executed, 127 it is not there.");
    stat->callback([options, stat, behind, &status] {
        read_command(*options, stat->remaining(), behind);
        status = run_stat(*options);
    });
}

} // namespace efd::cli
