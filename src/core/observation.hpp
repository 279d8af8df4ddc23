// SPDX-License-Identifier: MIT
// core/observation.hpp: whether this process is observed, and the memory that it writes for `efd ls` and `efd top`.
//
// Owns one file of memory (core/observed.hpp) from the first start on; it stays mapped. A forked child has memory of
// its own, with the parent's rows in it; after a fork without libc's handlers it is not observed. start and stop are
// for any thread, and for no signal handler; current is for both.
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

    // For a slot of a sleeper; `observed_sleepers`: none was free.
    [[nodiscard]] static std::uint32_t claim_sleeper(observed_file& file, std::uint32_t row, bool for_room) noexcept;
    // Of an object of an arena, by its address; null: no row is free.
    [[nodiscard]] static observed_row* shared_row(observed_file& file, std::uint64_t object, bool& is_new) noexcept;
    static void after_fork_in_child() noexcept;
};

} // namespace efd::EFD_ABI::core
