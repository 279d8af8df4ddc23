// SPDX-License-Identifier: MIT
// verify/fuzz/options.hpp: the options that the programs of this directory share.
//
// Owns their defaults; a seed that is not given is drawn, and the program that uses it prints it.
#pragma once

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

    bool parse(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string_view name = argv[i];
            const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
            if (name == "--no-aio")
                aio = false;
            else if (name == "--caught")
                caught = true;
            else if (value == nullptr || !take(name, argv[++i]))
                return usage(argv[0]);
        }
        return true;
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
    static bool usage(const char* program) {
        std::fprintf(stderr, "usage: %s [--seed N] [--seconds S] [--cases N] [--no-aio] [--caught]\n", program);
        return false;
    }
};

} // namespace efd::fuzz
