// SPDX-License-Identifier: MIT
// verify/linearize/dice.hpp: random numbers of the history recorder: small, seeded, the same on every machine.
//
// Owns one 64-bit state (splitmix64). One for each thread; not shared. What a seed brings about is fixed as far as the
// operations go; how the threads meet is the scheduler's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace efd::linearize {

class dice {
  public:
    explicit dice(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9E37'79B9'7F4A'7C15;
        z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
        return z ^ z >> 31;
    }
    // Below `sides`, which is above zero; an index where it is a number of things.
    template <class T>
    auto below(T sides) noexcept {
        using face = std::conditional_t<std::is_same_v<T, std::size_t>, std::size_t, std::uint64_t>;
        return static_cast<face>(next() % static_cast<std::uint64_t>(sides));
    }
    bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }
    template <class T, std::size_t n>
    T of(const std::array<T, n>& all) noexcept {
        return all[below(n)];
    }

  private:
    std::uint64_t state_;
};

} // namespace efd::linearize
