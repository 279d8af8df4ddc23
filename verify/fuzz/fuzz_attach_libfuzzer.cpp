// SPDX-License-Identifier: MIT
// verify/fuzz/fuzz_attach_libfuzzer.cpp: the property of attach_property.hpp as a libFuzzer target.
//
// libFuzzer calls it on one thread. What is broken is printed on standard error and ends the process, so that libFuzzer
// keeps the input.
#include "fuzz/attach_property.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace {

efd::fuzz::attach_tally& tally() {
    static efd::fuzz::attach_tally& one = *[] {
        // For run_libfuzzer.py, which prints the line that `make proof` collects.
        std::atexit([] {
            std::fprintf(stderr, "fuzz: %" PRIu64 " programs, %" PRIu64 " steps\n", tally().headers, tally().attached);
        });
        return new efd::fuzz::attach_tally;
    }();
    return one;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parse = [](const efd::share::header& copy, std::uint64_t available, efd::share::layout& found) {
        return efd::share::parse_header(copy, available, found);
    };
    const auto broken = efd::fuzz::check_attach(efd::fuzz::case_of({data, size}), parse, true, tally());
    if (!broken) return 0;
    std::fprintf(stderr, "%s\n", broken->c_str());
    std::abort();
}
