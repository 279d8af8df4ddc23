// SPDX-License-Identifier: MIT
// verify/stress/main.cpp: the program `stress`: rounds of 2 to 64 threads that do everything to a handful of objects.
//
// First it shows that it notices a lost wakeup, a lost unit, a passed bound and a silent descriptor, by running itself
// with each built in.
// Ends with one PROOF line; exit status 1 if something failed. A seed fixes what each thread means to do, not how the
// threads meet. Progress goes to standard error, one plain line every five seconds.
#include "stress/round.hpp"
#include "stress/tamper.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace efd::stress;
using std::chrono::steady_clock;

constexpr std::array thread_counts{2U, 3U, 4U, 8U, 16U, 32U, 64U};
constexpr std::array breakages{"lost_wake", "lost_unit", "passed_bound", "lost_ring"};

struct options {
    double seconds = 30;
    double soak_hours = 0;
    double stuck_seconds = 10;
    unsigned threads = 0;
    std::uint64_t seed = 0;
    std::string breakage;
    bool alone = false;
};

struct totals {
    std::uint64_t rounds = 0;
    round_result all;
    unsigned fewest = ~0U;
    unsigned most = 0;
    std::string killed = "-";
};

[[noreturn]] void finish(const totals& t, std::uint64_t more_failures) {
    const std::uint64_t failures = t.all.failures + more_failures;
    fmt::print("PROOF | stress | {} rounds of {} to {} threads, {} bursts, {} operations; {} sleepers sampled on a "
               "condition that held, the longest for {:.1f} ms | {} | {}\n",
               t.rounds, t.rounds == 0 ? 0 : t.fewest, t.most, t.all.bursts, t.all.operations, t.all.suspicions,
               std::chrono::duration<double, std::milli>(t.all.longest).count(), t.killed, failures);
    std::fflush(stdout);
    std::_Exit(failures == 0 ? 0 : 1); // threads that hang may still be there
}

// Runs this program with a breakage built in; true if it failed, as it must.
bool noticed(const std::string& breakage, const options& o) {
    const std::string seed = std::to_string(o.seed);
    std::array<const char*, 11> words{"stress",    "--broken", breakage.c_str(),  "--seconds", "20",
                                      "--threads", "4",        "--stuck-seconds", "1",         "--seed",
                                      seed.c_str()};
    std::array<char*, 12> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = const_cast<char*>(words[i]);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    int status = 0;
    const bool ran = posix_spawn(&child, "/proc/self/exe", &quiet, nullptr, arguments.data(), environ) == 0 &&
                     waitpid(child, &status, 0) == child;
    posix_spawn_file_actions_destroy(&quiet);
    const bool failed = ran && WIFEXITED(status) && WEXITSTATUS(status) == 1;
    if (!failed) fmt::print(stderr, "stress: {} was not noticed (status {:#x})\n", breakage, status);
    return failed;
}

std::uint64_t notice_breakages(const options& o, totals& t) {
    std::uint64_t missed = 0;
    for (const char* const breakage : breakages) missed += noticed(breakage, o) ? 0U : 1U;
    t.killed = fmt::format("{}/{}", breakages.size() - missed, breakages.size());
    return missed;
}

void run_rounds(const options& o, totals& t, std::uint64_t more_failures) {
    const double seconds = o.soak_hours > 0 ? o.soak_hours * 3600 : o.seconds;
    const auto start = steady_clock::now();
    const auto end = start + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    auto next_word = start + std::chrono::seconds(5);
    const auto each = std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds / 7, 10.0) * 1e9));
    do {
        const unsigned threads =
            o.threads != 0 ? o.threads : thread_counts[static_cast<std::size_t>(t.rounds % thread_counts.size())];
        round_terms terms{
            .threads = threads, .seed = o.seed + t.rounds, .time = each, .limit = {}, .end_of_program = {}, .tick = {}};
        terms.limit = std::chrono::nanoseconds(static_cast<std::int64_t>(o.stuck_seconds * 1e9));
        terms.end_of_program = [&](const std::string& sentence) {
            fmt::print(stderr, "stress: seed {}, {} threads: {}", o.seed + t.rounds, threads, sentence);
            finish(t, more_failures + 1);
        };
        terms.tick = [&](std::uint64_t so_far) {
            const auto now = steady_clock::now();
            if (now < next_word) return;
            next_word = now + std::chrono::seconds(5);
            fmt::print(stderr,
                       "stress: {:.0f} of {:.0f} s, round {} of {} threads, {} operations, longest sleep {:.1f} ms\n",
                       std::chrono::duration<double>(now - start).count(), seconds, t.rounds + 1, threads,
                       t.all.operations + so_far, std::chrono::duration<double, std::milli>(t.all.longest).count());
        };
        const round_result r = run_round(terms);
        ++t.rounds;
        t.fewest = std::min(t.fewest, threads);
        t.most = std::max(t.most, threads);
        t.all.bursts += r.bursts;
        t.all.operations += r.operations;
        t.all.failures += r.failures;
        t.all.suspicions += r.suspicions;
        t.all.longest = std::max(t.all.longest, r.longest);
    } while (steady_clock::now() < end && t.all.failures == 0);
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Threads that do everything to a handful of efd objects, with an audit to the unit after each burst.");
    options o;
    o.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count() % 1'000'000'000);
    app.add_option("--seconds", o.seconds, "how long")->capture_default_str();
    app.add_option("--soak", o.soak_hours, "hours, instead of seconds");
    app.add_option("--threads", o.threads, "of every round; without it 2, 3, 4, 8, 16, 32 and 64 in turn");
    app.add_option("--seed", o.seed, "of what the threads mean to do");
    app.add_option("--stuck-seconds", o.stuck_seconds, "the longest sleep allowed on a condition that holds")
        ->capture_default_str();
    app.add_option("--broken", o.breakage, "build in a breakage: it must fail")->check(CLI::IsMember(breakages));
    app.add_flag("--alone", o.alone, "do not run this program with each breakage first (under qemu-user it cannot)");
    CLI11_PARSE(app, argc, argv);
    broken = *breakage_named(o.breakage);
    fmt::print(stderr, "stress: seed {}\n", o.seed);
    totals t;
    const std::uint64_t missed = o.breakage.empty() && !o.alone ? notice_breakages(o, t) : 0;
    run_rounds(o, t, missed);
    finish(t, missed);
}
