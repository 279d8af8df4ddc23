// SPDX-License-Identifier: MIT
// verify/fuzz/search.hpp: programs from a seed, many and quickly, and the smallest of a kind.
//
// Owns nothing. `random_programs` makes byte strings much faster than a generator that could shrink them; when one of
// them fails, `smallest` shrinks it with rapidcheck's own steps. A seed gives the same programs everywhere.
#pragma once

#include "fuzz/program.hpp"

#include <rapidcheck.h>

namespace efd::fuzz {

class random_programs {
  public:
    explicit random_programs(std::uint64_t seed) : state_(seed) {}
    // Up to `longest` bytes, short ones more often; the buffer is used again by the next call.
    byte_view next(std::size_t longest) {
        program_.clear();
        const std::size_t length = 1 + draw() % (1 + draw() % longest);
        while (program_.size() < length) {
            std::uint64_t word = draw();
            for (int i = 0; i < 8; ++i, word >>= 8) program_.push_back(static_cast<std::uint8_t>(word));
        }
        program_.resize(length);
        return program_;
    }
    std::uint64_t draw() { // splitmix64
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

  private:
    std::uint64_t state_;
    bytes program_;
};

// Shorter and smaller as long as it still fails; after so many tries it is small enough.
template <class Fails>
bytes smallest(bytes failing, int tries, Fails fails) {
    const auto smaller = [](const bytes& of) {
        return rc::seq::concat(rc::shrink::removeChunks(of), rc::shrink::eachElement(of, [](std::uint8_t byte) {
                                   return rc::shrink::towards(byte, std::uint8_t{0});
                               }));
    };
    for (bool found = true; found;) {
        found = false;
        auto candidates = smaller(failing);
        for (auto one = candidates.next(); one && !found; one = found ? rc::Maybe<bytes>() : candidates.next()) {
            if (--tries < 0) return failing;
            if (!fails(*one)) continue;
            failing = *one;
            found = true;
        }
    }
    return failing;
}

} // namespace efd::fuzz
