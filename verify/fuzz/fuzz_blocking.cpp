// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_blocking.cpp: calls that block, on the kernel's eventfd and on both faces of the library.
//
// Programs from a seed for a given time, each group of steps compared when every thread is seen asleep or done. A
// program that differs is shrunk, each try in a process of its own, and printed in words and bytes. --caught shows that
// broken objects are distinguished from the kernel.
#include "fuzz/apart.hpp"
#include "fuzz/broken_subject.hpp"
#include "fuzz/options.hpp"
#include "fuzz/search.hpp"
#include "support/sanitizer.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>

namespace {

namespace tests = efd::tests;
using namespace efd::fuzz;
using clock_type = std::chrono::steady_clock;
using subject_factory = std::function<subjects()>;

constexpr double on_change_every = 5;
// To make a failing program smaller.
constexpr int most_tries = 1000;
constexpr int few_tries = tests::under_sanitizer ? 0 : 20; // where it is shown only that there is one

void progress(const blocking_tally& t, clock_type::time_point begin, double& last_report) {
    const double seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    if (seconds < last_report + on_change_every) return;
    last_report = seconds;
    std::fprintf(stderr, "blocking: %.0f s, %" PRIu64 " programs, %" PRIu64 " groups\n", seconds, t.programs, t.groups);
}

// Programs of the seed until the time is over, or `most` of them.
report compare_many(const subject_factory& make_subjects, std::uint64_t seed, double seconds, std::uint64_t most) {
    return apart([&](const auto& begin, blocking_tally& tally) -> std::optional<std::string> {
        blocking_comparison& all =
            *new blocking_comparison(make_subjects()); // kept: its calls may still be asleep when the process ends
        random_programs source(seed);
        const auto start = clock_type::now();
        double last_report = 0;
        for (std::uint64_t number = 0; number < most; ++number) {
            if (std::chrono::duration<double>(clock_type::now() - start).count() > seconds) break;
            const byte_view program = source.next(longest_blocking_program);
            begin(program);
            const auto difference = all.run(program);
            tally = all.so_far();
            if (difference) return difference;
            progress(tally, start, last_report);
        }
        return std::nullopt;
    });
}

report compare_one(const subject_factory& make_subjects, const bytes& program) {
    return apart([&](const auto& begin, blocking_tally& tally) {
        blocking_comparison& all =
            *new blocking_comparison(make_subjects()); // kept: its calls may still be asleep when the process ends
        begin(program);
        const auto difference = all.run(program);
        tally = all.so_far();
        return difference;
    });
}

report smaller(const subject_factory& make_subjects, report failing, int most) {
    smallest(failing.program, most, [&](const bytes& candidate) {
        report one = compare_one(make_subjects, candidate);
        if (!one.differs) return false;
        failing = std::move(one);
        return true;
    });
    return failing;
}

int compare_library(const options& given) {
    const subject_factory make_subjects = [&] { return all_subjects(given.aio); };
    report made = compare_many(make_subjects, given.seed, given.seconds, UINT64_MAX);
    const blocking_tally t = made.tally;
    if (made.differs) {
        std::fprintf(stderr, "%s", made.words.c_str());
        const report least = smaller(make_subjects, made, most_tries);
        std::fprintf(stderr, "\nmade smaller:\n%s", least.words.c_str());
    }
    std::printf("%" PRIu64 " programs, %" PRIu64 " groups compared, %" PRIu64 " with one ending allowed; %" PRIu64
                " calls of each subject seen asleep; %" PRIu64 " programs parted\n",
                t.programs, t.groups, t.sole, t.sleeps, t.parted);
    std::printf("PROOF | differential fuzz, blocking | %" PRIu64 " programs, %" PRIu64 " compared steps, %" PRIu64
                " calls seen asleep, %d differences | - | %d\n",
                t.programs, t.groups, t.sleeps, made.differs ? 1 : 0, made.differs ? 1 : 0);
    return made.differs ? 1 : 0;
}

int catch_all(const options& given) {
    unsigned killed = 0;
    unsigned all = 0;
    unsigned false_alarms = 0;
    std::vector<flaw> tried = flaws(flaw::again_where_it_sleeps, flaw::writers_in_order);
    if (!tests::under_tsan) // handlers run late there, see blocking_comparison.cpp
        for (const flaw one : flaws(flaw::restart_ignored, flaw::interrupted_read_takes)) tried.push_back(one);
    tried.push_back(flaw::none);
    for (const flaw which : tried) {
        const subject_factory pair = [&] {
            subjects two;
            two.push_back(kernel_subject());
            two.push_back(broken_subject(which, true));
            return two;
        };
        const bool sound = which == flaw::none;
        report made = compare_many(pair, given.seed, 60, sound ? 300 : 3000);
        if (made.differs) made = smaller(pair, made, few_tries);
        (sound ? false_alarms : killed) += made.differs ? 1U : 0U;
        all += sound ? 0U : 1U;
        std::printf("%s: %s\n%s", std::string(name_of(which)).c_str(), made.differs ? "DIFFERS" : "no difference",
                    made.words.c_str());
        std::fflush(stdout);
    }
    return end_of_caught("differential fuzz, blocking", killed, all, false_alarms);
}

} // namespace

int main(int argc, char** argv) {
    const options given(argc, argv);
    return given.caught ? catch_all(given) : compare_library(given);
}
