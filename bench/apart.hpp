// SPDX-License-Identifier: MIT
// bench/apart.hpp: the measurements of one row in a process of their own, which is killed if one of them does not end.
//
// Called while no other thread of this process runs. Each measurement leaves its value in memory that both processes
// share, so that nothing is woken while a number is taken. This process looks a few times a second, and counts looks,
// not time: if it is stopped itself, no row is blamed for that. A signal that ends this process ends the row as well.
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
    std::string why_not;                     // empty if every measurement ended
};

// Every round measures every subject once, in rotating order. One measurement may take `patience_s`.
measured_apart measure_apart(const row& what, int rounds, int patience_s, const progress& tell);

} // namespace efd::bench
