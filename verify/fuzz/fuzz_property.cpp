// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_property.cpp: the property of comparison.hpp as a plain program.
//
// First rapidcheck's programs, a fixed number of them, then programs from the same seed at full speed until the time is
// over; a program that fails is shrunk and printed in words and bytes. --caught shows instead that each broken object
// is distinguished from the kernel. One thread, but for the watchdog that ends a program that hangs.
#include "fuzz/broken_subject.hpp"
#include "fuzz/comparison.hpp"
#include "fuzz/options.hpp"
#include "fuzz/search.hpp"
#include "fuzz/watchdog.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>

namespace {

using namespace efd::fuzz;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t longest_program = 400;
constexpr std::uint64_t thorough_every = 32;
// To make a failing program smaller; few where it is shown only that there is one.
constexpr int most_tries = 100'000;
constexpr int few_tries = 300;

bool holds(comparison& compared, const bytes& program, std::string& what) {
    const watched_run watch(program);
    const auto difference = compared.run(program, true);
    if (difference) what = *difference;
    return !difference;
}

bool rapidcheck_cases(comparison& compared, std::uint64_t seed, int cases) {
    std::string what;
    rc::detail::TestParams params;
    params.seed = seed;
    params.maxSuccess = cases;
    params.maxSize = static_cast<int>(longest_program);
    const auto result =
        rc::detail::checkTestable([&](const bytes& program) { return holds(compared, program, what); },
                                  rc::detail::TestMetadata{"fuzz", "efd comes to the same as the kernel"}, params);
    if (result.is<rc::detail::SuccessResult>()) return true;
    rc::detail::printResultMessage(result, std::cerr);
    std::fprintf(stderr, "\nthe last failing program tried:\n%s", what.c_str());
    return false;
}

void progress(const comparison& compared, clock_type::time_point begin, double& last_report) {
    const double seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    if (seconds < last_report + 5) return;
    last_report = seconds;
    const tally& t = compared.so_far();
    std::fprintf(stderr, "fuzz: %.0f s, %" PRIu64 " programs, %" PRIu64 " steps\n", seconds, t.programs, t.steps);
}

// Until the time is over, or a program fails; true if none did.
bool bulk(comparison& compared, random_programs& source, double seconds) {
    const auto begin = clock_type::now();
    const auto end = begin + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(seconds));
    double last_report = 0;
    for (std::uint64_t number = 0; clock_type::now() < end; ++number) {
        const byte_view program = source.next(longest_program);
        const watched_run watch(program);
        if (compared.run(program, number % thorough_every == 0)) {
            std::string what;
            const bytes least = smallest(bytes(program.begin(), program.end()), most_tries,
                                         [&](const bytes& one) { return !holds(compared, one, what); });
            holds(compared, least, what);
            std::fprintf(stderr, "%s", what.c_str());
            return false;
        }
        progress(compared, begin, last_report);
    }
    return true;
}

int compare_library(const options& given) {
    comparison compared(all_subjects(given.aio));
    random_programs source(given.seed);
    const auto begin = clock_type::now();
    bool alike = rapidcheck_cases(compared, source.draw(), given.cases);
    const tally before = compared.so_far();
    const auto middle = clock_type::now();
    if (alike) alike = bulk(compared, source, given.seconds);
    const auto now = clock_type::now();
    const tally& t = compared.so_far();
    const double rate =
        static_cast<double>(t.steps - before.steps) / std::chrono::duration<double>(now - middle).count();
    std::printf("%" PRIu64 " programs by rapidcheck, %" PRIu64 " more, %" PRIu64 " steps compared, %" PRIu64
                " left out; %.2f M steps/s; %.1f s\n",
                before.programs, t.programs - before.programs, t.steps, t.skipped, rate / 1e6,
                std::chrono::duration<double>(now - begin).count());
    std::printf("PROOF | differential fuzz | %" PRIu64 " programs, %" PRIu64
                " compared steps, %d differences%s | - | %d\n",
                t.programs, t.steps, alike ? 0 : 1, given.aio ? "" : ", no signal at the bound", alike ? 0 : 1);
    return alike ? 0 : 1;
}

// The smallest program that tells the broken object from the kernel; empty if none was found.
bytes caught(flaw which, random_programs& source, std::uint64_t most, std::string& what) {
    subjects pair;
    pair.push_back(kernel_subject());
    pair.push_back(broken_subject(which, false));
    comparison compared(std::move(pair));
    for (std::uint64_t number = 0; number < most; ++number) {
        const byte_view program = source.next(longest_program);
        if (!compared.run(program, true)) continue;
        const bytes least = smallest(bytes(program.begin(), program.end()), few_tries,
                                     [&](const bytes& one) { return compared.run(one, true).has_value(); });
        what = compared.run(least, true).value_or("not again");
        return least;
    }
    return {};
}

int catch_all(const options& given) {
    random_programs source(given.seed);
    unsigned killed = 0;
    unsigned all = 0;
    unsigned false_alarms = 0;
    for (const flaw which : flaws(flaw::none, flaw::value_written_on_failure)) {
        std::string what;
        const bytes least = caught(which, source, which == flaw::none ? 3'000 : 20'000, what);
        if (which == flaw::none) {
            false_alarms += least.empty() ? 0U : 1U;
            std::printf("sound object: %s\n%s", least.empty() ? "no difference" : "FALSE ALARM", what.c_str());
            continue;
        }
        ++all;
        killed += least.empty() ? 0U : 1U;
        std::printf("%s: %s\n%s", std::string(name_of(which)).c_str(), least.empty() ? "NOT CAUGHT" : "caught by",
                    what.c_str());
    }
    return end_of_caught("differential fuzz", killed, all, false_alarms);
}

} // namespace

int main(int argc, char** argv) {
    const options given(argc, argv);
    const watchdog dog;
    return given.caught ? catch_all(given) : compare_library(given);
}
