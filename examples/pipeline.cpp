// SPDX-License-Identifier: MIT
// examples/pipeline.cpp: the same pipeline on the kernel's eventfd and on efd, on real files, side by side.
//
//     pipeline [PATH] [--limit MB] [--chunk BYTES] [--parsers N] [--runs N]
//
// Reads the files below PATH (/usr) into memory, up to a limit, so that every run finds the same. Then runs the
// pipeline of run.hpp on the one notifier and on the other in turn, holds each answer against one that a single loop
// gave, and prints the medians. Promises that both do the same work, and that signals change no answer. Exit status: 0,
// 1 if an answer differed, 2 if misused. A terminal gets a bar, anything else a line when ten seconds have passed
// without one.
#include "corpus.hpp"
#include "notifier.hpp"
#include "parse.hpp"
#include "run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using pipeline::corpus;
using pipeline::measured;
using pipeline::summary;

struct options {
    std::string path = "/usr";
    long limit_mb = 300;
    long chunk_bytes = 4096;
    long parsers = std::clamp(static_cast<long>(std::thread::hardware_concurrency()), 2L, 8L);
    long runs = 11;
};

// In a pipe: no more often than once in ten seconds.
void say_progress(const char* what, std::uint64_t percent) {
    using clock = std::chrono::steady_clock;
    static clock::time_point last = clock::now();
    if (clock::now() - last < std::chrono::seconds(10)) return;
    last = clock::now();
    std::fprintf(stderr, "%s, %llu %% done\n", what, static_cast<unsigned long long>(percent));
}

void show_progress(const char* what, std::uint64_t done, std::uint64_t all) {
    static const bool moves = ::isatty(STDERR_FILENO) == 1;
    static std::uint64_t last = 0;
    constexpr std::uint64_t width = 40;
    const std::uint64_t filled = all == 0 ? width : done * width / all;
    if (!moves) say_progress(what, all == 0 ? 100 : done * 100 / all);
    if (!moves || (filled == last && done != all)) return;
    last = filled;
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
    std::fprintf(stderr, "\r%-8s [%s]%s", what, bar.c_str(), done >= all ? "\r\x1b[K" : "");
    std::fflush(stderr);
}

bool read_number(const char* text, long least, long most, long& value) {
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < least || number > most) return false;
    value = number;
    return true;
}

bool read_options(int argc, char** argv, options& o) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const char* const next = i + 1 < argc ? argv[i + 1] : "";
        bool good = true;
        if (!word.starts_with("--")) {
            o.path = word;
            continue;
        }
        if (word == "--limit")
            good = read_number(next, 1, 100'000, o.limit_mb);
        else if (word == "--chunk")
            good = read_number(next, 1, 1L << 30, o.chunk_bytes);
        else if (word == "--parsers")
            good = read_number(next, 1, 256, o.parsers);
        else if (word == "--runs")
            good = read_number(next, 1, 1000, o.runs);
        else
            good = false;
        if (!good) return false;
        ++i;
    }
    return true;
}

summary answer_of_one_loop(const corpus& input) {
    summary answer;
    for (std::size_t i = 0; i < input.chunks(); ++i) answer += pipeline::parse(input.chunk(i), i);
    return answer;
}

template <class Value>
double median_of(const std::vector<measured>& all, Value measured::* what) {
    std::vector<double> values;
    for (const measured& one : all) values.push_back(static_cast<double>(one.*what));
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void print_row(const char* name, const std::vector<measured>& all) {
    std::printf("%-8s %10.0f %10.0f %12.0f %14.0f %10.0f\n", name, median_of(all, &measured::wall_ms),
                median_of(all, &measured::cpu_ms), median_of(all, &measured::signals),
                median_of(all, &measured::system_calls), median_of(all, &measured::wakeups));
}

// Median of the kernel's through median of efd's.
template <class Value>
double ratio(const std::vector<measured>& kernel, const std::vector<measured>& efd, Value measured::* what) {
    return median_of(kernel, what) / std::max(median_of(efd, what), 1.0);
}

void print_ratios(const std::vector<measured>& kernel, const std::vector<measured>& efd) {
    std::printf("%-8s %9.2fx %9.2fx %12s %13.2fx %9.2fx\n", "ratio", ratio(kernel, efd, &measured::wall_ms),
                ratio(kernel, efd, &measured::cpu_ms), "", ratio(kernel, efd, &measured::system_calls),
                ratio(kernel, efd, &measured::wakeups));
}

void print_answer(const summary& answer) {
    std::printf("\n%llu bytes, %llu lines, %llu words,\nchecksum %016llx: the same answer in every run\n",
                static_cast<unsigned long long>(answer.bytes), static_cast<unsigned long long>(answer.lines),
                static_cast<unsigned long long>(answer.words), static_cast<unsigned long long>(answer.checksum));
}

template <class Notifier>
bool run_once(const corpus& input, const options& o, const summary& expected, std::vector<measured>& into) {
    pipeline::run<Notifier> one(input, static_cast<int>(o.parsers));
    into.push_back(one.measure());
    if (into.back().answer == expected) return true;
    std::fprintf(stderr, "pipeline: on %s the answer differs from that of a single loop\n", Notifier::name);
    return false;
}

int compare(const options& o) {
    const auto limit = static_cast<std::uint64_t>(o.limit_mb) * 1'000'000;
    const corpus input(o.path, limit, static_cast<std::size_t>(o.chunk_bytes),
                       [](std::uint64_t done, std::uint64_t all) { show_progress("reading", done, all); });
    show_progress("reading", 1, 1);
    if (input.chunks() == 0) {
        std::fprintf(stderr, "pipeline: no readable file below %s; name a directory with files\n", o.path.c_str());
        return 2;
    }
    std::printf("%llu files below %s, %llu MB in %zu chunks of up to %ld bytes;\n"
                "%ld parsers, one consumer. Medians of %ld runs each, in turn.\n\n",
                static_cast<unsigned long long>(input.files()), o.path.c_str(),
                static_cast<unsigned long long>(input.bytes() / 1'000'000), input.chunks(), o.chunk_bytes, o.parsers,
                o.runs);
    const summary expected = answer_of_one_loop(input);
    std::vector<measured> kernel;
    std::vector<measured> efd;
    for (long i = 0; i < o.runs; ++i) {
        show_progress("running", static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(o.runs));
        if (!run_once<pipeline::kernel_notifier>(input, o, expected, kernel)) return 1;
        if (!run_once<pipeline::efd_notifier>(input, o, expected, efd)) return 1;
    }
    show_progress("running", 1, 1);
    std::printf("%-8s %10s %10s %12s %14s %10s\n", "eventfd", "wall ms", "cpu ms", "signals", "system calls",
                "wakeups");
    print_row(pipeline::kernel_notifier::name, kernel);
    print_row(pipeline::efd_notifier::name, efd);
    print_ratios(kernel, efd);
    print_answer(expected);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    options o;
    if (!read_options(argc, argv, o)) {
        std::fprintf(stderr, "usage: pipeline [PATH] [--limit MB] [--chunk BYTES] [--parsers N] [--runs N]\n");
        return 2;
    }
    try {
        return compare(o);
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "pipeline: %s\n", broken.what());
        return 2;
    }
}
