// SPDX-License-Identifier: MIT
// verify/fuzz/apart.cpp: see apart.hpp.
#include "fuzz/apart.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace efd::fuzz {
namespace {

constexpr int content = 0;
constexpr int differing = 42;
constexpr std::chrono::seconds longest_play_lasts{120};

// What both processes see.
struct shared_report {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> length{0};
    std::uint8_t program[256]{};
    blocking_tally tally;
    char words[16384]{};
};

// The child's exit status; it is ended if one program takes longer than the bound.
int status_of(pid_t child, const shared_report& shared) {
    std::uint64_t last = 0;
    auto since = std::chrono::steady_clock::now();
    for (int status = 0;;) {
        if (::waitpid(child, &status, WNOHANG) == child) return status;
        const std::uint64_t now = shared.begun.load();
        if (now != last) since = std::chrono::steady_clock::now();
        last = now;
        if (std::chrono::steady_clock::now() - since > longest_play_lasts) ::kill(child, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(2)); // pace: between two looks at the child
    }
}

[[noreturn]] void be_the_child(shared_report& shared, const program_loop& what) {
    const auto begin = [&](byte_view program) {
        const std::size_t length = std::min(program.size(), sizeof shared.program);
        std::memcpy(shared.program, program.data(), length);
        shared.length.store(length);
        shared.begun.fetch_add(1);
    };
    const auto difference = what(begin, shared.tally);
    if (difference) std::strncpy(shared.words, difference->c_str(), sizeof shared.words - 1);
    ::_exit(difference ? differing : content); // calls may still be asleep
}

} // namespace

report apart(const program_loop& what) {
    void* const place =
        ::mmap(nullptr, sizeof(shared_report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto& shared = *new (place) shared_report;
    const pid_t child = ::fork();
    if (child < 0) std::abort(); // kill would send it to every process
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a parent whose time is up
        be_the_child(shared, what);
    }
    const int status = status_of(child, shared);
    report made;
    made.tally = shared.tally;
    made.differs = !WIFEXITED(status) || WEXITSTATUS(status) != content;
    made.program.assign(shared.program, shared.program + shared.length.load());
    made.words = shared.words;
    if (made.differs && made.words.empty())
        made.words =
            "the process ended with status " + std::to_string(status) + "\nbytes " + hex_of(made.program) + "\n";
    ::munmap(place, sizeof(shared_report));
    return made;
}

} // namespace efd::fuzz
