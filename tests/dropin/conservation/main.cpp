// SPDX-License-Identifier: MIT
// tests/dropin/conservation/main.cpp: an ordinary program that uses eventfds as the kernel allows, and counts every
// unit.
//
//   conservation [--seed N] [--rounds N] [--seconds N] [--times N] [--bound N] [--without A,B] [--only A,B]
//                [--verbose]
//
// Each round is a program drawn from its seed: threads, processes, handlers, forks, numbers and watchers around some
// eventfds. At rest poll must say what is there and no thread may sleep beside a unit; at the end what was written is
// what was read and what remains. It must hold on the kernel; under `efd run` it shows what the drop-in changed. The
// first fault prints its seed, what the round contained, and the end of each journal. `--times` runs each seed so
// often. Exit status: 0 right, 1 a fault, 2 misuse.
#include "features.hpp"
#include "ledger.hpp"
#include "round.hpp"
#include "work.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conservation {
namespace {

using clock = std::chrono::steady_clock;

struct options {
    std::uint64_t seed = static_cast<std::uint64_t>(::getpid()) * 1000003;
    std::uint64_t rounds = UINT64_MAX;
    double seconds = 10;
    int times = 1;
    int bound = 60; // seconds without a step of any thread, after which a round hangs
    std::uint32_t without = 0;
    std::uint32_t only = ~0U;
    bool is_verbose = false;
};

[[noreturn]] void misused(const char* word) {
    std::fprintf(stderr, "conservation: %s?\n", word);
    std::exit(2);
}

std::uint32_t features_of(std::string_view list) {
    std::uint32_t all = 0;
    while (!list.empty()) {
        const std::string_view name = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), name.size() + 1));
        const std::uint32_t before = all;
        for (const named_feature& one : feature_names)
            if (name == one.name) all |= one.bit;
        if (all == before) misused(std::string(name).c_str());
    }
    return all;
}

options read_options(int count, char** words) {
    options chosen;
    for (int i = 1; i < count; ++i) {
        const std::string_view word(words[i]);
        if (word == "--verbose") {
            chosen.is_verbose = true;
            continue;
        }
        if (i + 1 == count) misused(words[i]);
        const char* const value = words[++i];
        if (word == "--seed")
            chosen.seed = std::strtoull(value, nullptr, 10);
        else if (word == "--rounds")
            chosen.rounds = std::strtoull(value, nullptr, 10);
        else if (word == "--seconds")
            chosen.seconds = std::strtod(value, nullptr);
        else if (word == "--times")
            chosen.times = std::atoi(value);
        else if (word == "--bound")
            chosen.bound = std::atoi(value);
        else if (word == "--without")
            chosen.without = features_of(value);
        else if (word == "--only")
            chosen.only = features_of(value);
        else
            misused(words[i - 1]);
    }
    return chosen;
}

std::string names_of(std::uint32_t features) {
    std::string names;
    for (const named_feature& one : feature_names)
        if ((features & one.bit) != 0) names += (names.empty() ? "" : ",") + std::string(one.name);
    return names;
}

void print_journal(int index, const thread_slot& one) {
    static constexpr const char* places[] = {"empty", "begins", "between calls", "in a call", "watches", "ended"};
    static constexpr const char* acts[] = {"-", "write", "read", "record"};
    static constexpr const char* outcomes[] = {"unknown", "done", "refused"};
    const int used = std::min(one.used.load(), most_entries);
    std::printf("  slot %d, thread %d, %s, %d calls:", index, static_cast<int>(one.thread.load()),
                places[static_cast<int>(one.where.load())], used);
    constexpr int last = 8;
    for (int i = std::max(0, used - last); i < used; ++i) {
        const entry& made = one.journal[static_cast<std::size_t>(i)];
        std::printf(" %s/%d(%d:%d, %llu) %s;", acts[static_cast<int>(made.what)], made.form, made.object, made.number,
                    static_cast<unsigned long long>(made.units), outcomes[static_cast<int>(made.how.load())]);
    }
    std::printf("\n");
}

void print_fault(const std::string& what) {
    std::printf("fault: %s\n  --seed %llu --rounds 1; %s\n", what.c_str(), static_cast<unsigned long long>(book->seed),
                names_of(book->features).c_str());
    for (int i = 0; i < book->eventfds; ++i) {
        const eventfd_object& one = book->object[static_cast<std::size_t>(i)];
        std::printf("  eventfd %d: number %d%s%s%s\n", i, one.number, one.is_semaphore ? ", semaphore" : "",
                    one.blocks ? ", blocking" : "", one.reader >= 0 ? ", usually one reader" : "");
    }
    for (int i = 0; i < std::min(book->slots_used.load(), most_slots); ++i)
        print_journal(i, book->slots[static_cast<std::size_t>(i)]);
    std::fflush(stdout);
}

void clear_book() {
    for (thread_slot& one : book->slots) {
        for (int k = 0; k < std::min(one.used.load(), most_entries); ++k) {
            one.journal[static_cast<std::size_t>(k)].what = act::none;
            one.journal[static_cast<std::size_t>(k)].how = outcome::unknown;
            one.journal[static_cast<std::size_t>(k)].units = 0;
        }
        one.used = 0;
        one.thread = 0;
        one.watched = 0;
        one.where = place::empty;
    }
    book->slots_used = 0;
    book->handlers_stopped = false;
    book->is_over = false;
    book->fault_said = 0;
}

// Waits for the round's process, and ends it with all that it started where it does not go on. Empty, or what is wrong.
//
// On a busy machine time says little. So once the bound is over this process computes for a second of a processor: a
// thread that can run gets as much meanwhile, and makes a step.
std::string await_round(pid_t round, int bound_seconds) {
    std::uint64_t beat = book->beat;
    clock::time_point moved = clock::now();
    std::clock_t computed = 0; // when the bound was over
    int status = 0;
    bool hangs = false;
    while (!hangs && ::waitpid(round, &status, WNOHANG) == 0) {
        if (book->beat != beat) {
            beat = book->beat;
            moved = clock::now();
        }
        if (clock::now() - moved > std::chrono::seconds(bound_seconds)) {
            hangs = std::clock() - computed > CLOCKS_PER_SEC;
        } else {
            computed = std::clock();
            ::usleep(300); // pace: between looks at a process
        }
    }
    std::string wrong;
    if (hangs)
        wrong = "no thread goes on, nor is all at rest";
    else if (book->fault_said != 0)
        wrong = book->fault.data();
    else if (WIFSIGNALED(status))
        wrong = "ended by signal " + std::to_string(WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        wrong = "ended with " + std::to_string(WEXITSTATUS(status));
    if (!wrong.empty()) print_fault(wrong);
    ::kill(-round, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) continue; // what the round left has become ours
    return wrong;
}

bool run_seed(std::uint64_t seed, const options& chosen) {
    clear_book();
    book->seed = seed;
    numbers_of_seed drawn(seed);
    book->features = possible(draw_features(drawn) & chosen.only & ~chosen.without);
    if (chosen.is_verbose) {
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), names_of(book->features).c_str());
        std::fflush(stdout);
    }
    const pid_t round = ::fork();
    if (round < 0) std::abort();
    if (round == 0) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_round();
    }
    ::setpgid(round, round);
    return await_round(round, chosen.bound).empty();
}

int play_all(const options& chosen) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::printf("seed %llu\n", static_cast<unsigned long long>(chosen.seed));
    std::fflush(stdout);
    const clock::time_point end = clock::now() + std::chrono::microseconds(static_cast<long>(chosen.seconds * 1e6));
    std::uint64_t rounds = 0;
    while (rounds < chosen.rounds && (chosen.rounds != UINT64_MAX || clock::now() < end)) {
        const std::uint64_t seed = chosen.seed + rounds;
        for (int i = 0; i < chosen.times; ++i)
            if (!run_seed(seed, chosen)) return 1;
        ++rounds;
    }
    std::printf("right: %llu rounds, %llu calls; %llu were left, with %llu units\n",
                static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(book->calls),
                static_cast<unsigned long long>(book->left), static_cast<unsigned long long>(book->lost));
    return 0;
}

} // namespace
} // namespace conservation

int main(int count, char** words) {
    using namespace conservation;
    if (count == 4 && std::strcmp(words[1], "--program") == 0) {
        open_book(std::atoi(words[2]));
        be_a_program(std::atoi(words[3]));
    }
    make_book();
    return play_all(read_options(count, words));
}
