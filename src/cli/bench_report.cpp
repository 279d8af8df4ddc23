// SPDX-License-Identifier: MIT
// cli/bench_report.cpp: see bench_report.hpp.
#include "cli/bench_report.hpp"

#include "cli/failure.hpp"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace efd::cli {

namespace fs = std::filesystem;

namespace {

// Exit statuses of the program.
constexpr int drawn = 0;
constexpr int without_matplotlib = 4;

constexpr const char* what_to_install =
    "bench --report draws with matplotlib, which python3 does not find; as root: apt-get install python3-matplotlib";

fs::path find_program() {
    const fs::path own_folder = fs::read_symlink("/proc/self/exe").parent_path();
    const std::array<fs::path, 2> places = {own_folder / EFD_REPORT_BUILT, own_folder / EFD_REPORT_INSTALLED};
    for (const fs::path& one : places)
        if (fs::exists(one)) return fs::canonical(one);
    throw std::runtime_error(fmt::format("the program that draws the report is neither {} nor {}; install efd again",
                                         places[0].string(), places[1].string()));
}

// Its exit status; what the program has to say is on standard error.
int run_program(const std::string& python, std::vector<std::string> arguments) {
    // -B: an installed directory gets no files that an uninstall does not know.
    arguments.insert(arguments.begin(), {python, "-B", find_program().string()});
    std::vector<char*> words;
    words.reserve(arguments.size() + 1);
    for (std::string& one : arguments) words.push_back(one.data());
    words.push_back(nullptr);
    pid_t child = -1;
    const int error = ::posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ);
    if (error == ENOENT) return without_matplotlib;
    if (error != 0) broken(python, error);
    int status = 0;
    while (::waitpid(child, &status, 0) != child)
        if (errno != EINTR) broken("waitpid");
    if (WIFSIGNALED(status))
        throw std::runtime_error(fmt::format("the program that draws the report ended by signal {}", WTERMSIG(status)));
    return WEXITSTATUS(status);
}

// A python3 that has matplotlib. The first on PATH may be one to which no package of the system belongs.
std::string find_python() {
    for (const char* const one : {"python3", "/usr/bin/python3"})
        if (run_program(one, {"--check"}) == drawn) return one;
    throw std::runtime_error(what_to_install);
}

} // namespace

void expect_report_possible(const fs::path& directory) {
    (void)find_python();
    std::error_code wrong;
    fs::create_directories(directory, wrong);
    if (!fs::is_directory(directory))
        throw std::runtime_error(fmt::format("--report: cannot make the directory {}: {}", directory.string(),
                                             wrong ? wrong.message() : "another file has its name"));
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        throw std::runtime_error(
            fmt::format("--report: cannot write into {}: {}", directory.string(), reason_of(errno)));
}

void draw_report(const fs::path& results, const fs::path& directory) {
    if (run_program(find_python(), {"--", results.string(), directory.string()}) != drawn)
        throw std::runtime_error(fmt::format("no page was drawn from {}, for the reason above", results.string()));
}

} // namespace efd::cli
