// SPDX-License-Identifier: MIT
// examples/run.hpp: one run of the pipeline on one kind of notifier: parsers, a bounded queue for each, one consumer.
//
// A parser takes the next chunk, parses it, puts the result into its queue and adds one to `finished`. The consumer
// sleeps on `finished`, which tells it how many results wait somewhere, and takes exactly so many. A queue is bounded
// by credits: its notifier `room` starts with one for each place, the parser takes all there are and works until they
// are spent, the consumer gives back what it freed. So every wait is a read of an eventfd, and no mutex hides in
// between. Invariant: a parser holds at most `places` results that the consumer has not taken.
#pragma once

#include "corpus.hpp"
#include "parse.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace pipeline {

struct measured {
    summary answer;
    double wall_ms = 0;
    double cpu_ms = 0;
    std::uint64_t signals = 0;      // results told to the consumer
    std::uint64_t system_calls = 0; // made to notify and to wait
    std::uint64_t wakeups = 0;      // voluntary context switches
};

template <class Notifier>
class run {
  public:
    run(const corpus& input, int parsers) : input_(input) {
        for (int i = 0; i < parsers; ++i) lanes_.push_back(std::make_unique<lane>());
    }

    measured measure() {
        const std::uint64_t calls_before = Notifier::system_calls();
        const rusage usage_before = usage_now();
        const auto start = std::chrono::steady_clock::now();
        measured m;
        m.answer = work();
        m.wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        const rusage usage_after = usage_now();
        m.cpu_ms = cpu_ms_of(usage_after) - cpu_ms_of(usage_before);
        m.wakeups = static_cast<std::uint64_t>(usage_after.ru_nvcsw - usage_before.ru_nvcsw);
        m.system_calls = Notifier::system_calls() - calls_before;
        m.signals = input_.chunks();
        return m;
    }

  private:
    static constexpr std::size_t places = 256;

    // One parser's queue to the consumer: written by the one, read by the other, told of by the notifiers.
    struct lane {
        std::array<summary, places> results{};
        alignas(64) std::atomic<std::uint64_t> put{0};
        alignas(64) std::uint64_t taken = 0; // the consumer's own
        Notifier room{places};
    };

    static rusage usage_now() {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage;
    }
    static double ms_of(const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    }
    static double cpu_ms_of(const rusage& u) { return ms_of(u.ru_utime) + ms_of(u.ru_stime); }

    summary work() {
        summary answer;
        std::vector<std::thread> parsers;
        for (auto& own_lane : lanes_) parsers.emplace_back([this, &own_lane] { parse_chunks(*own_lane); });
        std::thread consumer([this, &answer] { answer = consume(); });
        for (std::thread& parser : parsers) parser.join();
        consumer.join();
        return answer;
    }

    void parse_chunks(lane& own_lane) {
        std::uint64_t credits = 0;
        std::uint64_t put = 0;
        for (;;) {
            const std::size_t index = next_chunk_.fetch_add(1, std::memory_order_relaxed);
            if (index >= input_.chunks()) break;
            const summary result = parse(input_.chunk(index), index);
            if (credits == 0) credits = own_lane.room.take();
            --credits;
            own_lane.results[put % places] = result;
            own_lane.put.store(++put, std::memory_order_release);
            finished_.add(1);
        }
        Notifier::thread_ends();
    }

    summary consume() {
        summary answer;
        for (std::uint64_t left = input_.chunks(); left > 0;) {
            const std::uint64_t told = finished_.take();
            std::uint64_t owed = told;
            for (auto& from : lanes_) owed -= drain(*from, owed, answer);
            if (owed != 0) std::abort(); // told of more than there is
            left -= told;
        }
        Notifier::thread_ends();
        return answer;
    }

    // Takes up to `most` results out of one lane and gives its parser the room back.
    std::uint64_t drain(lane& from, std::uint64_t most, summary& answer) {
        const std::uint64_t waiting = from.put.load(std::memory_order_acquire) - from.taken;
        const std::uint64_t count = waiting < most ? waiting : most;
        for (std::uint64_t i = 0; i < count; ++i) answer += from.results[(from.taken + i) % places];
        from.taken += count;
        if (count > 0) from.room.add(count);
        return count;
    }

    const corpus& input_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::atomic<std::size_t> next_chunk_{0};
    Notifier finished_{0};
};

} // namespace pipeline
