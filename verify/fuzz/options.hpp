// SPDX-License-Identifier: MIT
// verify/fuzz/options.hpp: the options that the programs of this directory share.
//
// Owns their defaults. A seed that is not given is drawn; it is printed. A wrong option ends the program. Also how
// --caught ends.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

namespace efd::fuzz {

struct options {
    std::uint64_t seed = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
    double seconds = 5;
    int cases = 1000;    // by rapidcheck
    bool aio = true;     // let the kernel signal, by asynchronous I/O
    bool caught = false; // show that broken objects are caught, instead

    options(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string_view name = argv[i];
            const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
            if (name == "--no-aio")
                aio = false;
            else if (name == "--caught")
                caught = true;
            else if (value == nullptr || !take(name, argv[++i]))
                usage(argv[0]);
        }
        std::printf("seed %" PRIu64 "\n", seed);
        std::fflush(stdout);
    }

  private:
    bool take(std::string_view name, const char* value) {
        char* end = nullptr;
        if (name == "--seed")
            seed = std::strtoull(value, &end, 0);
        else if (name == "--seconds")
            seconds = std::strtod(value, &end);
        else if (name == "--cases")
            cases = static_cast<int>(std::strtol(value, &end, 10));
        return end != nullptr && end != value && *end == '\0';
    }
    [[noreturn]] static void usage(const char* program) {
        std::fprintf(stderr, "usage: %s [--seed N] [--seconds S] [--cases N] [--no-aio] [--caught]\n", program);
        std::exit(2);
    }
};

// The line that `make proof` collects, and the exit status.
inline int end_of_caught(const char* what, unsigned killed, unsigned all, unsigned false_alarms) {
    std::printf("PROOF | %s, broken objects | %u flaws and a sound object | %u/%u | %u\n", what, all, killed, all,
                all - killed + false_alarms);
    return killed == all && false_alarms == 0 ? 0 : 1;
}

} // namespace efd::fuzz
