// SPDX-License-Identifier: MIT
// verify/linearize/checker.hpp: is there an order of a history's calls that the sequential object could have lived?
//
// The search of Wing and Gong over one cursor for each thread and the count: a call may come next if no other call that
// is still to come had ended before it began. States that were seen are kept whole, so no hash can collide. A call that
// may come next and whose answer means that it changes nothing comes next: taking it later cannot help. (A signal at
// the ceiling changes nothing there, but would elsewhere: it is no such call.) Iterative; memory is bounded by
// `most_states`, beyond which a history stays undecided, which is not a pass.
#pragma once

#include "linearize/history.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace efd::linearize {

struct state {
    std::uint64_t cursors = ~std::uint64_t{0}; // twelve bits for each thread
    std::uint64_t count = 0;
    bool operator==(const state&) const = default;
    [[nodiscard]] std::size_t cursor(std::size_t thread) const noexcept { return cursors >> 12 * thread & 0xFFF; }
    [[nodiscard]] state stepped(std::size_t thread, std::uint64_t then) const noexcept {
        return {cursors + (std::uint64_t{1} << 12 * thread), then};
    }
};

enum class verdict : unsigned char { linearizable, impossible, undecided };

struct finding {
    verdict is = verdict::undecided;
    std::uint64_t states = 0;
    // Of a history that has no order: the last state that every order passes, the call that none gets past, and the
    // counts that were possible when it had to take effect.
    state sure;
    std::size_t thread = 0;
    std::size_t index = 0;
    std::vector<std::uint64_t> counts;
};

[[nodiscard]] finding check(const history& h, std::size_t most_states = 4'000'000);

// The shortest stretch of the history that has no order, for a reader.
[[nodiscard]] std::string explain(const history& h, const finding& f);

} // namespace efd::linearize
