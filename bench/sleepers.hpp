// SPDX-License-Identifier: MIT
// bench/sleepers.hpp: threads that take from an object as often as they can, and how they are seen asleep.
//
// Owned by the thread that measures and signals. It learns from /proc whether a thread sleeps and how often it gave its
// processor away; no answer depends on time.
#pragma once

#include <efd/detail/base/atomic.hpp>

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace efd::bench {

class sleepers {
  public:
    using taker = std::function<std::uint64_t()>;

    // Starts that many threads, each calling take() until end(); cpu below zero: anywhere.
    sleepers(int number, taker take, int cpu);
    sleepers& operator=(sleepers&&) = delete; // neither copied nor moved

    // Waits until that much has been taken and all of them sleep. False after 20 seconds.
    bool quiet_after(std::uint64_t taken);
    std::uint64_t voluntary_switches() const;
    // After this, each take() ends its thread: signal once for each thread, then join.
    void end() { over_.store(true, base::release); }
    void join();
    int number() const { return static_cast<int>(threads_.size()); }

  private:
    void run(const taker& take, int cpu, base::atomic<pid_t>& tid);
    bool all_asleep() const;

    base::atomic<bool> over_{false};
    base::atomic<std::uint64_t> taken_{0};
    std::vector<base::atomic<pid_t>> tids_;
    std::vector<std::thread> threads_;
};

} // namespace efd::bench
