// SPDX-License-Identifier: MIT
// conformance/framework/object_ids.hpp: whether the ids of ended objects are free again.
//
// Owns nothing. Ids are given out smallest first, so making objects until one has a larger id fills every gap below.
// Two things outside the claim can keep the id of a dead eventfd taken. Another program of the machine may have got it,
// so claims ask about several ids at once. And the kernel frees some references only after a grace period of its RCU,
// which can take half a minute on a busy machine unless a program asks for one. Used by the claim's thread. Invariant:
// no object made here is left.
#pragma once

#include "conformance/framework/claim.hpp"
#include "conformance/framework/sleeper.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

namespace efd::claims {

// More than other programs take in the moment in which a claim gives its ids back.
inline constexpr std::size_t enough_ids = 8;

// Whether a new object can have one of these ids now: it makes as many objects as it takes to pass them all.
inline bool any_is_free(trial& t, const std::vector<int>& ids) {
    const int largest_id = *std::max_element(ids.begin(), ids.end());
    std::vector<std::unique_ptr<object>> made;
    do {
        made.push_back(t.make());
        if (std::find(ids.begin(), ids.end(), made.back()->id()) != ids.end()) return true;
    } while (made.back()->id() < largest_id);
    return false;
}

// Sleeps until all present readers of the kernel's RCU are done. A kernel that refuses this says so at once.
inline void await_grace_period() {
    constexpr int membarrier_cmd_global = 1;
    ::syscall(SYS_membarrier, membarrier_cmd_global, 0, 0);
}

// The same, but waits for a kernel that drops its last reference a little later.
inline bool any_becomes_free(trial& t, const std::vector<int>& ids) {
    return wait_until([&] {
        await_grace_period();
        return any_is_free(t, ids);
    });
}

} // namespace efd::claims
