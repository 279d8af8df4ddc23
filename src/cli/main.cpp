// cli/main.cpp: the efd command: what it can do, and how it says that it was misused.
//
// Exit status: what the subcommand says; 2 if it was misused, 3 if it broke down.
#include "cli/bench_command.hpp"
#include "cli/check_command.hpp"
#include "cli/output.hpp"
#ifdef EFD_WITH_DROPIN
#include "cli/run_command.hpp"
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

constexpr int misused = 2;
constexpr int broke_down = 3;

int say_misuse(const CLI::App& app, const char* what, const char* first_word) {
    const auto chosen = app.get_subcommands();
    if (!chosen.empty())
        fmt::print(stderr, "efd: {}\nTry: efd {} --help\n", what, chosen.front()->get_name());
    else if (first_word == nullptr)
        fmt::print(stderr, "efd: say what to do: run, check or bench\nTry: efd --help\n");
    else
        fmt::print(stderr, "efd: there is no '{}'; there are run, check and bench\nTry: efd --help\n", first_word);
    return misused;
}

// What stands behind `--` belongs to a program that is to be run.
int words_before_mark(int argc, char** argv) {
    return static_cast<int>(std::find(argv, argv + argc, std::string_view("--")) - argv);
}

int run(int argc, char** argv) {
    int status = 0;
    const int end = words_before_mark(argc, argv);
    std::optional<std::vector<std::string>> behind;
    if (end < argc) behind.emplace(argv + end + 1, argv + argc);
    if (behind.has_value() && (end < 2 || std::string_view(argv[1]) != "run")) {
        fmt::print(stderr, "efd: words behind -- are for efd run alone\nTry: efd --help\n");
        return misused;
    }
    CLI::App app("The Linux eventfd in user space: checks it and measures it.", "efd");
    app.set_version_flag("--version", "efd " EFD_VERSION);
    app.require_subcommand(1);
#ifdef EFD_WITH_DROPIN
    efd::cli::add_run_command(app, behind, status);
#endif
    efd::cli::add_check_command(app, status);
    efd::cli::add_bench_command(app, status);
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

// The library has said that it is wrong, when it was loaded: what this process starts need not say it again.
void forget_wrong_linger() {
    if (!efd::core::is_linger(std::getenv("EFD_LINGER"))) ::unsetenv("EFD_LINGER");
}

} // namespace

int main(int argc, char** argv) {
    try {
        forget_wrong_linger();
        return run(argc, argv);
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "efd: %s\n", broken.what()); // fmt would throw where nothing can be written
        return broke_down;
    }
}
