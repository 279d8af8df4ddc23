// SPDX-License-Identifier: MIT
// bench/latencies.hpp: how long each of many calls took, as counts in fixed buckets.
//
// Without pointers, so that it may stand in memory that processes share; one thread adds. Bytes of zero are an empty
// one. The buckets are those of an HdrHistogram: exact below 64 ns, then 32 for each doubling, so that a bucket's
// greatest value is above a value in it by at most 1/32. What takes longer than the last bucket is counted in it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace efd::bench {

class latencies {
  public:
    struct bucket {
        std::int64_t greatest_ns;
        std::uint64_t number;
    };

    void add(std::int64_t ns) {
        ++numbers_[place_of(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)))];
        greatest_ns_ = std::max(greatest_ns_, ns);
    }
    [[nodiscard]] std::int64_t greatest_ns() const { return greatest_ns_; }
    [[nodiscard]] std::uint64_t number() const;
    // Those that are not empty, in order.
    [[nodiscard]] std::vector<bucket> buckets() const;
    // The least greatest value of a bucket at or below which that share of the calls is; 0 if there was no call.
    [[nodiscard]] std::int64_t at_share(double share) const;

    static constexpr unsigned halves = 5; // 2^5 buckets for each doubling
    static constexpr unsigned doublings = 36;
    static constexpr std::size_t places = (doublings + 1) << halves;

    static constexpr std::size_t place_of(std::uint64_t ns) {
        constexpr std::uint64_t exact = std::uint64_t{1} << (halves + 1);
        if (ns < exact) return static_cast<std::size_t>(ns);
        const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - halves;
        const std::uint64_t place = (std::uint64_t{shift} << halves) + (ns >> shift);
        return static_cast<std::size_t>(std::min<std::uint64_t>(place, places - 1));
    }
    static constexpr std::int64_t greatest_in(std::size_t place) {
        constexpr std::size_t exact = std::size_t{1} << (halves + 1);
        if (place < exact) return static_cast<std::int64_t>(place);
        const std::size_t shift = (place >> halves) - 1;
        const std::size_t first = (place & ((std::size_t{1} << halves) - 1)) + (std::size_t{1} << halves);
        return static_cast<std::int64_t>(((first + 1) << shift) - 1);
    }

  private:
    std::array<std::uint64_t, places> numbers_{};
    std::int64_t greatest_ns_ = 0;
};

static_assert(latencies::place_of(63) == 63 && latencies::place_of(64) == 64 && latencies::place_of(65) == 64);
static_assert(latencies::greatest_in(63) == 63 && latencies::greatest_in(64) == 65);
static_assert(latencies::place_of(127) == 95 && latencies::greatest_in(95) == 127 && latencies::place_of(128) == 96);
static_assert(latencies::place_of(~std::uint64_t{0}) == latencies::places - 1);

} // namespace efd::bench
