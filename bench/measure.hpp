// SPDX-License-Identifier: MIT
// bench/measure.hpp: how one number is taken: clock, pinning, a timed loop, and the spread of several numbers.
//
// Owns nothing but the affinity that `pinned` restores. Called by the thread that measures. A timed loop keeps the
// compiler from merging, moving or dropping the calls, and reads the clock once for each chunk of calls.
#pragma once

#include "bench/latencies.hpp"

#include <chrono>
#include <cstdint>
#include <sched.h>
#include <vector>

namespace efd::bench {

using nanoseconds = std::chrono::nanoseconds;

inline std::int64_t now_ns() {
    return std::chrono::duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Makes the compiler assume that other code reads and writes what `place` points to, and all memory.
inline void keep(const void* place) { asm volatile("" : : "r"(place) : "memory"); }
inline void keep_order() { asm volatile("" : : : "memory"); }

// The processors this process may use, lowest first.
std::vector<int> allowed_cpus();

// Binds the calling thread to one processor while it lives; does nothing if that is refused.
class pinned {
  public:
    explicit pinned(int cpu);
    ~pinned();
    pinned& operator=(pinned&&) = delete; // neither copied nor moved

  private:
    cpu_set_t before_;
};

struct spread {
    double median;
    double min;
    double max;
};

// Of at least one value.
spread spread_of(std::vector<double> values);

// How long to call, how many calls between two looks at the clock, and after how many calls to stop in any case.
struct effort {
    std::int64_t budget_ns;
    std::int64_t chunk;
    std::int64_t most_calls;
};

// Nanoseconds per call.
template <class Call>
double ns_per_call(const effort& how, Call&& call) {
    std::int64_t calls = 0;
    const std::int64_t start = now_ns();
    std::int64_t end = start;
    while (end - start < how.budget_ns && calls + how.chunk <= how.most_calls) {
        for (std::int64_t i = 0; i < how.chunk; ++i) {
            call();
            keep_order();
        }
        calls += how.chunk;
        end = now_ns();
    }
    return static_cast<double>(end - start) / static_cast<double>(calls);
}

// How long each call takes, with one reading of the clock in it.
template <class Call>
void sample_calls(std::int64_t budget_ns, latencies& into, Call&& call) {
    std::int64_t before = now_ns();
    for (const std::int64_t end = before + budget_ns; before < end;) {
        call();
        const std::int64_t after = now_ns();
        into.add(after - before);
        before = after;
    }
}

} // namespace efd::bench
