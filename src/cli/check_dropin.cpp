// SPDX-License-Identifier: MIT
// cli/check_dropin.cpp: see check_dropin.hpp.
#include "cli/check_dropin.hpp"

#include "cli/check_report.hpp"
#include "cli/failure.hpp"
#include "cli/preload.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::cli {
namespace {

// Never returns.
void ask_preloaded(int to, const std::string& claims, const std::string& profile) {
    try {
        ::dup2(to, STDOUT_FILENO);
        for (const char* const one : {"EFD_DROPIN", "EFD_DROPIN_ALLOW", "EFD_DROPIN_DENY", "EFD_DROPIN_REGION"})
            ::unsetenv(one);
        preload_dropin(profile, "");
        const char* const words[] = {"efd", "check", "--under-dropin", "--claims", claims.c_str(), nullptr};
        ::execv("/proc/self/exe", const_cast<char**>(words));
    } catch (const std::exception& why) {
        fmt::print(stderr, "efd: {}\n", why.what());
    }
    ::_exit(1);
}

// The lines that came so far without the last, which may have no end yet, are answers; `rest` keeps that one.
void take_answers(std::string& rest, std::vector<claims::outcome>& answers) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
        answers.push_back(outcome_of(nlohmann::json::parse(rest.substr(begin, end - begin))));
    rest.erase(0, begin);
}

// Until nobody writes there any more.
std::vector<claims::outcome> read_answers(int from, std::size_t number, const std::function<void(std::size_t)>& tell) {
    std::vector<claims::outcome> answers;
    std::string rest;
    std::array<char, 65536> piece{};
    for (;;) {
        if (answers.size() < number) tell(answers.size());
        const ssize_t got = ::read(from, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return answers;
        rest.append(piece.data(), static_cast<std::size_t>(got));
        take_answers(rest, answers);
    }
}

} // namespace

std::string line_of(const claims::outcome& answer) { return json_of(answer).dump() + '\n'; }

std::vector<claims::outcome> ask_under_dropin(const std::string& claims, const std::string& profile, std::size_t number,
                                              const std::function<void(std::size_t)>& tell) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) broken("no pipe to the process under the drop-in");
    ::signal(SIGCHLD, SIG_DFL); // who ignores his children does not learn how they ended
    const pid_t child = ::fork();
    if (child < 0) broken("no process for the drop-in");
    if (child == 0) ask_preloaded(ends[1], claims, profile);
    ::close(ends[1]);
    std::vector<claims::outcome> answers = read_answers(ends[0], number, tell);
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) broken("waitpid");
    if (answers.size() != number || status != 0)
        throw std::runtime_error("the process under the drop-in broke down before it had asked every claim");
    return answers;
}

} // namespace efd::cli
