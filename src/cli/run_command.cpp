// cli/run_command.cpp: see run_command.hpp.
//
// Without a report the program takes this process over, so nothing stands between it and whoever started it. With one,
// it is a child in the same process group and on the same terminal, so job control reaches both; signals that are sent
// to this process alone go on to it, and this process ends as it ended. The counts are in memory that the run shares,
// which is read at the end whatever its processes died of.
#include "cli/run_command.hpp"

#include "cli/dropin_report.hpp"
#include "cli/preload.hpp"
#include "cli/terminal.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace efd::cli {
namespace {

namespace fs = std::filesystem;

constexpr int not_found = 127;
constexpr int not_executable = 126;

struct run_options {
    std::string report;
    std::string report_file;
    std::string profile = "default";
    std::string allow;
    std::string deny;
    std::vector<std::string> command;
};

[[noreturn]] void broken(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// The memory that the run shares: a file while it runs, nobody else's.
class shared_counts {
  public:
    shared_counts() {
        std::string path = fs::exists("/dev/shm") ? "/dev/shm/efd-run-XXXXXX" : "/tmp/efd-run-XXXXXX";
        const int fd = ::mkostemp(path.data(), O_CLOEXEC);
        if (fd < 0) broken(path);
        path_ = path;
        void* at = MAP_FAILED;
        if (::ftruncate(fd, sizeof(dropin::region)) == 0)
            at = ::mmap(nullptr, sizeof(dropin::region), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        if (at == MAP_FAILED) broken(path);
        all_ = static_cast<const dropin::region*>(at);
    }
    ~shared_counts() {
        ::munmap(const_cast<dropin::region*>(all_), sizeof(dropin::region));
        ::unlink(path_.c_str());
    }
    shared_counts(const shared_counts&) = delete;
    shared_counts& operator=(const shared_counts&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const dropin::region& all() const { return *all_; }

  private:
    std::string path_;
    const dropin::region* all_ = nullptr;
};

void prepare_environment(const run_options& options, const std::string& region) {
    preload_dropin(options.profile, region);
    if (!options.allow.empty()) set_environment("EFD_DROPIN_ALLOW", options.allow);
    if (!options.deny.empty()) set_environment("EFD_DROPIN_DENY", options.deny);
}

// Returns only if it failed, with the shell's status for it.
int become(const run_options& options) {
    std::vector<char*> words;
    for (const std::string& one : options.command) words.push_back(const_cast<char*>(one.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    const int why = errno;
    fmt::print(stderr, "efd: {}: {}\n", options.command[0], std::strerror(why));
    return why == ENOENT ? not_found : not_executable;
}

volatile sig_atomic_t the_child = 0;

// The terminal sends its signals to the whole group: those the child has already.
void pass_on(int signal, siginfo_t* from, void* /*context*/) {
    if (from->si_code == SI_KERNEL || the_child == 0) return;
    ::kill(the_child, signal);
}

constexpr std::array passed_on = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

struct kept_actions {
    std::array<struct sigaction, passed_on.size()> old{};
};

kept_actions watch_signals() {
    kept_actions kept;
    struct sigaction act{};
    act.sa_sigaction = pass_on;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    for (std::size_t i = 0; i < passed_on.size(); ++i) ::sigaction(passed_on[i], &act, &kept.old[i]);
    return kept;
}

void restore_signals(const kept_actions& kept) {
    for (std::size_t i = 0; i < passed_on.size(); ++i) ::sigaction(passed_on[i], &kept.old[i], nullptr);
}

int await(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) broken("waitpid");
    return status;
}

// As the program ended: by the same signal, without a second core.
int end_as(int status) {
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(WTERMSIG(status), SIG_DFL);
    std::fflush(nullptr);
    ::raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

void print_report(const run_options& options, const dropin_report& report) {
    const bool to_file = !options.report_file.empty();
    std::string said;
    if (options.report == "json")
        said = to_json(report).dump(2) + "\n";
    else
        said = to_table(report, !to_file && ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr);
    if (!to_file) {
        fmt::print(stderr, "{}", said); // standard output is the program's
        return;
    }
    std::FILE* const file = std::fopen(options.report_file.c_str(), "we");
    if (file == nullptr) broken(options.report_file);
    fmt::print(file, "{}", said);
    if (std::fclose(file) != 0) broken(options.report_file);
}

int run_with_report(const run_options& options) {
    int status = 0;
    {
        const shared_counts counts;
        const kept_actions kept = watch_signals();
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, &before);
        const pid_t child = ::fork();
        if (child < 0) broken("fork");
        if (child == 0) {
            restore_signals(kept);
            ::sigprocmask(SIG_SETMASK, &before, nullptr);
            prepare_environment(options, counts.path());
            ::_exit(become(options));
        }
        the_child = child;
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        status = await(child);
        the_child = 0;
        restore_signals(kept);
        print_report(options, read_report(counts.all()));
    }
    return end_as(status);
}

int run(run_options& options) {
    if (!options.report_file.empty() && options.report.empty()) options.report = "table";
    (void)find_dropin(); // says so before anything begins
    if (!options.report.empty()) return run_with_report(options);
    prepare_environment(options, "");
    return become(options);
}

} // namespace

void add_run_command(CLI::App& app, const std::vector<std::string>& behind, int& status) {
    const auto options = std::make_shared<run_options>();
    CLI::App* const run_app =
        app.add_subcommand("run", "Runs a program with its eventfds in user space where that is safe");
    run_app->add_option("--report", options->report, "At its end says what was saved: table or json")
        ->type_name("KIND")
        ->expected(0, 1)
        ->default_str("table")
        ->check(CLI::IsMember({"table", "json"}));
    run_app->add_option("--report-file", options->report_file, "Where to; else standard error")->type_name("FILE");
    run_app->add_option("--profile", options->profile, "How much is dared")
        ->type_name("PROFILE")
        ->check(CLI::IsMember({"strict", "default", "eager"}));
    run_app->add_option("--allow", options->allow, "Only these programs or creation sites (patterns, commas between)")
        ->type_name("PATTERNS");
    run_app->add_option("--deny", options->deny, "Not these programs or creation sites")->type_name("PATTERNS");
    run_app->prefix_command(); // without `--` the first word that is no option begins the command
    run_app->footer("Exit status: the program's. Without --report nothing stays between it and who started it.");
    run_app->callback([options, run_app, behind, &status] {
        options->command = run_app->remaining();
        options->command.insert(options->command.end(), behind.begin(), behind.end());
        if (options->command.empty()) throw CLI::RequiredError("what to run, behind --,");
        status = run(*options);
    });
}

} // namespace efd::cli
