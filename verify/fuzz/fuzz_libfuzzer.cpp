// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_libfuzzer.cpp: the property of comparison.hpp as a libFuzzer target.
//
// Owns one comparison for the life of the process; libFuzzer calls it on one thread. A difference is printed on
// standard error and ends the process, so that libFuzzer keeps the input.
#include "fuzz/comparison.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace {

efd::fuzz::comparison& compared() {
    static efd::fuzz::comparison& one = *[] {
        // For run_libfuzzer.py, which prints the line that `make proof` collects.
        std::atexit([] {
            const efd::fuzz::tally& t = compared().so_far();
            std::fprintf(stderr, "fuzz: %" PRIu64 " programs, %" PRIu64 " steps\n", t.programs, t.steps);
        });
        return new efd::fuzz::comparison(efd::fuzz::all_subjects());
    }();
    return one;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto difference = compared().run({data, size}, size % 32 == 0);
    if (!difference) return 0;
    std::fprintf(stderr, "%s", difference->c_str());
    std::abort();
}
