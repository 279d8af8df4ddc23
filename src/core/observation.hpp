// SPDX-License-Identifier: MIT
// core/observation.hpp: whether this process is observed, and the memory that it writes for `efd ls` and `efd top`.
//
// Owns one memory file (core/observed.hpp), which is made by the first start() and stays mapped. A forked child gets a
// file of its own, with copies of the parent's rows; after a fork that runs no handlers of libc it is not observed.
// start and stop: any thread, not in signal handlers. current: any thread, also in signal handlers.
#pragma once

#include "core/observed.hpp"

namespace efd::EFD_ABI::core {

class observation {
  public:
    // 0, or a negated errno: EMFILE, ENFILE, ENOMEM, ENOSYS, EFBIG.
    static int start() noexcept;
    static void stop() noexcept;
    // Null: this process is not observed.
    [[nodiscard]] static observed_file* current() noexcept;

    // Takes a slot for a sleeper, and returns its index; `observed_sleepers`: no slot was free.
    [[nodiscard]] static std::uint32_t claim_sleeper(observed_file& file, std::uint32_t row, bool for_room) noexcept;
    // The row of an arena's object, found by the object's address; null: no row is free.
    [[nodiscard]] static observed_row* shared_row(observed_file& file, std::uint64_t object, bool& is_new) noexcept;
    static void after_fork_in_child() noexcept;
};

} // namespace efd::EFD_ABI::core
