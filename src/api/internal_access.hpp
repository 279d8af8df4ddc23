// SPDX-License-Identifier: MIT
// api/internal_access.hpp: from a user's handle to what stands behind it, for the library and its tests alone.
//
// Owns nothing. Not installed: what it reaches has no promise.
#pragma once

#include <efd/wait_set.hpp>

#include "watch/set_core.hpp"

namespace efd::EFD_ABI {

struct internal_access {
    // Null of a handle that was moved from.
    [[nodiscard]] static core::context* context_of(const eventfd& object) noexcept { return object.context_; }
    // A handle with the reference of the caller; null: a handle that means no object.
    [[nodiscard]] static eventfd adopt_object(core::context* object) noexcept {
        return eventfd(eventfd::adopt{}, object);
    }
    [[nodiscard]] static wait_set adopt_set(watch::set_core& made) noexcept {
        return wait_set(wait_set::adopt{}, &made);
    }
    // These two end the program of one that was moved from, in any build.
    [[nodiscard]] static core::context& object_of(const eventfd& object) noexcept {
        if (object.context_ == nullptr) base::stop_for_moved_from();
        return *object.context_;
    }
    [[nodiscard]] static watch::set_core& core_of(const wait_set& set) noexcept {
        if (set.front_ == nullptr) base::stop_for_moved_from();
        return static_cast<watch::set_core&>(*set.front_);
    }
};

} // namespace efd::EFD_ABI
