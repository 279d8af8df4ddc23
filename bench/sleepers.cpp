// SPDX-License-Identifier: MIT
// bench/sleepers.cpp: see sleepers.hpp.
#include "bench/sleepers.hpp"

#include "bench/measure.hpp"
#include "common/task.hpp"

#include <algorithm>
#include <optional>

namespace efd::bench {

sleepers::sleepers(int number, taker take, int cpu) : tids_(static_cast<std::size_t>(number)) {
    for (auto& tid : tids_) threads_.emplace_back([this, take, cpu, &tid] { run(take, cpu, tid); });
}

void sleepers::run(const taker& take, int cpu, base::atomic<pid_t>& tid) {
    std::optional<pinned> on_cpu;
    if (cpu >= 0) on_cpu.emplace(cpu);
    tid.store(common::this_tid(), base::release);
    while (!over_.load(base::acquire)) taken_.fetch_add(take(), base::acq_rel);
}

bool sleepers::all_asleep() const {
    return std::all_of(tids_.begin(), tids_.end(), [](const auto& tid) {
        const pid_t known = tid.load(base::acquire);
        return known != 0 && common::is_asleep(known);
    });
}

// All units are taken, and two looks in a row find all threads asleep: a thread that was on its way at the first sleeps
// at the second.
bool sleepers::quiet_after(std::uint64_t taken) {
    const std::int64_t give_up_ns = now_ns() + 20'000'000'000;
    int quiet_looks = 0;
    while (quiet_looks < 2) {
        quiet_looks = taken_.load(base::acquire) >= taken && all_asleep() ? quiet_looks + 1 : 0;
        if (now_ns() > give_up_ns) return false;
        if (quiet_looks == 0) std::this_thread::yield();
    }
    return true;
}

std::uint64_t sleepers::voluntary_switches() const {
    std::uint64_t sum = 0;
    for (const auto& tid : tids_)
        sum += static_cast<std::uint64_t>(common::voluntary_switches(tid.load(base::acquire)));
    return sum;
}

void sleepers::join() {
    for (std::thread& thread : threads_) thread.join();
}

} // namespace efd::bench
