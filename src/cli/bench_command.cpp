// cli/bench_command.cpp: see bench_command.hpp. Gates never decide the exit status: a busy machine is no fault.
#include "cli/bench_command.hpp"

#include "bench/bench.hpp"
#include "cli/output.hpp"
#include "cli/pattern.hpp"
#ifdef EFD_WITH_DROPIN
#include "cli/preload.hpp"
#endif
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <memory>

namespace efd::cli {
namespace {

struct bench_options {
    bool json = false;
    bool brief = false;
    bool list = false;
    int rounds = 0;
    std::string rows;
    std::string probe;
};

std::vector<bench::row> chosen_rows(const bench_options& options, const bench::settings& how) {
    const pattern wanted("--rows", options.rows);
    std::vector<bench::row> rows;
    for (bench::row& one : bench::all_rows(how))
        if (wanted.matches(one.name)) rows.push_back(std::move(one));
    if (rows.empty())
        throw CLI::ValidationError(
            fmt::format("--rows: no row matches '{}'; `efd bench --list` names them all", options.rows));
    return rows;
}

void list_rows(const std::vector<bench::row>& rows) {
    for (const bench::row& one : rows) print_out(fmt::format("{:<26} {:<15} {}\n", one.name, one.unit, one.note));
}

std::vector<bench::row_result> measure(const std::vector<bench::row>& rows, const bench::settings& how) {
    progress_line line;
    std::vector<bench::row_result> results;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto tell = [&](const bench::row& now, int round, int rounds) {
            line.tell(fmt::format("row {}/{} {} round {}/{}", i + 1, rows.size(), now.name, round + 1, rounds));
        };
        results.push_back(bench::run_row(rows[i], how, tell));
    }
    return results;
}

// What makes numbers of this build or this moment worth less; empty if nothing does.
std::string caution() {
#ifndef __OPTIMIZE__
    return "This is a build without optimisation: the times say nothing about the library.\n";
#else
    return {};
#endif
}

std::string dropin_library() {
#ifdef EFD_WITH_DROPIN
    return find_dropin().string();
#else
    return {};
#endif
}

int run_bench(const bench_options& options) {
    expect_open_output();
    if (!options.probe.empty()) {
        print_out(fmt::format("{}\n", bench::measure_probe(options.probe)));
        return 0;
    }
    bench::settings how;
    how.dropin = dropin_library();
    how.brief = options.brief;
    how.rounds = options.rounds;
    how.cpus = bench::allowed_cpus();
    const std::vector<bench::row> rows = chosen_rows(options, how);
    if (options.list) {
        list_rows(rows);
        return 0;
    }
    const std::vector<bench::row_result> results = measure(rows, how);
    if (options.json)
        print_out(bench::to_json(results).dump(2) + '\n');
    else
        print_out(bench::to_table(results, colour_wanted()) + caution());
    return 0;
}

} // namespace

void add_bench_command(CLI::App& app, int& status) {
    const auto options = std::make_shared<bench_options>();
    CLI::App* const bench = app.add_subcommand("bench", "Measures efd beside the kernel's eventfd, peers and floors");
    bench->add_flag("--json", options->json, "Prints an array of rows with median, min and max of each subject");
    bench->add_flag("--short", options->brief, "About 20 seconds instead of two minutes");
    bench->add_flag("--list", options->list, "Names the rows and measures nothing");
    bench->add_option("--rows", options->rows, "Only rows whose name has a match of this regular expression")
        ->type_name("REGEX");
    bench->add_option("--rounds", options->rounds, "How often each subject is measured; 11 or 31 unless said")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    bench->add_option("--probe", options->probe, "One measurement for a row that asks a process of its own")->group("");
    bench->callback([options, &status] { status = run_bench(*options); });
}

} // namespace efd::cli
