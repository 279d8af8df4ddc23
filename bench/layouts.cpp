// SPDX-License-Identifier: MIT
// bench/layouts.cpp: the experiment of docs/decisions/0001-one-word.md: where do the marks stand?
//
// Owns the write paths of three layouts: one word whose marks are seen in the add's old value; two words on one line
// with an add, then a look; two words with a compare-and-swap, then a look. Prints ns for each write, alone and with
// two threads on one object, in alternating rounds. A program of its own: nothing else depends on it.
#include "bench/measure.hpp"

#include <atomic>
#include <barrier>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using efd::bench::now_ns;

struct one_word {
    static constexpr const char* name = "one word, fetch_add, marks in the old value";
    alignas(64) std::atomic<std::uint64_t> state{0};
    bool write() {
        const std::uint64_t old = state.fetch_add(std::uint64_t{1} << 32, std::memory_order_acq_rel);
        return (old & 0xB) != 0;
    }
};

struct two_words_add {
    static constexpr const char* name = "two words, fetch_add, then load the marks";
    alignas(64) std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint32_t> marks{0};
    bool write() {
        count.fetch_add(1, std::memory_order_seq_cst);
        return marks.load(std::memory_order_seq_cst) != 0;
    }
};

struct two_words_cas {
    static constexpr const char* name = "two words, compare-and-swap, then load the marks";
    alignas(64) std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint32_t> marks{0};
    bool write() {
        std::uint64_t before = count.load(std::memory_order_relaxed);
        do {
            if (before >= UINT64_MAX - 1) return true;
        } while (!count.compare_exchange_weak(before, before + 1, std::memory_order_seq_cst));
        return marks.load(std::memory_order_seq_cst) != 0;
    }
};

template <class Layout>
double ns_per_write(int threads, const std::vector<int>& cpus) {
    constexpr int writes = 2'000'000;
    Layout object;
    std::barrier start(threads + 1);
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t)
        writers.emplace_back([&, t] {
            const efd::bench::pinned on_cpu(cpus[static_cast<std::size_t>(t) % cpus.size()]);
            start.arrive_and_wait();
            for (int i = 0; i < writes; ++i)
                if (object.write()) std::abort();
        });
    start.arrive_and_wait();
    const std::int64_t began = now_ns();
    writers.clear();
    return static_cast<double>(now_ns() - began) / (static_cast<double>(writes) * threads);
}

template <class Layout>
void add_round(std::vector<std::vector<double>>& results, std::size_t row, const std::vector<int>& cpus) {
    results[2 * row].push_back(ns_per_write<Layout>(1, cpus));
    results[2 * row + 1].push_back(ns_per_write<Layout>(2, cpus));
}

std::string cell(const std::vector<double>& values) {
    const efd::bench::spread s = efd::bench::spread_of(values);
    char text[64];
    std::snprintf(text, sizeof text, "%5.2f [%.2f - %.2f]", s.median, s.min, s.max);
    return text;
}

} // namespace

int main() {
    const std::vector<int> cpus = efd::bench::allowed_cpus();
    std::vector<std::vector<double>> results(6);
    for (int round = 0; round < 11; ++round) {
        add_round<one_word>(results, 0, cpus);
        add_round<two_words_add>(results, 1, cpus);
        add_round<two_words_cas>(results, 2, cpus);
    }
    std::printf("%-50s %-24s %s\n", "ns for each write, median [min - max] of 11", "alone", "two threads");
    const char* const names[] = {one_word::name, two_words_add::name, two_words_cas::name};
    for (std::size_t i = 0; i < 3; ++i)
        std::printf("%-50s %-24s %s\n", names[i], cell(results[2 * i]).c_str(), cell(results[2 * i + 1]).c_str());
}
