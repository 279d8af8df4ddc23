// SPDX-License-Identifier: MIT
// tests/dropin/conservation/features.hpp: what a round may contain, and the numbers that decide it.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

namespace conservation {

enum feature : std::uint32_t {
    threads = 1U << 0,
    processes = 1U << 1,
    handlers = 1U << 2, // read and write within calls
    jumps = 1U << 3,    // handlers leave a call by siglongjmp
    exits = 1U << 4,    // and by pthread_exit
    cancels = 1U << 5,
    forks = 1U << 6,    // fork, _Fork, SYS_fork, clone3; children work and end
    execs = 1U << 7,    // vfork and exec, posix_spawn, exec beside busy threads
    numbers = 1U << 8,  // dup and its like, close, close_range, numbers of other files
    watchers = 1U << 9, // poll, select, epoll of each kind
    stops = 1U << 10,   // a process is stopped while others go on
    kills = 1U << 11,   // a process is killed
    semaphores = 1U << 12,
    blocking = 1U << 13,
    large = 1U << 14,   // values beyond 16 and 32 bits
    vectors = 1U << 15, // readv, writev and their like
    namespaces = 1U << 16,
    bound = 1U << 17, // near 2^64-2; for one thread
    alone = 1U << 18, // one thread, looked at after each call
};

struct named_feature {
    feature bit;
    const char* name;
};
inline constexpr std::array feature_names{named_feature{threads, "threads"},
                                          named_feature{processes, "processes"},
                                          named_feature{handlers, "handlers"},
                                          named_feature{jumps, "jumps"},
                                          named_feature{exits, "exits"},
                                          named_feature{cancels, "cancels"},
                                          named_feature{forks, "forks"},
                                          named_feature{execs, "execs"},
                                          named_feature{numbers, "numbers"},
                                          named_feature{watchers, "watchers"},
                                          named_feature{stops, "stops"},
                                          named_feature{kills, "kills"},
                                          named_feature{semaphores, "semaphores"},
                                          named_feature{blocking, "blocking"},
                                          named_feature{large, "large"},
                                          named_feature{vectors, "vectors"},
                                          named_feature{namespaces, "namespaces"},
                                          named_feature{bound, "bound"},
                                          named_feature{alone, "alone"}};

// splitmix64: small, and the same everywhere. Its state may be kept in a thread and its handlers.
class numbers_of_seed {
  public:
    explicit numbers_of_seed(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
        return mixed ^ mixed >> 31;
    }
    int below(int bound) { return static_cast<int>(next() % static_cast<std::uint64_t>(bound)); }
    bool one_in(int n) { return below(n) == 0; }

  private:
    std::uint64_t state_;
};

inline std::uint32_t draw_features(numbers_of_seed& from) {
    std::uint32_t drawn = 0;
    if (from.one_in(5)) {
        drawn = alone;
        for (const feature one : {forks, execs, numbers, watchers, semaphores, blocking, large, vectors, bound})
            if (from.one_in(3)) drawn |= one;
        return drawn;
    }
    for (const named_feature& one : feature_names)
        if (from.one_in(3)) drawn |= one.bit;
    drawn &= ~static_cast<std::uint32_t>(bound | alone);
    if (from.one_in(2)) drawn &= ~static_cast<std::uint32_t>(jumps | exits | cancels | kills); // to the unit
    if ((drawn & processes) == 0) drawn |= threads;
    // A handler that leaves the unwinding of a cancelled thread leaves libc's locks behind; one that reads or writes
    // within libc's own handler of a cancellation waits for ever (glibc 2.36).
    if ((drawn & cancels) != 0) drawn &= ~static_cast<std::uint32_t>(handlers | jumps | exits);
    if ((drawn & (jumps | exits)) != 0) drawn |= handlers;
    // The end of a namespace takes the kernel long.
    if (!from.one_in(4)) drawn &= ~static_cast<std::uint32_t>(namespaces);
    return drawn;
}

} // namespace conservation
