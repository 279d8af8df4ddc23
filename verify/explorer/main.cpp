// SPDX-License-Identifier: MIT
// The explorer's command: explores all configurations, or those that are named, and tells what it saw.
//
//     explore                      the short form
//     explore --full               every configuration
//     explore --only NAME,NAME     these; --list names them all
//     explore --except NAME,NAME   not these
//     explore --replay SEED        one schedule again, step by step
//     explore --brief              one line for a failure, no table (for the mutants)
//     explore --seconds N          ends after that time, the quickest configurations first, and says how many it
//     reached
#include "explorer/scenarios.hpp"
#include "explorer/tell.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>

namespace explore {
namespace {

struct options {
    bool full = false;
    bool list = false;
    bool brief = false;
    std::string only;
    std::string except;
    std::string seed;
    std::uint64_t most_states = 16'000'000;
    double most_seconds = 0; // 0: no bound
};

std::vector<scenario> all_scenarios() {
    return joined({packed_scenarios(),         some_scenarios(),      stop_scenarios(),
                   leaving_scenarios(),        sealed_scenarios(),    queue_scenarios(),
                   life_scenarios(),           doorbell_scenarios(),  doorbell_loop_scenarios(),
                   doorbell_every_scenarios(), set_scenarios(),       set_life_scenarios(),
                   set_stopped_scenarios(),    set_all_scenarios(),   set_all_stopped_scenarios(),
                   join_scenarios(),           join_set_scenarios(),  fork_scenarios(),
                   fork_queue_scenarios(),     cached_scenarios(),    file_scenarios(),
                   share_scenarios(),          arena_set_scenarios(), bell_scenarios(),
                   ringer_scenarios(),         family_scenarios()});
}

bool named_in(const std::string& list, std::string_view name) {
    std::string_view rest = list;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        const std::string_view one = rest.substr(0, comma);
        if (one == name || (one.ends_with('*') && name.starts_with(one.substr(0, one.size() - 1)))) return true;
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
}

void tell_failure(const scenario& what, const std::string& why, const std::vector<choice>& path, bool brief) {
    const std::string seed = seed_of(what, path);
    std::printf("FAILED %s: %s\n", what.name, why.c_str());
    if (!brief) {
        std::printf("The schedule, step by step:\n");
        const std::string again = replay(what, path);
        std::printf("  %s\n", again.c_str());
    }
    std::printf("seed: %s\n", seed.c_str());
}

enum class outcome { holds, fails, cut };

// limit_s: after so long it is cut, and nothing is said of it. 0: never.
outcome explore_one(const scenario& what, const options& asked, double limit_s, result& total) {
    const result found = explore_all(what, asked.most_states, limit_s);
    total.seconds += found.seconds;
    if (limit_s > 0 && found.end == verdict::too_large && found.seconds >= limit_s) return outcome::cut;
    total.states += found.states;
    total.steps += found.steps;
    total.ends += found.ends;
    if (!asked.brief) {
        constexpr const char* verdicts[] = {"holds", "FAILS", "too large"};
        std::printf("%-18s %-62s %10llu %11llu %9llu %5zu %7.2f  %s\n", what.name, what.what,
                    static_cast<unsigned long long>(found.states), static_cast<unsigned long long>(found.steps),
                    static_cast<unsigned long long>(found.ends), found.deepest, found.seconds,
                    verdicts[static_cast<int>(found.end)]);
    }
    if (found.end == verdict::fails) tell_failure(what, found.why, found.path, asked.brief);
    std::fflush(stdout);
    return found.end == verdict::holds ? outcome::holds : outcome::fails;
}

struct tally {
    int explored = 0;
    int held = 0;
};

// Each within the limit; gives back those that were cut.
std::vector<scenario> explore_each(const std::vector<scenario>& chosen, const options& asked, double limit_s,
                                   result& total, tally& so_far) {
    std::vector<scenario> cut;
    for (const scenario& what : chosen) {
        const double left = asked.most_seconds - total.seconds;
        if (asked.most_seconds > 0 && left <= 0) break;
        const outcome how = explore_one(what, asked, limit_s > 0 ? std::min(limit_s, left) : 0, total);
        if (how == outcome::cut) {
            cut.push_back(what);
            continue;
        }
        ++so_far.explored;
        so_far.held += how == outcome::holds ? 1 : 0;
        if (how == outcome::fails && asked.brief) break;
    }
    return cut;
}

// A mutant, or a defect, may crash the process: the schedule is told all the same.
void tell_of_crash(int number) {
    static bool again = false;
    if (!again && scenario_now() != nullptr) {
        again = true;
        arena_open(false);
        std::printf("FAILED %s: the process got signal %d\nseed: %s\n", scenario_now()->name, number,
                    seed_of(*scenario_now(), path_now()).c_str());
        std::fflush(stdout);
    }
    ::_exit(1);
}

void install_crash_handler() {
    alignas(16) static unsigned char stack[1U << 16];
    stack_t spare{};
    spare.ss_sp = stack;
    spare.ss_size = sizeof stack;
    ::sigaltstack(&spare, nullptr);
    struct sigaction action{};
    action.sa_handler = tell_of_crash;
    action.sa_flags = SA_ONSTACK;
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::sigaction(number, &action, nullptr);
}

int replay_seed(const std::string& seed) {
    for (const scenario& what : all_scenarios()) {
        if (seed.rfind(std::string(what.name) + "/", 0) != 0) continue;
        std::vector<choice> path;
        if (!read_seed(what, seed, path)) break;
        const std::string why = replay(what, path);
        std::printf("%s\n", why.empty() ? "this schedule is as promised" : why.c_str());
        return why.empty() ? 0 : 1;
    }
    std::printf("that is no seed of these configurations\n");
    return 2;
}

void print_head(const char* form) {
    std::printf(
        "exhaustive exploration of the production code, %s form; loads may be stale (RC11 views without seq_cst)\n"
        "not seen: load buffering, stores placed before the end of a modification order, races on plain memory,\n"
        "more threads or operations than listed; equal states are known by 128-bit hashes\n\n",
        form);
    std::printf("%-18s %-62s %10s %11s %9s %5s %7s  %s\n", "configuration", "threads", "states", "steps", "ends",
                "depth", "s", "");
}

// The last line is for `make proof`.
void print_foot(const result& total, int held, int explored, int chosen) {
    const auto states = static_cast<unsigned long long>(total.states);
    const auto steps = static_cast<unsigned long long>(total.steps);
    const auto ends = static_cast<unsigned long long>(total.ends);
    std::printf("%-18s %-62s %10llu %11llu %9llu %5s %7.2f  %d of %d hold\n", "all", "", states, steps, ends, "",
                total.seconds, held, explored);
    std::printf("PROOF | explorer | %d of %d configurations, %llu states, %llu steps | - | %d\n", explored, chosen,
                states, steps, explored - held);
}

options read_options(int count, char** words) {
    options asked;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const bool has_value = i + 1 < count;
        if (word == "--full")
            asked.full = true;
        else if (word == "--list")
            asked.list = true;
        else if (word == "--brief")
            asked.brief = true;
        else if (word == "--only" && has_value)
            asked.only = words[++i];
        else if (word == "--except" && has_value)
            asked.except = words[++i];
        else if (word == "--replay" && has_value)
            asked.seed = words[++i];
        else if (word == "--seconds" && has_value)
            asked.most_seconds = std::strtod(words[++i], nullptr);
        else if (word == "--states" && has_value)
            asked.most_states = std::strtoull(words[++i], nullptr, 10);
        else {
            std::printf("explore: what is '%s'?\n", words[i]);
            std::exit(2);
        }
    }
    return asked;
}

int run(const options& asked) {
    if (!asked.seed.empty()) return replay_seed(asked.seed);
    std::vector<scenario> chosen;
    for (const scenario& what : all_scenarios()) {
        if (asked.list)
            std::printf("%-18s %s%s\n", what.name, what.what, what.full ? " (full form)" : "");
        else if ((asked.only.empty() ? !what.full || asked.full : named_in(asked.only, what.name)) &&
                 !named_in(asked.except, what.name))
            chosen.push_back(what);
    }
    if (asked.list) return 0;
    if (!asked.brief) print_head(asked.full ? "full" : "short");
    result total;
    tally all;
    if (asked.most_seconds > 0) {
        std::vector<scenario> left = chosen;
        for (double limit_s = 0.05; !left.empty() && total.seconds < asked.most_seconds; limit_s *= 4)
            left = explore_each(left, asked, limit_s, total, all);
    } else {
        (void)explore_each(chosen, asked, 0, total, all);
    }
    if (!asked.brief) print_foot(total, all.held, all.explored, static_cast<int>(chosen.size()));
    return all.explored > 0 && all.held == all.explored ? 0 : 1;
}

} // namespace
} // namespace explore

int main(int count, char** words) {
    explore::install_crash_handler();
    return explore::run(explore::read_options(count, words));
}
