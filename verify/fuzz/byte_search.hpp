// SPDX-License-Identifier: MIT
// verify/fuzz/byte_search.hpp: the program of a reader of untrusted bytes: production over random inputs, or broken
// readers, each of which must be found.
//
//     PROGRAM NUMBER      so many inputs; the seed is printed, EFD_TEST_SEED gives one
//     PROGRAM --caught    the broken readers
//
// Owns nothing. Exit status 1: something is wrong, or a broken reader is not found. One thread.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>

namespace efd::fuzz {

template <class Reader>
struct broken_reader {
    const char* name;
    Reader how;
};

template <class Reader>
struct byte_search {
    const char* name;   // for the line that `make proof` collects
    const char* inputs; // what they are called, in the plural
    // What is wrong in so many inputs; null: nothing.
    const char* (*search)(const Reader& tried, std::uint64_t seed, std::uint64_t number);
    Reader production;
    std::span<const broken_reader<Reader>> broken;
    std::uint64_t until_caught; // so many inputs find each of them
};

template <class Reader>
int run_caught(const byte_search<Reader>& of, std::uint64_t seed) {
    int missed = 0;
    for (const broken_reader<Reader>& one : of.broken) {
        const char* const wrong = of.search(one.how, seed, of.until_caught);
        std::printf("%s: %s\n", one.name, wrong != nullptr ? wrong : "NOT FOUND");
        missed += wrong == nullptr ? 1 : 0;
    }
    return missed == 0 ? 0 : 1;
}

template <class Reader>
int run_search(int argc, char** argv, const byte_search<Reader>& of) {
    const char* const given = std::getenv("EFD_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("seed %" PRIu64 " (EFD_TEST_SEED)\n", seed);
    if (argc == 2 && std::strcmp(argv[1], "--caught") == 0) return run_caught(of, seed);
    const std::uint64_t number = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
    const char* const wrong = number == 0 ? "how many inputs?" : of.search(of.production, seed, number);
    std::printf("PROOF | %s | %" PRIu64 " %s | - | %d\n", of.name, number, of.inputs, wrong != nullptr ? 1 : 0);
    if (wrong != nullptr) std::printf("%s\n", wrong);
    return wrong != nullptr ? 1 : 0;
}

} // namespace efd::fuzz
