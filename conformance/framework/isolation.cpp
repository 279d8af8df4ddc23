// SPDX-License-Identifier: MIT
// conformance/framework/isolation.cpp: runs one claim in a child process and returns its outcome.
//
// Owns the child, its process group and the pipe for one call; called from a process with one thread. The answer is one
// verdict byte, the length of the detail, and the detail. Invariant: when the call returns, the child and everything
// that it started in its process group are gone.
#include "common/libc.hpp"
#include "conformance/framework/claim.hpp"
#include "conformance/framework/trial_end.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace efd::claims {
namespace {

using steady = std::chrono::steady_clock;

outcome run_here(const claim& which, backend& on) {
    trial asked(on, which.wants);
    try {
        which.run(asked);
    } catch (const trial_end& end) {
        const outcome noted = asked.result();
        if (end.why == verdict::not_provoked && noted.result == verdict::holds) return {end.why, end.detail};
        return noted;
    } catch (const std::exception& unexpected) {
        asked.expect(false, std::string("threw: ") + unexpected.what());
    }
    return asked.result();
}

void send_all(int pipe, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = ::write(pipe, data, size);
        if (sent <= 0) ::_exit(3);
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

[[noreturn]] void answer_and_end(int pipe, const outcome& found) {
    const auto length = static_cast<std::uint32_t>(found.detail.size());
    std::string message(sizeof length, '\0');
    std::memcpy(message.data(), &length, sizeof length);
    message += static_cast<char>(found.result);
    message += found.detail;
    send_all(pipe, message.data(), message.size());
    ::_exit(0); // without exit handlers, and without waiting for threads that sleep
}

[[noreturn]] void answer_as_child(const claim& which, backend& on, int pipe) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    end_process_with = [pipe](const outcome& found) { answer_and_end(pipe, found); };
    answer_and_end(pipe, run_here(which, on));
}

std::optional<outcome> decode(const std::string& message) {
    std::uint32_t length = 0;
    if (message.size() < sizeof length + 1) return std::nullopt;
    std::memcpy(&length, message.data(), sizeof length);
    if (message.size() < sizeof length + 1 + length) return std::nullopt;
    return outcome{static_cast<verdict>(message[sizeof length]), message.substr(sizeof length + 1, length)};
}

// Reads what the pipe holds; false at its end.
bool drain(int pipe, std::string& message) {
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
        if (got == 0) return false;
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        message.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

std::string end_of(int status) {
    if (WIFSIGNALED(status)) {
        const char* const name = common::signal_name(WTERMSIG(status));
        return "died by signal " + std::to_string(WTERMSIG(status)) + (name ? std::string(" (SIG") + name + ")" : "");
    }
    return "ended with status " + std::to_string(WEXITSTATUS(status)) + " and gave no answer";
}

outcome await(pid_t child, int pipe, std::chrono::milliseconds bound) {
    const auto deadline = steady::now() + bound;
    std::string message;
    for (;;) {
        pollfd wanted{pipe, POLLIN, 0};
        ::poll(&wanted, 1, 20);
        const bool open = drain(pipe, message);
        if (auto answer = decode(message)) {
            ::kill(-child, SIGKILL);
            ::waitpid(child, nullptr, 0);
            return *answer;
        }
        int status = 0;
        if (::waitpid(child, &status, open ? WNOHANG : 0) == child) {
            drain(pipe, message);
            ::kill(-child, SIGKILL);
            if (auto answer = decode(message)) return *answer;
            return {verdict::differs, end_of(status)};
        }
        if (steady::now() > deadline) {
            ::kill(-child, SIGKILL);
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
            return {verdict::differs, "hung: no answer within " + std::to_string(bound.count()) + " ms"};
        }
    }
}

} // namespace

outcome run_isolated(const claim& which, backend& on, std::chrono::milliseconds bound) {
    if (!on.offers(which.wants)) return {verdict::not_applicable, {}};
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {verdict::not_provoked, "no pipe for the answer"};
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(pipe[0]);
        answer_as_child(which, on, pipe[1]);
    }
    ::close(pipe[1]);
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    outcome found{verdict::not_provoked, "no child process for the claim"};
    if (child > 0) {
        ::setpgid(child, child);
        found = await(child, pipe[0], bound);
    }
    ::close(pipe[0]);
    return found;
}

} // namespace efd::claims
