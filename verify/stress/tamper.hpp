// SPDX-License-Identifier: MIT
// verify/stress/tamper.hpp: deliberate breakage, to show that the stress test notices.
//
// The program is linked so that the library's syscall(2) comes to tamper.cpp first (--wrap=syscall); without a breakage
// it passes every call on as it is. Set once, before the first thread.
#pragma once

#include <optional>
#include <string_view>

namespace efd::stress {

enum class breakage : unsigned char {
    none,
    lost_wake,    // one futex wake in sixteen is not made
    lost_unit,    // a read that no ledger has
    passed_bound, // signals where only writes should be: the count reaches 2^64-1
    lost_ring,    // a read of an object's descriptor, which is watched and never read
};

extern breakage broken;
[[nodiscard]] std::optional<breakage> breakage_named(std::string_view name) noexcept;

} // namespace efd::stress
