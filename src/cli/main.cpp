// SPDX-License-Identifier: MIT
// cli/main.cpp: the efd command: its subcommands, and its messages about misuse.
//
// Exit status: that of the subcommand; 2 after misuse, 3 after a breakdown.
#include "cli/about.hpp"
#include "cli/bench_command.hpp"
#include "cli/check_command.hpp"
#include "cli/completion.hpp"
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/ls_command.hpp"
#include "cli/output.hpp"
#include "cli/top_command.hpp"
#ifdef EFD_WITH_DROPIN
#include "cli/run_command.hpp"
#include "cli/stat_command.hpp"
#endif
#include "core/linger_rules.hpp"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

int say_misuse(const CLI::App& app, const char* what, const char* first_word) {
    const auto chosen = app.get_subcommands();
    std::string said;
    if (!chosen.empty())
        said = fmt::format("efd: {}\nTry: efd {} --help\n", what, chosen.front()->get_name());
    else if (first_word == nullptr)
        said = fmt::format("efd: no subcommand is given; there are {}\nTry: efd --help\n",
                           efd::cli::subcommand_names(app));
    else
        said = fmt::format("efd: there is no subcommand '{}'; there are {}\nTry: efd --help\n", first_word,
                           efd::cli::subcommand_names(app));
    std::fputs(said.c_str(), stderr);
    return efd::cli::misused;
}

// The words behind `--` belong to a program that is to be run.
int words_before_mark(int argc, char** argv) {
    return static_cast<int>(std::find(argv, argv + argc, std::string_view("--")) - argv);
}

int run(int argc, char** argv) {
    int status = 0;
    const int end = words_before_mark(argc, argv);
    std::optional<std::vector<std::string>> behind;
    if (end < argc) behind.emplace(argv + end + 1, argv + argc);
    if (behind.has_value() &&
        (end < 2 || (std::string_view(argv[1]) != "run" && std::string_view(argv[1]) != "stat"))) {
        std::fputs("efd: only efd run and efd stat take words behind --\nTry: efd --help\n", stderr);
        return efd::cli::misused;
    }
    CLI::App app("The Linux eventfd in user space: runs programs with it, checks it and measures it.", "efd");
    efd::cli::set_help_format(app);
    app.set_version_flag("--version", fmt::format("efd {}", efd::cli::version), "Prints the version");
    app.require_subcommand(1);
    app.footer("Exit status: 0, 2 misuse, 3 efd broke down."); // also of subcommands that say nothing else
#ifdef EFD_WITH_DROPIN
    efd::cli::add_run_command(app, behind, status);
    efd::cli::add_stat_command(app, behind, status);
#endif
    efd::cli::add_check_command(app, status);
    efd::cli::add_bench_command(app, status);
    efd::cli::add_ls_command(app, status);
    efd::cli::add_top_command(app, status);
    efd::cli::add_telling_commands(app);
    efd::cli::add_completion_command(app);
    app.footer("The options of a subcommand: efd help SUBCOMMAND.\n\n"
               "Exit status: the subcommand's; 2 misuse, 3 efd broke down.");
    try {
        app.parse(end, argv);
    } catch (const CLI::Success& answered) { // --help, --version
        std::ostringstream said;
        const int answer = app.exit(answered, said, std::cerr);
        efd::cli::print_out(said.str());
        return answer;
    } catch (const CLI::ParseError& wrong) {
        return say_misuse(app, wrong.what(), argc > 1 ? argv[1] : nullptr);
    }
    return status;
}

// The library reported a wrong value when it was loaded; processes that this one starts need not report it again.
void forget_wrong_linger() {
    if (!efd::core::is_linger(std::getenv("EFD_LINGER"))) ::unsetenv("EFD_LINGER");
}

} // namespace

int main(int argc, char** argv) {
    try {
        forget_wrong_linger();
        return run(argc, argv);
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "efd: %s\n", broken.what()); // fmt would throw if nothing can be written
        return efd::cli::broke_down;
    }
}
