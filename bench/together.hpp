// SPDX-License-Identifier: MIT
// bench/together.hpp: several threads that make the same calls at the same time, each on a processor of its own where
// there are as many.
#pragma once

#include "bench/measure.hpp"
#include "bench/row.hpp"

#include <efd/detail/base/atomic.hpp>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace efd::bench {

// What one of them did between the common start and the end of its time.
struct share_of_calls {
    std::int64_t calls = 0;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
};

template <class Call>
share_of_calls calls_of_one(const effort& own, base::atomic<std::size_t>& still_to_come, Call&& call) {
    still_to_come.fetch_sub(1, base::acq_rel);
    while (still_to_come.load(base::acquire) != 0) std::this_thread::yield();
    share_of_calls done;
    done.start_ns = done.end_ns = now_ns();
    while (done.end_ns - done.start_ns < own.budget_ns && done.calls + own.chunk <= own.most_calls) {
        for (std::int64_t i = 0; i < own.chunk; ++i) {
            call();
            keep_order();
        }
        done.calls += own.chunk;
        done.end_ns = now_ns();
    }
    return done;
}

// Each thread makes call(n), with its number n, as `each` says; wall time of all, divided by the calls of all.
template <class Call>
double ns_together(const settings& how, std::size_t threads, const effort& each, Call call) {
    base::atomic<std::size_t> still_to_come{threads};
    std::vector<share_of_calls> shares(threads);
    const auto run = [&](std::size_t n) {
        const pinned on_cpu(how.cpus[n % how.cpus.size()]);
        shares[n] = calls_of_one(each, still_to_come, [&call, n] { call(n); });
    };
    std::vector<std::thread> others;
    for (std::size_t n = 1; n < threads; ++n) others.emplace_back(run, n);
    run(0);
    for (std::thread& one : others) one.join();
    share_of_calls all = shares[0];
    for (std::size_t n = 1; n < threads; ++n) {
        all.calls += shares[n].calls;
        all.start_ns = std::min(all.start_ns, shares[n].start_ns);
        all.end_ns = std::max(all.end_ns, shares[n].end_ns);
    }
    return static_cast<double>(all.end_ns - all.start_ns) / static_cast<double>(all.calls);
}

} // namespace efd::bench
