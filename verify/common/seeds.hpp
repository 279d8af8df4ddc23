// SPDX-License-Identifier: MIT
// verify/common/seeds.hpp: runs of a randomised program by one seed after another.
//
// Owns nothing. Called by main. Invariant: the seed of each run is printed before the run.
#pragma once

#include <cstdint>
#include <cstdio>

namespace efd::common {

// Runs by asked.seed, once. With asked.must_fail, by up to `tries` seeds, until one run shows a fault. The exit status
// of the last run; Run(asked).done() gives it.
template <class Run, class Options>
int run_by_seeds(Options asked, int tries) {
    int result = 1;
    for (int runs = asked.must_fail ? tries : 1; runs > 0 && result != 0; --runs, ++asked.seed) {
        std::printf("seed %llu\n", static_cast<unsigned long long>(asked.seed));
        result = Run(asked).done();
    }
    return result;
}

} // namespace efd::common
