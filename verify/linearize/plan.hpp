// SPDX-License-Identifier: MIT
// verify/linearize/plan.hpp: which calls a recorded history is made of.
//
// A regime is a place in the count's range with the values that keep it there. A plan is one history to be recorded:
// how many threads and calls, and where the count begins; order() draws the calls one by one. Pure but for the dice.
#pragma once

#include "linearize/dice.hpp"
#include "linearize/history.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace efd::linearize {

// zero: a count near nothing. limit: near 2^27, where the word is sealed. bound: near 2^64-2, the most a write may
// bring. saturated: at 2^64-1, where only signals get.
enum class regime : unsigned char { zero, limit, bound, saturated };
inline constexpr std::array regimes{regime::zero, regime::limit, regime::bound, regime::saturated};

[[nodiscard]] std::string_view name_of(regime r) noexcept;
[[nodiscard]] std::optional<regime> regime_named(std::string_view name) noexcept;

struct plan {
    regime where = regime::zero;
    std::uint64_t seed = 0;
    std::uint64_t initial = 0;
    std::size_t threads = 2;
    std::size_t calls = 32; // of each thread
    bool semaphore = false;
    bool nonblock = false;
};
[[nodiscard]] plan draw_plan(regime where, std::uint64_t seed);

struct order {
    act what{};
    manner how{};
    std::uint64_t argument = 0;
    std::int64_t timeout_ns = 0; // of a timed call
    bool stopped_before = false; // of a cancellable call
};
[[nodiscard]] order draw_order(const plan& p, dice& d);

} // namespace efd::linearize
