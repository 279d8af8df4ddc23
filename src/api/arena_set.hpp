// SPDX-License-Identifier: MIT
// api/arena_set.hpp: a set of an arena, for both borders: what the arena claims, and the set made of it.
#pragma once

#include <efd/detail/base/status.hpp>

#include "share/arena.hpp"
#include "watch/set_core.hpp"

namespace efd::api {

inline base::status make_set(share::arena& in, watch::set_core*& made) noexcept {
    core::set_claim claim;
    if (const base::status result = in.claim_set(claim); result != base::status::ok) return result;
    made = watch::set_core::create(claim);
    return made == nullptr ? base::status::no_memory : base::status::ok;
}

} // namespace efd::api
