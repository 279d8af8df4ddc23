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
        const char* const words[] = {"efd", "check", "--json", "--under-dropin", "--claims", claims.c_str(), nullptr};
        ::execv("/proc/self/exe", const_cast<char**>(words));
    } catch (const std::exception& why) {
        fmt::print(stderr, "efd: {}\n", why.what());
    }
    ::_exit(1);
}

std::string read_all(int from) {
    std::string all;
    std::array<char, 65536> piece{};
    for (;;) {
        const ssize_t got = ::read(from, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return all;
        all.append(piece.data(), static_cast<std::size_t>(got));
    }
}

} // namespace

std::map<std::string, claims::outcome, std::less<>> ask_under_dropin(const std::string& claims,
                                                                     const std::string& profile) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) broken("no pipe to the process under the drop-in");
    ::signal(SIGCHLD, SIG_DFL); // who ignores his children does not learn how they ended
    const pid_t child = ::fork();
    if (child < 0) broken("no process for the drop-in");
    if (child == 0) ask_preloaded(ends[1], claims, profile);
    ::close(ends[1]);
    const std::string said = read_all(ends[0]);
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) broken("waitpid");
    const nlohmann::json parsed = nlohmann::json::parse(said, nullptr, false);
    if (parsed.is_discarded() || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        throw std::runtime_error("the process under the drop-in broke down before it had asked every claim");
    std::map<std::string, claims::outcome, std::less<>> all;
    for (const nlohmann::json& one : parsed.at("claims")) all[one.at("claim")] = outcome_of(one.at("kernel"));
    return all;
}

} // namespace efd::cli
