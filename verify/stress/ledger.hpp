// SPDX-License-Identifier: MIT
// verify/stress/ledger.hpp: how much each thread has written and read, to the unit.
//
// Sums are 128 bits wide: modulo 2^64 a count that wrapped would look conserved. A ledger belongs to one thread; the
// audit reads it while its thread is parked.
#pragma once

#include <cstdint>
#include <string>

namespace efd::stress {

struct wide {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    void add(std::uint64_t n) noexcept {
        low += n;
        high += low < n ? 1 : 0;
    }
    void add(const wide& other) noexcept {
        add(other.low);
        high += other.high;
    }
    auto operator<=>(const wide& other) const noexcept {
        return high != other.high ? high <=> other.high : low <=> other.low;
    }
    bool operator==(const wide&) const = default;
    [[nodiscard]] std::string text() const {
        return (high > 0 ? std::to_string(high) + "*2^64+" : std::string()) + std::to_string(low);
    }
};

struct ledger {
    wide written;
    wide taken;
};

} // namespace efd::stress
