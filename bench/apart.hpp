// SPDX-License-Identifier: MIT
// bench/apart.hpp: measures one row in a process of its own, which is killed if a measurement does not end.
//
// Called while this process has one thread. Each measurement leaves its value in shared memory, so that no wake
// disturbs the next one. This process looks a few times a second and counts looks, not time: a row is not blamed while
// this process is stopped. A signal that ends this process ends the row too.
#pragma once

#include "bench/row.hpp"

#include <functional>
#include <string>
#include <vector>

namespace efd::bench {

// Where a row is.
struct step {
    const row& what;
    int round; // from 0
    int rounds;
    const std::string& subject;
    int seconds; // since the measurement before this one ended
};

// Called several times a second.
using progress = std::function<void(const step& now)>;

struct measured_apart {
    std::vector<std::vector<double>> values; // by subject, one for each round
    std::vector<latencies> sampled;          // by subject, of all rounds
    std::string why_not;                     // empty if every measurement ended
};

// Each round measures every subject once, in rotating order. One measurement may take `patience_s`.
measured_apart measure_apart(const row& what, int rounds, int patience_s, const progress& tell);

} // namespace efd::bench
