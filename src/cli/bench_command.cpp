// SPDX-License-Identifier: MIT
// cli/bench_command.cpp: see bench_command.hpp. Gates do not decide the exit status, because a busy machine is no
// fault; a row that was given up does.
#include "cli/bench_command.hpp"

#include "bench/bench.hpp"
#include "bench/report.hpp"
#include "cli/about.hpp"
#include "cli/bench_compare.hpp"
#include "cli/bench_report.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "cli/pattern.hpp"
#ifdef EFD_WITH_DROPIN
#include "cli/preload.hpp"
#endif
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

namespace efd::cli {
namespace {

namespace fs = std::filesystem;

constexpr int not_all_measured = 1;
constexpr int some_row_is_worse = 1;

struct bench_options {
    bool json = false;
    bool details = false;
    bool brief = false;
    bool list = false;
    int rounds = 0;
    int cpus = 0;
    int patience_s = bench::settings{}.patience_s;
    std::optional<double> load;
    std::string rows;
    std::string probe;
    std::string report;
    std::string from;
    std::vector<std::string> compared;
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
    for (const bench::row& one : rows) print_out(fmt::format("{:<26} {:<6} {}\n", one.name, one.unit, one.title));
}

// Why this build's numbers mean less; empty if nothing does.
std::string caution() {
#ifndef __OPTIMIZE__
    return "Caution: a build without optimisation; the times say nothing of the library.\n";
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

// Shows each row when it is measured, except as JSON, which is one object.
std::vector<bench::row_result> measure(const std::vector<bench::row>& rows, const bench::settings& how,
                                       const bench_options& options, const bench::machine& machine) {
    progress_line line;
    std::vector<bench::row_result> results;
    for (const bench::row& one : rows) {
        const auto tell = [&](const bench::step& now) {
            const std::string waited = now.seconds >= 2 ? fmt::format(", {} s", now.seconds) : "";
            line.tell(fmt::format("row {} of {}: {}, round {} of {}, {}{}", results.size() + 1, rows.size(), one.name,
                                  now.round + 1, now.rounds, now.subject, waited));
        };
        const bench::row_result& result = results.emplace_back(bench::run_row(one, how, tell));
        line.wipe();
        if (options.details)
            print_out(bench::details_of(result, machine, colour_wanted()));
        else if (!options.json)
            print_out(bench::line_of(result, machine, colour_wanted()));
    }
    return results;
}

bench::settings settings_of(const bench_options& options) {
    bench::settings how;
    how.dropin = dropin_library();
    how.brief = options.brief;
    how.rounds = options.rounds;
    how.threads = options.cpus;
    how.patience_s = options.patience_s;
    how.cpus = bench::allowed_cpus();
    return how;
}

int compare_files(const bench_options& options) {
    std::vector<measured_file> files;
    for (const std::string& path : options.compared) try {
            files.push_back(read_measured(path));
        } catch (const std::runtime_error& wrong) {
            throw CLI::ValidationError(fmt::format("--compare: {}", wrong.what()));
        }
    const comparison result = compare(files[0], files[1]);
    if (result.changes.empty() && result.missing.empty())
        throw CLI::ValidationError("--compare: neither file has a row of efd's");
    print_out(options.json ? to_json(result).dump(2) + "\n" : table_of(result, options.details, colour_wanted()));
    return result.number_of(verdict::worse) == 0 ? 0 : some_row_is_worse;
}

// The results, when and how they were taken, and the load at their end, which is partly the bench's own.
nlohmann::ordered_json described(const std::vector<bench::row_result>& results, const bench_options& options,
                                 const bench::machine& machine) {
    nlohmann::ordered_json all = bench::to_json(results, machine, version);
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    char date[32] = "";
    if (::gmtime_r(&now, &utc) != nullptr) (void)std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    double load_after = 0;
    (void)::getloadavg(&load_after, 1);
    all["run"] = {{"ended", date}, {"short", options.brief}, {"load_after", load_after}};
    return all;
}

void say_where_it_is(const fs::path& directory) {
    print_out(fmt::format("\nThe page is {}; raw results and pictures are beside it.\n",
                          (fs::absolute(directory) / "index.html").string()));
}

void write_report(const nlohmann::ordered_json& results, const fs::path& directory) {
    const fs::path raw = directory / raw_results;
    std::ofstream file(raw);
    file << results.dump(2) << '\n';
    file.close();
    if (!file) broken("cannot write " + raw.string());
    draw_report(raw, directory);
    say_where_it_is(directory);
}

// Draws again what an earlier run has measured.
int report_earlier(const bench_options& options) {
    if (!fs::exists(options.from)) throw CLI::ValidationError(fmt::format("--from: there is no file {}", options.from));
    expect_report_possible(options.report);
    draw_report(options.from, options.report);
    say_where_it_is(options.report);
    return 0;
}

int run_bench(const bench_options& options) {
    expect_open_output();
    if (!options.compared.empty()) return compare_files(options);
    if (!options.from.empty()) return report_earlier(options);
    if (!options.probe.empty()) {
        print_out(fmt::format("{}\n", bench::measure_probe(options.probe)));
        return 0;
    }
    const bench::settings how = settings_of(options);
    const std::vector<bench::row> rows = chosen_rows(options, how);
    if (options.list) {
        list_rows(rows);
        return 0;
    }
    if (!options.report.empty()) expect_report_possible(options.report);
    bench::machine machine = bench::this_machine();
    machine.load = options.load.value_or(machine.load);
    if (!options.json) print_out(bench::opening(machine, version) + caution() + "\n");
    if (!options.json && !options.details) print_out(bench::heading(colour_wanted()));
    const std::vector<bench::row_result> results = measure(rows, how, options, machine);
    if (options.json)
        print_out(described(results, options, machine).dump(2) + "\n");
    else
        print_out((options.details ? "" : "\n" + bench::legend() + "\n") + bench::losses(results, machine));
    if (!options.report.empty()) write_report(described(results, options, machine), options.report);
    const bool all_measured =
        std::none_of(results.begin(), results.end(), [](const bench::row_result& one) { return one.has_failed; });
    return all_measured ? 0 : not_all_measured;
}

void add_report_options(CLI::App& bench, bench_options& options, CLI::Option* json) {
    CLI::Option* const report =
        bench
            .add_option("--report", options.report,
                        "Also writes a page with pictures, index.html, into this directory, and the results as JSON; "
                        "needs python3-matplotlib")
            ->type_name("DIR")
            ->excludes(json);
    bench.add_option("--from", options.from, "With --report: measures nothing, draws these results of --json")
        ->type_name("FILE")
        ->needs(report);
    bench
        .add_option("--compare", options.compared,
                    "Two results of --json: what is worse or better in the second; ranges that overlap are the same")
        ->type_name("FILES")
        ->expected(2)
        ->excludes(report);
}

} // namespace

void add_bench_command(CLI::App& app, int& status) {
    const auto options = std::make_shared<bench_options>();
    CLI::App* const bench = app.add_subcommand("bench", "Measures efd beside the kernel's eventfd, peers and floors");
    bench->add_flag("--short", options->brief,
                    "Fewer, shorter rounds: 20 to 40 seconds on two idle processors, not 2 to 5 minutes");
    bench->add_option("--rows", options->rows, "Only rows whose name has a match of this regular expression")
        ->type_name("REGEX");
    bench->add_flag("--list", options->list, "Names the rows and measures nothing");
    CLI::Option* const json = bench->add_flag("--json", options->json, "One object: the machine, and every row");
    bench->add_flag("--details", options->details, "Every subject of a row, with its least and greatest")
        ->excludes(json);
    add_report_options(*bench, *options, json);
    bench->add_option("--rounds", options->rounds, "How often each subject is measured; else as the row says")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    bench
        ->add_option(
            "--cpus", options->cpus,
            "Rows scale_* go up to so many threads; else to one for each processor, if there are more than two")
        ->type_name("N")
        ->check(CLI::Range(2, 1024));
    bench
        ->add_option(
            "--patience", options->patience_s,
            fmt::format("A row of which one measurement takes longer is skipped; else {}", options->patience_s))
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600));
    bench->add_option("--load", options->load, "Taken for the load average: of before, or of a test")->group("");
    bench->add_option("--probe", options->probe, "One measurement for a row that asks a process of its own")->group("");
    bench->footer("Exit status: 0 whatever the numbers are, 1 a row was given up, or with --compare\n"
                  "one is worse, 2 misuse, 3 efd broke down.");
    bench->callback([options, &status] { status = run_bench(*options); });
}

} // namespace efd::cli
