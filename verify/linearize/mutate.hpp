// SPDX-License-Identifier: MIT
// verify/linearize/mutate.hpp: changes to a recorded history that no order can explain.
//
// Each breaks conservation: what was written and read no longer comes to the count that the last look saw. So they are
// for histories in which nothing can saturate, in whatever order, and each of those must be rejected, every time: at
// the ceiling a signal is lost, and a changed record may be explained by losing one more. Pure but for the dice.
#pragma once

#include "linearize/dice.hpp"
#include "linearize/history.hpp"

#include <array>
#include <string_view>

namespace efd::linearize {

enum class mutation : unsigned char {
    read_one_more,
    write_one_more,
    read_dropped,
    write_dropped,
    read_denied,
    read_twice
};
inline constexpr std::array mutations{mutation::read_one_more, mutation::write_one_more, mutation::read_dropped,
                                      mutation::write_dropped, mutation::read_denied,    mutation::read_twice};

[[nodiscard]] std::string_view name_of(mutation m) noexcept;

// Whether all that was given, and the unit that a change may add, could bring the count to the ceiling.
[[nodiscard]] bool can_saturate(const history& h) noexcept;

// False: the history has no call that could be changed so.
[[nodiscard]] bool apply(mutation m, history& h, dice& d);

} // namespace efd::linearize
