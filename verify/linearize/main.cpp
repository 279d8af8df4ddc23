// SPDX-License-Identifier: MIT
// verify/linearize/main.cpp: the program `linearize`: records histories of the library, checks each, and shows that the
// checker rejects broken objects and changed records. Ends with one PROOF line; exit status 1 if something failed. What
// a seed fixes is the operations; how threads meet is the scheduler's, so a finding prints its whole stretch.
#include "linearize/run_histories.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace efd::linearize;

constexpr std::uint64_t broken_tries = 2000;

struct counted {
    std::size_t killed = 0;
    std::size_t all = 0;
};

counted catch_broken(std::uint64_t seed, bool tell) {
    counted so_far;
    for (const broken& kind : broken_kinds) {
        ++so_far.all;
        if (tell) fmt::print(stderr, "-- {}\n", name_of(kind.with));
        if (caught(kind, seed, broken_tries, tell))
            ++so_far.killed;
        else
            fmt::print(stderr, "linearize: {} was not caught\n", name_of(kind.with));
    }
    for (const broken_between kind : broken_between_processes) {
        ++so_far.all;
        if (tell) fmt::print(stderr, "-- {}\n", name_of(kind));
        if (caught(kind, seed, broken_tries, tell))
            ++so_far.killed;
        else
            fmt::print(stderr, "linearize: {} was not caught\n", name_of(kind));
    }
    return so_far;
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Records concurrent histories of efd::eventfd and checks that each has a sequential order.");
    double seconds = 20;
    bounds within{.progress = true};
    std::string only;
    bool tell = false;
    within.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    app.add_option("--seconds", seconds, "how long to record histories")->capture_default_str();
    app.add_option("--histories", within.histories, "how many to record instead");
    app.add_option("--seed", within.seed, "of the operations; a new one each time if not given");
    app.add_option("--only", only, "one regime: zero, limit, bound, saturated")
        ->check(CLI::IsMember({"zero", "limit", "bound", "saturated"}));
    app.add_flag("--tell-broken", tell, "print how each broken object was caught");
    CLI11_PARSE(app, argc, argv);
    within.time = std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    within.only = regime_named(only);
    fmt::print(stderr, "linearize: seed {}\n", within.seed);

    const counted objects = catch_broken(within.seed, tell);
    within.time /= 2;
    const tally library = watch_library(within);
    const tally processes = watch_processes(within);
    const tally right =
        watch_plain({.histories = 200, .seed = within.seed, .only = within.only}); // is not rejected for being slow
    const std::uint64_t failures =
        library.failures() + processes.failures() + right.failures() + (objects.all - objects.killed);
    fmt::print(
        "PROOF | linearizability | {} histories of threads and {} of processes, {} operations, {} states; {} of {} "
        "changed histories rejected | {}/{} | {}\n",
        library.histories, processes.histories, library.operations + processes.operations,
        library.states + processes.states, library.mutated_rejected + processes.mutated_rejected,
        library.mutated + processes.mutated, objects.killed, objects.all, failures);
    std::fflush(stdout);
    std::_Exit(failures == 0 ? 0 : 1); // threads of a history that did not end may still be there
}
