// SPDX-License-Identifier: MIT
// verify/stress/subjects.hpp: the handful of objects that all threads of a round share.
//
// Each stands somewhere else in the count's range. Owned by the round and alive until its threads have ended. What may
// be written so that a writer can be let go again is decided here, with what must hold of the count at any time.
#pragma once

#include "api/internal_access.hpp"
#include "linearize/dice.hpp"

#include <efd/detail/core/word.hpp>
#include <efd/efd.h>
#include <efd/eventfd.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace efd::stress {

using linearize::dice;

enum class kind : unsigned char { plain, semaphore, limit, bound, semaphore_bound, saturated };
inline constexpr std::size_t subjects_many = 6;
inline constexpr std::array<std::string_view, subjects_many> kind_names{"plain", "semaphore",       "limit",
                                                                        "bound", "semaphore_bound", "saturated"};

class subject {
  public:
    explicit subject(kind is);

    // From now on its descriptor is level, or has an edge for each write.
    void open_descriptor(doorbell way) { fd_ = object_.fd(way); }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    // Whether it says what poll says; at rest alone.
    [[nodiscard]] bool is_descriptor_true() const;

    [[nodiscard]] eventfd& object() noexcept { return object_; }
    [[nodiscard]] efd_t* c_object() noexcept {
        return reinterpret_cast<efd_t*>(efd::internal_access::context_of(object_));
    }
    [[nodiscard]] kind is() const noexcept { return is_; }
    [[nodiscard]] std::string_view name() const noexcept { return kind_names[static_cast<std::size_t>(is_)]; }
    [[nodiscard]] std::uint64_t initial() const noexcept { return initial_; }
    // Only where a signal cannot bring the count to the ceiling, or is meant to.
    [[nodiscard]] bool may_signal() const noexcept { return is_ != kind::bound && is_ != kind::semaphore_bound; }
    [[nodiscard]] bool saturates() const noexcept { return is_ == kind::saturated; }
    // No count and no value read may be above.
    [[nodiscard]] std::uint64_t most() const noexcept { return saturates() ? core::ceiling : core::ceiling - 1; }
    [[nodiscard]] std::uint64_t value(dice& d) const;

    // Whether a reader, or a writer of n, has no reason to sleep.
    [[nodiscard]] bool holds_for(bool writer, std::uint64_t n) const noexcept {
        const std::uint64_t count = object_.count();
        return writer ? core::admit_write(count, n) != core::admission::must_wait : count > 0;
    }

  private:
    kind is_;
    std::uint64_t initial_;
    eventfd object_;
    int fd_ = -1; // none
};

} // namespace efd::stress
