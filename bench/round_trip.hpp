// SPDX-License-Identifier: MIT
// bench/round_trip.hpp: two objects, and a signal back and forth between this thread and a partner: a std::thread, or
// an other_process.
//
// It warms up before the clock starts, so that adaptive subjects have adapted. Single trips are timed afterwards.
#pragma once

#include "bench/measure.hpp"
#include "bench/processes.hpp"
#include "bench/row.hpp"

namespace efd::bench {

template <class Partner, class Subject>
double round_trip(std::int64_t budget_ns, int cpu_here, int cpu_there, latencies& sampled) {
    Subject subject;
    Subject back;
    const in_shared_memory<base::atomic<bool>> over(false);
    Partner partner([&] {
        const pinned on_cpu(cpu_there);
        do {
            subject.take();
            back.signal();
        } while (!over->load(base::acquire));
    });
    const pinned on_cpu(cpu_here);
    const auto trip = [&] {
        subject.signal();
        back.take();
    };
    (void)ns_per_call({budget_ns / 4, 20, unbounded}, trip);
    const double ns = ns_per_call({budget_ns, 20, unbounded}, trip);
    sample_calls(budget_ns / 4, sampled, trip);
    over->store(true, base::release);
    subject.signal(); // the partner reads `over` after its answer to this signal at the latest
    partner.join();
    return ns;
}

template <class Partner, class Subject>
subject between(const settings& how, std::int64_t full_budget_ns, int cpu_here, int cpu_there,
                const char* name = Subject::name) {
    const std::int64_t budget_ns = how.brief ? full_budget_ns / 3 : full_budget_ns;
    return {name, {}, [=](latencies& sampled) {
                return round_trip<Partner, Subject>(budget_ns, cpu_here, cpu_there, sampled);
            }};
}

template <class Partner, class... Subjects>
std::vector<subject> each_between(const settings& how, std::int64_t full_budget_ns, int cpu_here, int cpu_there) {
    return {between<Partner, Subjects>(how, full_budget_ns, cpu_here, cpu_there)...};
}

inline constexpr std::int64_t same_core_budget_ns = 15'000'000;
inline constexpr std::int64_t two_cores_budget_ns = 45'000'000;

} // namespace efd::bench
